//! Every parser of outside bytes as a function that must return, whatever it is given.

#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod mutate;
mod parsers;

use std::panic::{self, AssertUnwindSafe};

use mutate::Mutator;

/// One parser and the inputs from which to start.
pub struct Target {
    /// What it is called.
    pub name: &'static str,
    /// Parses, and says whether it accepted; of changed inputs that does not matter.
    pub run: fn(&[u8]) -> bool,
    /// Good inputs, made by code.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All parsers.
pub fn targets() -> impl Iterator<Item = &'static Target> {
    parsers::all()
}

/// The parser of this name.
///
/// # Panics
///
/// If there is none.
pub fn target(name: &str) -> &'static Target {
    let known = || targets().map(|target| target.name).collect::<Vec<_>>().join(", ");
    let found = targets().find(|target| target.name == name);
    found.unwrap_or_else(|| panic!("no parser {name}; there are {}", known()))
}

/// Runs a parser over its seeds and so many changed forms of them, the same ones every time.
///
/// # Panics
///
/// If the parser does; the input is kept in a file that the message names.
pub fn smoke(target: &Target, iterations: usize) {
    let seeds = (target.seeds)();
    assert!(!seeds.is_empty(), "{} has no seeds", target.name);
    for seed in &seeds {
        assert!(run(target, seed), "{} does not accept its seed", target.name);
    }
    let mut mutator = Mutator::new(target.name, seeds);
    for _ in 0..iterations {
        run(target, &mutator.next_input());
    }
}

fn run(target: &Target, input: &[u8]) -> bool {
    panic::catch_unwind(AssertUnwindSafe(|| (target.run)(input))).unwrap_or_else(|cause| {
        let path = std::env::temp_dir().join(format!("osb-fuzz-{}", target.name));
        std::fs::write(&path, input).unwrap();
        eprintln!("{}: the input is kept in {}", target.name, path.display());
        panic::resume_unwind(cause)
    })
}
