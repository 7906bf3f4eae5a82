//! The house rules that a reviewer would have to remember.

mod arrows;
mod commands;
mod doors;
mod sizes;
mod source;
mod words;

/// Fails with all offences at once, because fixing them one by one is tedious.
#[track_caller]
fn refuse(rule: &str, offences: Vec<String>) {
    assert!(offences.is_empty(), "{rule}:\n  {}", offences.join("\n  "));
}
