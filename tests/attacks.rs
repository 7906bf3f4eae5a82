//! Hostile input, through the command: the right refusal, nothing outside, and the next build works.

mod machine;
mod mirror;
mod package;
mod release;
mod script;
