//! Measures how osb packs a tree beside the tools that pack it usually, in turn in one run.
//!
//! `cargo bench --bench packers -- [RUNS] [WORD...]`: how often, and only rows that a word names.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod alone;
mod large;
#[path = "../peers/measure.rs"]
#[allow(dead_code)]
mod measure;
mod rows;
mod trees;

use std::fs;
use std::process::Command;

use test_support::needs;

use self::measure::{Samples, time, time_and_memory};
use self::rows::{ROWS, Row};
use self::trees::Trees;

const DEFAULT_RUNS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, rest @ ..] = arguments.as_slice()
        && first == "alone"
    {
        return alone::pack(rest);
    }
    let words = std::env::args().skip(1).filter(|word| word != "--bench");
    let (numbers, words): (Vec<_>, Vec<_>) = words.partition(|word| word.parse::<usize>().is_ok());
    let runs = numbers.first().and_then(|number| number.parse().ok()).unwrap_or(DEFAULT_RUNS);
    let is_asked_for =
        |row: &&Row| words.is_empty() || words.iter().any(|word| row.work.contains(word.as_str()));
    let rows: Vec<&Row> = ROWS.iter().filter(is_asked_for).filter(|row| needs(row.tools)).collect();
    let large: Vec<&Row> = large::ROWS.iter().filter(is_asked_for).collect();
    let wanted: Vec<&str> = rows.iter().chain(&large).map(|row| row.tree).collect();
    let Some(trees) = Trees::make(&wanted) else { return };
    let mut samples: Vec<[Samples; 2]> = rows.iter().map(|_| Default::default()).collect();
    let mut sizes = vec![[0; 2]; rows.len()];
    for run in 1..=runs {
        for (at, row) in rows.iter().enumerate() {
            for (side, script) in [row.peer, row.osb].into_iter().enumerate() {
                let seconds = time(&mut command(script, row, &trees));
                samples[at][side].add(seconds);
                sizes[at][side] = fs::metadata(trees.output()).unwrap().len();
                eprintln!(
                    "run {run} of {runs}: {} {}: {seconds:.3} s",
                    row.work,
                    ["peer", "osb"][side]
                );
                fs::remove_file(trees.output()).unwrap();
            }
        }
    }
    for ((row, samples), sizes) in rows.iter().zip(&samples).zip(&sizes) {
        println!("{}", row.text(samples, *sizes));
    }
    for row in &rows {
        let memory = time_and_memory(&mut command(row.osb, row, &trees));
        fs::remove_file(trees.output()).unwrap();
        let limit = large::LIMIT_BYTES >> 20;
        println!("peak memory, {}: {} MiB <= {limit} MiB", row.work, memory.together_bytes >> 20);
    }
    // Last, as the disk is busy with it for a while.
    if !large.is_empty() {
        trees.make_large();
    }
    large::measure(&large, &trees);
}

/// A script with everything in its environment that it is about.
fn command(script: &str, row: &Row, trees: &Trees) -> Command {
    // What an earlier run left to the disk must not slow down this one.
    assert!(Command::new("sync").status().unwrap().success());
    let mut command = Command::new("bash");
    command.args(["-euc", script]);
    command.env("OSB", env!("CARGO_BIN_EXE_osb"));
    command.env("ALONE", std::env::current_exe().unwrap());
    command.env("OSB_CACHE_DIR", trees.cache());
    command.env("TREE", trees.path(row.tree)).env("OUT", trees.output());
    command.env("WORK", trees.work());
    command
}
