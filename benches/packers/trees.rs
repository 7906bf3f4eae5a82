//! The trees that are packed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::{Mirror, noise};

/// A guest for Kata with a few packages more: about 216 MB.
pub const KATA: &str = "kata";

/// 55,000 entries, 459 MB; 15,000 of them in one directory.
pub const MANY: &str = "many";

/// 6 GB: one file of 1 GB, 3,000 of 1 MB, and 100,000 of 20 KB.
pub const LARGE: &str = "large";

const DIRECTORIES: u32 = 400;
const FILES: u32 = 99;
const FILES_OF_THE_LARGE: u32 = 15_000;
const FILE_BYTES: usize = 8430;

/// Where the trees and what is made of them are: one directory, so one disk, for all.
pub struct Trees {
    directory: tempfile::TempDir,
}

impl Trees {
    /// Makes the trees of these names but the large one; none where one of them wants a mirror and
    /// none is known.
    pub fn make(names: &[&str]) -> Option<Self> {
        let with_kata = names.contains(&KATA);
        if with_kata {
            Mirror::of_this_machine()?;
        }
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let trees = Self { directory };
        fs::create_dir(trees.work()).unwrap();
        if with_kata {
            trees.kata();
        }
        if names.contains(&MANY) {
            many(&trees.path(MANY));
        }
        Some(trees)
    }

    /// Makes the large tree.
    pub fn make_large(&self) {
        large(&self.path(LARGE));
    }

    fn kata(&self) {
        let recipe = ["--release", "bookworm", "-p", "git", "-p", "iproute2"];
        let mut command = Command::new(env!("CARGO_BIN_EXE_osb"));
        command.args(["rootfs", "-q", "-o"]).arg(self.path(KATA)).args(recipe);
        assert!(command.arg("--cache-dir").arg(self.cache()).status().unwrap().success());
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
        fill(&place.join(format!("directory-{directory}")), directory * FILES, FILES, FILE_BYTES);
    }
    fill(&place.join("large"), DIRECTORIES * FILES, FILES_OF_THE_LARGE, FILE_BYTES);
}

fn large(place: &Path) {
    fill(&place.join("one"), 0, 1, 1_000_000_000);
    fill(&place.join("some"), 1, 3000, 1_000_000);
    for directory in 0..100 {
        fill(&place.join(format!("many/{directory}")), 10_000 + directory * 1000, 1000, 20_000);
    }
    // The command packs what can boot, and an initrd nothing else.
    fs::create_dir(place.join("sbin")).unwrap();
    fs::copy("/bin/true", place.join("sbin/init")).unwrap();
}

/// Files of bytes that no compressor shrinks.
fn fill(directory: &Path, first: u32, files: u32, bytes: usize) {
    fs::create_dir_all(directory).unwrap();
    for number in first..first + files {
        fs::write(directory.join(format!("file-{number}")), noise(number, bytes)).unwrap();
    }
}
