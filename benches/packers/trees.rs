//! The trees that are packed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::{Mirror, noise};

/// A guest for Kata with a few packages more: about 216 MB.
pub const KATA: &str = "kata";

/// 55,000 entries, 459 MB; 15,000 of them in one directory.
pub const MANY: &str = "many";

const DIRECTORIES: u32 = 400;
const FILES: u32 = 99;
const FILES_OF_THE_LARGE: u32 = 15_000;
const FILE_BYTES: usize = 8430;

/// Where the trees and what is made of them are: one directory, so one disk, for all.
pub struct Trees {
    directory: tempfile::TempDir,
}

impl Trees {
    /// Makes the trees; none where no mirror is known.
    pub fn make(with_many: bool) -> Option<Self> {
        Mirror::of_this_machine()?;
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let trees = Self { directory };
        fs::create_dir(trees.work()).unwrap();
        let recipe = ["--release", "bookworm", "-p", "git", "-p", "iproute2"];
        let mut command = Command::new(env!("CARGO_BIN_EXE_osb"));
        command.args(["rootfs", "-q", "-o"]).arg(trees.path(KATA)).args(recipe);
        assert!(command.arg("--cache-dir").arg(trees.cache()).status().unwrap().success());
        if with_many {
            many(&trees.path(MANY));
        }
        Some(trees)
    }

    /// One of the trees.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Where results go.
    pub fn output(&self) -> PathBuf {
        self.path("output")
    }

    /// Where peers keep what they need.
    pub fn work(&self) -> PathBuf {
        self.path("work")
    }

    /// What osb has stored.
    pub fn cache(&self) -> PathBuf {
        self.path("cache")
    }
}

fn many(place: &Path) {
    for directory in 0..DIRECTORIES {
        fill(&place.join(format!("directory-{directory}")), directory * FILES, FILES);
    }
    fill(&place.join("large"), DIRECTORIES * FILES, FILES_OF_THE_LARGE);
}

fn fill(directory: &Path, first: u32, files: u32) {
    fs::create_dir_all(directory).unwrap();
    for number in first..first + files {
        fs::write(directory.join(format!("file-{number}")), noise(number, FILE_BYTES)).unwrap();
    }
}
