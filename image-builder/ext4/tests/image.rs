//! An image in a temporary directory, and the tools that judge it.

use std::path::{Path, PathBuf};
use std::process::Command;

use ext4::{Options, Plan, Size};
use test_support::needs;
use tree::{GuestPath, Tree};
use volume::Region;

pub const MIB: u64 = 1 << 20;

pub struct Image {
    pub path: PathBuf,
    /// What it lies in, removed with it.
    _directory: tempfile::TempDir,
}

/// A filesystem that is written to after it is made.
pub fn options(size: Size) -> Options {
    Options {
        uuid: *b"an example of id",
        hash_seed: *b"a seed of hashes",
        time: 1_700_000_000,
        label: b"root".to_vec(),
        journal: true,
        growable: true,
        size,
        reserved_percent: 5,
        threads: std::num::NonZeroUsize::MIN.saturating_add(1),
    }
}

/// A filesystem that is only ever read.
pub fn sealed() -> Options {
    let size = Size::Smallest { free_bytes: 0 };
    Options { journal: false, growable: false, reserved_percent: 0, ..options(size) }
}

/// Whether e2fsprogs and the kernel can be asked.
#[must_use]
pub fn has_tools() -> bool {
    needs(&[
        ("e2fsck", "e2fsprogs"),
        ("dumpe2fs", "e2fsprogs"),
        ("debugfs", "e2fsprogs"),
        ("mke2fs", "e2fsprogs"),
        ("resize2fs", "e2fsprogs"),
    ])
}

impl Image {
    pub fn empty(size: u64) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("image");
        std::fs::File::create(&path).unwrap().set_len(size).unwrap();
        Self { path, _directory: directory }
    }

    pub fn of(tree: &Tree, options: &Options) -> Self {
        let plan = Plan::new(tree, options).unwrap();
        let image = Self::empty(plan.size_bytes());
        let file = fs_err::OpenOptions::new().write(true).open(&image.path).unwrap();
        plan.write(&Region::new(&file, 0)).unwrap();
        assert_eq!(file.metadata().unwrap().len(), plan.size_bytes());
        image
    }

    /// Fails the test unless nothing is wrong at all.
    #[track_caller]
    pub fn check(&self) {
        let (said, is_success) = self.tool("e2fsck", &["-fn"]);
        assert!(is_success, "{said}");
        // Some faults are mentioned and not counted.
        let complaints: Vec<_> = said
            .lines()
            .filter(|line| !line.starts_with("e2fsck ") && !line.starts_with("Pass "))
            .collect();
        assert_eq!(complaints.len(), 1, "{said}");
    }

    #[track_caller]
    pub fn run(&self, tool: &str, arguments: &[&str]) -> String {
        let (said, is_success) = self.tool(tool, arguments);
        assert!(is_success, "{tool}: {said}");
        said
    }

    /// What one request to debugfs answers.
    pub fn debug(&self, request: &str) -> String {
        self.run("debugfs", &["-R", request])
    }

    fn tool(&self, tool: &str, arguments: &[&str]) -> (String, bool) {
        let output = Command::new(tool)
            .args(arguments)
            .arg(&self.path)
            .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
            .env("LC_ALL", "C")
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (String::from_utf8_lossy(&said).into_owned(), output.status.success())
    }

    /// Mounts it to be written to, while `work` runs; none if this user may not mount.
    pub fn mounted<T>(&self, work: impl FnOnce(&Path) -> T) -> Option<T> {
        test_support::mounted_with(&self.path, "ext4", "rw", work)
    }
}

pub fn path(text: impl AsRef<[u8]>) -> GuestPath {
    GuestPath::new(text).unwrap()
}

/// The tree without what every filesystem has.
pub fn without_lost_and_found(mut tree: Tree) -> Tree {
    assert!(tree.remove(&path("lost+found")).is_some());
    tree
}
