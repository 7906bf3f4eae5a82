//! Measures this crate beside mksquashfs, in turn in one run, and prints the ratios.
//!
//! `cargo bench -p squashfs -- DIRECTORY [RUNS] [LEVEL...]`: the directory is packed, which both
//! walk themselves; the levels are those of zstd, by default the crate's own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use squashfs::{Compression, Options};
use test_support::needs;
use volume::Region;

const DEFAULT_RUNS: usize = 5;
const MEBIBYTE: f64 = 1_048_576.0;

/// Packs a directory into a file.
type Pack = dyn Fn(&Path, &Path);

/// What is measured.
struct Way {
    name: String,
    pack: Box<Pack>,
    seconds: Vec<f64>,
    bytes: u64,
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|word| word != "--bench");
    let Some(directory) = arguments.next().map(PathBuf::from) else {
        println!(
            "name a directory to pack: cargo bench -p squashfs -- DIRECTORY [RUNS] [LEVEL...]"
        );
        return;
    };
    if !needs(&[("mksquashfs", "squashfs-tools")]) {
        return;
    }
    let runs = arguments.next().map_or(DEFAULT_RUNS, |word| word.parse().unwrap());
    let mut compressions: Vec<_> =
        arguments.map(|word| Compression::Zstd(word.parse().unwrap())).collect();
    if compressions.is_empty() {
        compressions.push(Compression::default());
    }
    let mut ways = vec![Way::new("mksquashfs -comp zstd".to_owned(), with_mksquashfs)];
    for compression in compressions {
        let name = format!("squashfs {compression:?}");
        ways.push(Way::new(name, move |from, to| with_ours(from, to, compression)));
    }
    let place = tempfile::tempdir().unwrap();
    for run in 1..=runs {
        for way in &mut ways {
            way.measure(&directory, &place.path().join("image"));
            eprintln!("run {run} of {runs}: {} {:.3} s", way.name, way.seconds[run - 1]);
        }
    }
    let (peer_seconds, peer_bytes) = (ways[0].median(), ways[0].bytes as f64);
    for way in &ways {
        let (seconds, bytes) = (way.median(), way.bytes as f64);
        println!(
            "{:<24} {seconds:>7.3} s, ratio {:.3}; {:>7.1} MiB, ratio {:.3}",
            way.name,
            seconds / peer_seconds,
            bytes / MEBIBYTE,
            bytes / peer_bytes
        );
    }
}

impl Way {
    fn new(name: String, pack: impl Fn(&Path, &Path) + 'static) -> Self {
        Self { name, pack: Box::new(pack), seconds: Vec::new(), bytes: 0 }
    }

    fn measure(&mut self, from: &Path, to: &Path) {
        drop(std::fs::remove_file(to));
        let begun = Instant::now();
        (self.pack)(from, to);
        self.seconds.push(begun.elapsed().as_secs_f64());
        self.bytes = std::fs::metadata(to).unwrap().len();
    }

    fn median(&self) -> f64 {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    }
}

fn with_mksquashfs(from: &Path, to: &Path) {
    let mut command = Command::new("mksquashfs");
    command.arg(from).arg(to).args(["-comp", "zstd", "-no-progress", "-noappend", "-quiet"]);
    assert!(command.stdout(Stdio::null()).status().unwrap().success());
}

fn with_ours(from: &Path, to: &Path, compression: Compression) {
    let tree = tree::directory::read(from, None, &|_| None).unwrap();
    let file = fs_err::File::create(to).unwrap();
    let options = Options { compression, ..Options::new(1_700_000_000) };
    squashfs::write(&tree, &options, &Region::new(&file, 0)).unwrap();
}
