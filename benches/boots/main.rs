//! Measures how long artifacts of every kind take to boot, in turn in one run, and beside peers.
//!
//! `cargo bench --bench boots -- [ROUNDS] [PART...]`: five rounds, or as many; only the parts that
//! are named of `kinds`, `initramfs` and `virtme`. Everything is emulated.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod artifacts;
mod compared;
mod initramfs;
mod machine;
#[path = "../peers/measure.rs"]
#[allow(dead_code)]
mod measure;
mod virtme;

use test_support::needs;

use self::artifacts::{Artifacts, KINDS};
use self::measure::Samples;

const DEFAULT_ROUNDS: usize = 5;

fn main() {
    vm_runner::dispatch();
    // Cargo adds --bench by itself.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let (numbers, parts): (Vec<&str>, Vec<&str>) =
        words.iter().map(String::as_str).partition(|word| word.parse::<usize>().is_ok());
    let rounds = numbers.first().and_then(|number| number.parse().ok()).unwrap_or(DEFAULT_ROUNDS);
    if !needs(&[("qemu-system-x86_64", "qemu-system-x86"), ("zstd", "zstd")]) {
        return;
    }
    let is_wanted = |part: &str| parts.is_empty() || parts.contains(&part);
    let artifacts = Artifacts::make();
    if is_wanted("kinds") {
        measure_kinds(&artifacts, rounds);
    }
    if is_wanted("initramfs") {
        initramfs::compare(&artifacts, rounds);
    }
    if is_wanted("virtme") {
        virtme::compare(&artifacts, rounds);
    }
}

/// Boots each kind in turn, and prints a table of them.
fn measure_kinds(artifacts: &Artifacts, rounds: usize) {
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
