//! Times `mke2fs -d` and this crate on a directory, in turn: `against_mke2fs DIRECTORY [ROUNDS]`.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::print_stdout)]

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use ext4::{Options, Plan, Size};
use tree::Tree;
use volume::Region;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().ok_or("usage: against_mke2fs DIRECTORY [ROUNDS]")?;
    let rounds: usize = arguments.next().map_or(Ok(5), |rounds| rounds.parse())?;
    let place = tempfile::tempdir()?;
    let tree = tree::directory::read(Path::new(&directory), None, &|_| None)?;
    let size = Plan::new(&tree, &options(Size::Smallest { free_bytes: 64 << 20 }))?.size_bytes();
    let inodes = (tree.len() + 1000).to_string();
    println!("{} nodes, {} MiB", tree.len(), size >> 20);
    let (mut peer, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        for name in ["peer", "ours"] {
            drop(std::fs::remove_file(place.path().join(name)));
        }
        let image = place.path().join("peer");
        peer.push(time(|| mke2fs(&directory, &image, size, &inodes))?);
        ours.push(time(|| build(&tree, &place.path().join("ours"), size))?);
    }
    let (peer, ours) = (median(peer), median(ours));
    let ratio = peer.as_secs_f64() / ours.as_secs_f64();
    println!("mke2fs -d {peer:.3?}, ext4 {ours:.3?}: 1/{ratio:.1}");
    let start = Instant::now();
    let nodes = ext4::read(&place.path().join("ours"), 0)?.len();
    println!("read back {nodes} nodes in {:.3?}", start.elapsed());
    Ok(())
}

fn time(work: impl FnOnce() -> Result<(), Box<dyn Error>>) -> Result<Duration, Box<dyn Error>> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn options(size: Size) -> Options {
    Options {
        uuid: [1; 16],
        hash_seed: [2; 16],
        time: 1_700_000_000,
        label: Vec::new(),
        journal: true,
        growable: true,
        size,
        reserved_percent: 5,
        threads: std::num::NonZeroUsize::MIN.saturating_add(1),
    }
}

fn mke2fs(directory: &str, image: &Path, size: u64, inodes: &str) -> Result<(), Box<dyn Error>> {
    let kibibytes = format!("{}k", size / 1024);
    let status = Command::new("mke2fs")
        .args(["-q", "-t", "ext4", "-b", "4096", "-N", inodes, "-d", directory])
        .arg(image)
        .arg(kibibytes)
        .status()?;
    if status.success() { Ok(()) } else { Err("mke2fs failed".into()) }
}

fn build(tree: &Tree, image: &Path, size: u64) -> Result<(), Box<dyn Error>> {
    let plan = Plan::new(tree, &options(Size::Exact(size)))?;
    let file = fs_err::File::create(image)?;
    file.set_len(plan.size_bytes())?;
    Ok(plan.write(&Region::new(&file, 0))?)
}
