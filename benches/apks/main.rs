//! Measures how long the smallest system of the apk family takes, from a mirror on the loopback.
//!
//! `cargo bench --bench apks -- [ROUNDS]`: nine rounds, or as many. The packages are those of a real system.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]
#![allow(clippy::print_stdout, clippy::print_stderr)]

#[path = "../peers/measure.rs"]
#[allow(dead_code)]
mod measure;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::apk::{Key, RELEASE, RealSystem, Repository};
use test_support::{Archive, Server};

use self::measure::{Samples, time, time_and_memory};

const DEFAULT_ROUNDS: usize = 9;

/// What is measured: its name, what the store has before, and how many seconds it may take.
const ROWS: [(&str, Before, f64); 4] = [
    ("cold: plan, fetch, install, initrd", Before::Nothing, 1.0),
    ("packages in the store", Before::Packages, 0.2),
    ("another artifact of the same plan", Before::Tree, 0.2),
    ("nothing has changed", Before::Output, 0.05),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Packages,
    Tree,
    Output,
}

struct Place {
    directory: tempfile::TempDir,
    server: Server,
}

fn main() {
    let mut numbers = std::env::args().filter_map(|word| word.parse().ok());
    let rounds = numbers.next_back().unwrap_or(DEFAULT_ROUNDS);
    let Some(real) = RealSystem::get() else { return };
    let place = Place::make(&real);
    assert!(place.command().status().unwrap().success());
    let mut samples: Vec<Samples> = ROWS.iter().map(|_| Samples::default()).collect();
    for _ in 0..rounds {
        for (at, (_, before, _)) in ROWS.iter().enumerate() {
            place.prepare(*before);
            samples[at].add(time(&mut place.command()));
        }
    }
    println!("| row | osb | goal |\n| --- | ---: | ---: |");
    for ((name, _, goal), samples) in ROWS.iter().zip(&samples) {
        let (median, (least, most)) = (samples.median(), samples.range());
        let verdict = if median <= *goal { "yes" } else { "NO" };
        println!("| {name} | {median:.3} s ({least:.3} to {most:.3}) | {goal} s, {verdict} |");
    }
    place.prepare(Before::Nothing);
    let memory = time_and_memory(&mut place.command());
    println!("peak memory, cold: {} MiB", memory.together_bytes >> 20);
}

impl Place {
    fn make(real: &RealSystem) -> Self {
        let key = Key::new("bench@example.org-1");
        let packages = real.packages();
        let folder = |component: &str| format!("alpine/{RELEASE}/{component}");
        let main = Repository::new(&folder("main"), &key).packages(&packages).publish();
        let community = Repository::new(&folder("community"), &key).publish();
        // Beside the sources' target directory: on the disk, not in memory.
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        fs::write(directory.path().join(key.file_name()), key.public_pem()).unwrap();
        Self { directory, server: Server::new(Archive::of([main, community])) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_osb"));
        command.args(["initrd", "--distro", "alpine", "--profile", "base", "--quiet"]);
        command.args(["--release", RELEASE, "--arch", "x86_64", "--no-agent"]);
        command.arg("--mirror").arg(format!("{}/alpine", self.server.url()));
        command.arg("--keyring").arg(key_file(self.directory.path()));
        command.arg("--cache-dir").arg(self.path("cache")).arg("--output").arg(self.path("initrd"));
        command.stdout(std::process::Stdio::null());
        command
    }

    fn prepare(&self, before: Before) {
        let gone: &[&str] = match before {
            Before::Nothing => &["cache", "initrd"],
            Before::Packages => &["cache/trees", "initrd"],
            Before::Tree => &["initrd"],
            Before::Output => &[],
        };
        for name in gone {
            let path = self.path(name);
            // Before the first round there is nothing yet.
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
        assert!(Command::new("sync").status().unwrap().success());
    }
}

fn key_file(directory: &Path) -> PathBuf {
    let mut entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.find(|path| path.extension().is_some_and(|end| end == "pub")).unwrap()
}
