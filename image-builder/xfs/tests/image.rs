//! An image in a temporary directory, and the tools that judge it.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::{demanding, needs};
use tree::{GuestPath, Tree};
use volume::Region;
use xfs::{Options, Plan, Size};

pub const MIB: u64 = 1 << 20;

pub struct Image {
    pub path: PathBuf,
    /// What it lies in, removed with it.
    _directory: tempfile::TempDir,
}

pub fn options(size: Size) -> Options {
    Options {
        uuid: *b"an example of id",
        time: 1_700_000_000,
        label: b"root".to_vec(),
        size,
        threads: NonZeroUsize::new(2).unwrap(),
    }
}

pub fn smallest() -> Options {
    options(Size::Smallest { free_bytes: 0 })
}

/// Whether xfsprogs can be asked.
#[must_use]
pub fn has_tools() -> bool {
    needs(&[("mkfs.xfs", "xfsprogs"), ("xfs_repair", "xfsprogs"), ("xfs_db", "xfsprogs")])
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
        let said = self.run("xfs_repair", &["-n", "-f"]);
        let is_usual = |line: &&str| {
            // It says so on any host where the image's own filesystem is no XFS.
            let is_about_host = ["Cannot get host", "Repair may fail", "the image and the"];
            !line.starts_with("Phase ")
                && !line.starts_with("        - ")
                && !line.starts_with("No modify flag set")
                && !is_about_host.iter().any(|start| line.starts_with(start))
        };
        let complaints: Vec<_> = said.lines().filter(is_usual).take(30).collect();
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }

    #[track_caller]
    pub fn run(&self, tool: &str, arguments: &[&str]) -> String {
        let output = Command::new(tool)
            .args(arguments)
            .arg(&self.path)
            .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
            .env("LC_ALL", "C")
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(output.status.success(), "{tool}: {said}");
        said
    }

    /// Mounts it to be written to, while `work` runs; none if this user may not mount.
    pub fn mounted<T>(&self, work: impl FnOnce(&Path) -> T) -> Option<T> {
        test_support::mounted_with(&self.path, "xfs", "rw", work)
    }
}

pub fn path(text: impl AsRef<[u8]>) -> GuestPath {
    GuestPath::new(text).unwrap()
}

/// The demanding tree without what the format cannot hold.
pub fn fitting(holes: &Path) -> Tree {
    let mut tree = demanding(holes);
    for name in REFUSED {
        tree.remove(&path(name)).unwrap();
    }
    tree
}

pub const REFUSED: [&str; 4] =
    ["links/symbolic-4000", "links/symbolic-4095", "devices/c-high", "devices/b-high"];
