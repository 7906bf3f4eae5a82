//! Measures osb beside its peers, in turn in one run, and prints the table of ratios.
//!
//! `cargo bench --bench peers -- [RUNS] [WORD...]`: how often, and only ways that a word names.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod measure;
mod table;
mod ways;

use std::collections::BTreeMap;

use test_support::{Mirror, needs};

use self::measure::{Samples, processes_started, time, time_and_memory};
use self::table::ROWS;
use self::ways::{ALL, Way, Workplace};

const DEFAULT_RUNS: usize = 5;

fn main() {
    let (runs, words) = arguments();
    let Some(mirror) = Mirror::of_this_machine() else { return };
    let workplace = Workplace::new(mirror);
    let is_asked_for = |way: &Way| {
        let name = format!("{way:?}").to_lowercase();
        words.is_empty() || words.iter().any(|word| name.contains(&word.to_lowercase()))
    };
    let ways: Vec<Way> = ALL.into_iter().filter(is_asked_for).filter(|way| is_here(*way)).collect();
    let mut samples: BTreeMap<Way, Samples> = BTreeMap::new();
    for run in 1..=runs {
        for way in &ways {
            let repetitions = if way.is_instant() { 10 } else { 1 };
            for _ in 0..repetitions {
                workplace.prepare(*way);
                let seconds = time(&mut workplace.command(*way));
                eprintln!("run {run} of {runs}: {way:?} {seconds:.3} s");
                samples.entry(*way).or_default().add(seconds);
            }
        }
    }
    for line in ROWS.iter().filter_map(|row| row.text(&samples)) {
        println!("{line}");
    }
    for way in ways.iter().filter(|way| way.is_osb() && !way.is_instant()) {
        workplace.prepare(*way);
        let memory = time_and_memory(&mut workplace.command(*way));
        println!("{}", table::memory_line(*way, &memory));
    }
    for way in ways.iter().filter(|way| way.is_rebuild()) {
        workplace.prepare(*way);
        let started = processes_started(&workplace.command(*way));
        println!("{}", table::processes_line(*way, started));
    }
}

fn arguments() -> (usize, Vec<String>) {
    // Cargo adds --bench by itself.
    let words = std::env::args().skip(1).filter(|word| word != "--bench");
    let (numbers, words): (Vec<_>, Vec<_>) = words.partition(|word| word.parse::<usize>().is_ok());
    let runs = numbers.first().and_then(|number| number.parse().ok());
    (runs.unwrap_or(DEFAULT_RUNS).max(1), words)
}

fn is_here(way: Way) -> bool {
    way.tool().is_none_or(|tool| needs(&[tool]))
}
