//! Artifacts in machines that really boot, by emulation, and what is found inside.

mod artifact;
mod attacks;
mod command;
mod endings;
mod foreign;
mod machine;
mod refusals;
mod roots;
mod shell;
mod systems;
mod ubuntu;
