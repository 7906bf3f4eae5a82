//! Measures writing an image beside `mkfs.erofs`, in turn in one run.
//!
//! `cargo bench -p erofs -- DIRECTORY [RUNS]`: both make images of the directory, ours with the walk
//! through it counted and with more threads than one if the machine has them.

#![allow(clippy::disallowed_methods, clippy::disallowed_types)]
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use erofs::{Algorithm, Compression, Options};
use volume::Region;

/// One pair to compare.
struct Row {
    name: &'static str,
    peer: &'static [&'static str],
    compression: Option<Compression>,
}

const ROWS: [Row; 3] = [
    Row { name: "uncompressed", peer: &[], compression: None },
    Row {
        name: "lz4, 64 KiB",
        peer: &["-zlz4", "-C65536"],
        compression: Some(Compression { algorithm: Algorithm::Lz4, cluster_bytes: 1 << 16 }),
    },
    Row {
        name: "lz4hc, 64 KiB",
        peer: &["-zlz4hc", "-C65536"],
        compression: Some(Compression { algorithm: Algorithm::Lz4hc(9), cluster_bytes: 1 << 16 }),
    },
];

fn main() {
    // Cargo adds --bench by itself.
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let Some(directory) = arguments.next().map(PathBuf::from) else {
        println!("usage: cargo bench -p erofs -- DIRECTORY [RUNS]");
        return;
    };
    let runs = arguments.next().map_or(7, |runs| runs.parse().unwrap());
    if !test_support::needs(&[("mkfs.erofs", "erofs-utils")]) {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let image = place.path().join("image");
    for row in ROWS {
        let (mut peer, mut ours, mut walk) = (Vec::new(), Vec::new(), Vec::new());
        let (mut peer_size, mut our_size) = (0, 0);
        for _ in 0..runs {
            peer.push(time(&image, || run_peer(&directory, &image, row.peer)));
            peer_size = fs_err::metadata(&image).unwrap().len();
            ours.push(time(&image, || walk.push(run_ours(&directory, &image, row.compression))));
            our_size = fs_err::metadata(&image).unwrap().len();
        }
        let (peer, ours, walk) = (median(peer), median(ours), median(walk));
        println!(
            "{:14} mkfs.erofs {peer:.3} s {peer_size:>10}  ours {ours:.3} s {our_size:>10} \
             (of it the walk {walk:.3} s)  ratio {:.2}, size {:.3}",
            row.name,
            ours / peer,
            our_size as f64 / peer_size as f64
        );
    }
}

fn time(image: &Path, work: impl FnOnce()) -> f64 {
    drop(fs_err::remove_file(image));
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn run_peer(directory: &Path, image: &Path, flags: &[&str]) {
    let mut command = Command::new("mkfs.erofs");
    let output = command.args(flags).arg("--quiet").arg(image).arg(directory).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Writes our image, and returns how many seconds the walk through the directory took.
fn run_ours(directory: &Path, image: &Path, compression: Option<Compression>) -> f64 {
    let start = Instant::now();
    let tree = tree::directory::read(directory, None, &|_| None).unwrap();
    let walk = start.elapsed().as_secs_f64();
    let options = Options {
        uuid: [1; 16],
        time: 1_700_000_000,
        volume_name: String::new(),
        compression,
        inline_tails: true,
        threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
    };
    let file = fs_err::File::create(image).unwrap();
    erofs::write(&tree, &options, &Region::new(&file, 0)).unwrap();
    walk
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
