//! A short run of every parser, the same every time.

#![allow(clippy::disallowed_methods)]

use std::thread;

/// How many changed inputs each parser gets; more with `FUZZ_ITERATIONS=100000`.
fn iterations() -> usize {
    let asked = std::env::var("FUZZ_ITERATIONS").ok();
    asked.map_or(2000, |text| text.parse().expect("a number"))
}

#[test]
fn parsers_survive_changed_inputs() {
    thread::scope(|scope| {
        for target in fuzz::targets() {
            scope.spawn(|| fuzz::smoke(target, iterations()));
        }
    });
}
