//! Measures how long artifacts of every kind take to boot, in turn in one run.
//!
//! `cargo bench --bench boots -- [ROUNDS]`: five rounds, or as many. Everything is emulated.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod artifacts;
#[path = "../peers/measure.rs"]
#[allow(dead_code)]
mod measure;

use test_support::needs;

use self::artifacts::{Artifacts, KINDS};
use self::measure::Samples;

const DEFAULT_ROUNDS: usize = 5;

fn main() {
    let mut numbers = std::env::args().filter_map(|word| word.parse().ok());
    let rounds = numbers.next_back().unwrap_or(DEFAULT_ROUNDS);
    if !needs(&[("qemu-system-x86_64", "qemu-system-x86"), ("zstd", "zstd")]) {
        return;
    }
    let artifacts = Artifacts::make();
    let mut agents: Vec<Samples> = KINDS.iter().map(|_| Samples::default()).collect();
    let mut walls: Vec<Samples> = KINDS.iter().map(|_| Samples::default()).collect();
    let mut memory = vec![0; KINDS.len()];
    for round in 1..=rounds {
        for (at, kind) in KINDS.iter().enumerate() {
            let told = artifacts.test(kind);
            memory[at] = told.memory_bytes;
            agents[at].add(told.agent_seconds);
            let wall = artifacts.run_true(kind);
            walls[at].add(wall);
            eprintln!("round {round} of {rounds}: {} {wall:.2} s", kind.name);
        }
    }
    println!("| artifact | agent, guest's clock | `osb run -- true` | size | zstd | memory |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for (at, kind) in KINDS.iter().enumerate() {
        let (size, packed) = artifacts.sizes(kind);
        let (agent, wall) = (text(&agents[at]), text(&walls[at]));
        let [size, packed, memory] = [size, packed, memory[at]].map(|bytes| bytes as f64 / 1e6);
        let sizes = format!("{size:.1} MB | {packed:.1} MB | {memory:.1} MB");
        println!("| {} | {agent} | {wall} | {sizes} |", kind.name);
    }
}

/// The median, and the range.
fn text(samples: &Samples) -> String {
    let (least, most) = samples.range();
    format!("{:.2} s ({least:.2} to {most:.2})", samples.median())
}
