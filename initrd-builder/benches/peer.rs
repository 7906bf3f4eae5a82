//! Packs one directory as an initrd, in turn with the pipeline that this replaces.
//!
//! `cargo bench -p initrd-builder --bench peer -- DIRECTORY [ROUNDS] [COMPRESSION:LEVEL...]`
//! measures all compressions as they are by default, or only the named ones.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

use std::fs::File;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use initrd_builder::{Archive, Compression, Compressor, Options};
use tree::cpio::Xattrs;

/// One way to make an initrd, and the times that it took.
struct Way {
    name: String,
    compressor: Option<Compressor>,
    times: Vec<Duration>,
    bytes: u64,
}

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let Some(directory) = arguments.first() else {
        eprintln!("name a directory to pack");
        return;
    };
    let rounds = arguments.get(1).map_or(3, |rounds| rounds.parse().unwrap());
    let output = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let output = output.path().join("initrd");
    let mut ways = ways(arguments.get(2..).unwrap_or_default());
    for _ in 0..rounds {
        for way in &mut ways {
            let start = Instant::now();
            match way.compressor {
                Some(compressor) => pack(Path::new(directory), compressor, &output),
                None => pipeline(Path::new(directory), &output),
            }
            way.times.push(start.elapsed());
            way.bytes = std::fs::metadata(&output).unwrap().len();
        }
    }
    report(&mut ways);
}

fn ways(named: &[String]) -> Vec<Way> {
    let way = |name: String, compressor| Way { name, compressor, times: Vec::new(), bytes: 0 };
    let mut ways = vec![way("find \\| cpio \\| gzip -9".into(), None)];
    for name in named {
        let (word, level) = name.split_once(':').unwrap();
        let compression = Compression::ALL.into_iter().find(|other| other.name() == word);
        let compressor = Compressor::new(compression.unwrap(), Some(level.parse().unwrap()));
        ways.push(way(name.clone(), Some(compressor.unwrap())));
    }
    for compression in Compression::ALL.into_iter().filter(|_| named.is_empty()) {
        ways.push(way(compression.to_string(), Some(compression.into())));
    }
    ways
}

fn pipeline(directory: &Path, output: &Path) {
    let mut shell = Command::new("sh");
    let script = "find . | cpio --quiet -o -H newc | gzip -9";
    let shell = shell.args(["-c", script]).current_dir(directory);
    assert!(shell.stdout(File::create(output).unwrap()).status().unwrap().success());
}

/// Reads the directory as well, as the pipeline does.
fn pack(directory: &Path, compressor: Compressor, output: &Path) {
    let tree = tree::directory::read(directory, None, &|_| None).unwrap();
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let options = Options { threads, xattrs: Xattrs::LeaveOut };
    let archive = Archive { tree: &tree, compressor };
    initrd_builder::write(&[archive], &options, &mut File::create(output).unwrap()).unwrap();
}

fn report(ways: &mut [Way]) {
    for way in ways.iter_mut() {
        way.times.sort();
    }
    let median = |way: &Way| way.times[way.times.len() / 2].as_secs_f64();
    let (peer, peer_bytes) = (median(&ways[0]), ways[0].bytes);
    println!("| way | median | bytes | time of the peer's | size of the peer's |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for way in ways.iter() {
        let seconds = median(way);
        let size = way.bytes as f64 / peer_bytes as f64;
        let time = format!("1/{:.1}", peer / seconds);
        println!("| {} | {seconds:.2} s | {} | {time} | {size:.3} |", way.name, way.bytes);
    }
}
