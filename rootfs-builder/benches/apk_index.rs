//! Measures reading an index of apk and choosing from it.
//!
//! `cargo bench -p rootfs-builder --bench apk_index -- [PACKAGES] [RUNS]`: the index is made up in the
//! shape of a whole distribution's, with split packages, shared libraries, commands and conditions.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::fmt::Write;
use std::time::{Duration, Instant};

use rootfs_builder::family::apk::index::{Index, Universe};
use rootfs_builder::family::apk::select::{Request, select};

/// What each software package is split into.
const PARTS: [&str; 5] = ["", "-libs", "-doc", "-dev", "-openrc"];

fn main() {
    // Cargo adds --bench by itself.
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let packages = arguments.next().map_or(20_000, |count| count.parse().unwrap());
    let runs = arguments.next().map_or(11, |runs| runs.parse().unwrap());
    let text = index(packages);
    println!("{packages} packages, {:.1} MB of text", text.len() as f64 / 1e6);
    let requests: [(&str, &[&str]); 4] = [
        ("one package", &["p7"]),
        ("fifteen packages", &FIFTEEN),
        ("with all documentation", &["p2900", "p3100", "p3500", "docs"]),
        ("a request that cannot be met", &["p2900", "!p2900-libs"]),
    ];
    for (name, words) in requests {
        let packages = words.iter().map(|word| (*word).to_owned()).collect();
        let request = Request { packages };
        let (mut reading, mut all, mut outcome) = (Vec::new(), Vec::new(), String::new());
        for _ in 0..runs {
            let bytes = text.clone().into_bytes();
            let start = Instant::now();
            let index = Index { label: "bench".to_owned(), tag: None, bytes };
            let universe = Universe::read("x86_64", vec![index]).unwrap();
            reading.push(start.elapsed());
            outcome = match select(&universe, &request) {
                Ok(selection) => format!("{} packages chosen", selection.packages.len()),
                Err(error) => error.to_string(),
            };
            all.push(start.elapsed());
        }
        let (reading, all) = (median(reading), median(all));
        println!("{name}: reading {reading:.1?}, with choosing {all:.1?}: {outcome}");
    }
}

const FIFTEEN: [&str; 15] = [
    "p3", "p30", "p300", "p3000", "p41", "p410", "p1410", "p52", "p520", "p1520", "p63", "p630",
    "p1630", "p74", "p740",
];

/// Makes up an index with so many packages, always the same.
fn index(packages: usize) -> String {
    let mut text = String::new();
    let mut random = Random(7);
    add(&mut text, "docs", "0.2-r0", &[]);
    let softwares = packages.saturating_sub(1).div_ceil(PARTS.len());
    let mut left = packages.saturating_sub(1);
    for software in 0..softwares {
        let version = format!(
            "{}.{}.{}-r{}",
            1 + software % 9,
            random.below(30),
            random.below(9),
            random.below(5)
        );
        for part in PARTS.iter().take(left) {
            let lines = lines(software, part, &version, &mut random);
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            add(&mut text, &format!("p{software}{part}"), &version, &lines);
        }
        left = left.saturating_sub(PARTS.len());
    }
    text
}

fn lines(software: usize, part: &str, version: &str, random: &mut Random) -> Vec<String> {
    // What comes later in the list builds on what came before.
    let mut libraries = |count: usize| {
        let below = software.max(1).min(software / 3 + 40);
        let library = |_| format!("so:libp{}.so.1", random.below(below));
        let libraries: Vec<String> = (0..count).map(library).filter(|_| software > 0).collect();
        libraries.join(" ")
    };
    match part {
        "" => vec![
            format!("D:so:libp{software}.so.1 {}", libraries(1 + software % 5)),
            format!("p:cmd:p{software}={version} cmd:p{software}-config={version}"),
        ],
        "-libs" => vec![
            format!("D:{}", libraries(software % 4)),
            format!("p:so:libp{software}.so.1=1.{}", software % 7),
        ],
        "-dev" => vec![
            format!("D:p{software}={version} {}", libraries(1)),
            format!("p:pc:p{software}={version}"),
        ],
        "-doc" => vec![format!("i:docs p{software}={version}")],
        _ => vec![format!("i:openrc p{software}={version}")],
    }
}

fn add(text: &mut String, name: &str, version: &str, lines: &[&str]) {
    let number = text.len();
    let checksum = format!("{number:027}").replace('0', "A");
    let _ = writeln!(text, "C:Q1{checksum}=\nP:{name}\nV:{version}\nA:x86_64\nS:{number}\nI:4096");
    let _ = writeln!(text, "T:A package in the shape of real ones\nU:https://example.org/{name}");
    let _ = writeln!(text, "L:MIT\no:{name}\nm:Someone <someone@example.org>\nt:1700000000");
    let _ = writeln!(text, "c:0123456789abcdef0123456789abcdef01234567");
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
    text.push('\n');
}

/// Numbers that look random and are always the same.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
