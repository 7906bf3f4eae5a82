//! A test harness of one screen.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// A test by name.
pub type Test = (&'static str, fn());

/// Runs the tests whose names hold the first argument, as `cargo test` promises.
pub fn run(groups: &[&[Test]]) {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let is_wanted = |name: &str| filter.as_ref().is_none_or(|filter| name.contains(filter));
    let mut failures = Vec::new();
    for (name, test) in groups.iter().flat_map(|group| group.iter()) {
        if !is_wanted(name) {
            continue;
        }
        println!("test {name} ...");
        if catch_unwind(AssertUnwindSafe(test)).is_err() {
            failures.push(*name);
        }
    }
    if !failures.is_empty() {
        println!("FAILED: {failures:?}");
        std::process::exit(101);
    }
    println!("all passed");
}
