//! Artifacts of every form, changed in thousands of ways.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Read as _;
use std::num::NonZeroUsize;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use fs_err::File;
use image_builder::filesystem::{Basics, Filesystem};
use image_builder::identity::Identity;
use image_builder::image;
use image_builder::layout::{MIB, Table};
use image_builder::qcow2;
use initrd_builder::{Archive, Compression, Options};
use tree::cpio::Xattrs;
use tree::{Content, GuestPath, Kind, Meta, Node, Tree};

use super::Artifact;

const ROUNDS: usize = 500;
/// As much of each file as shows whether reading it goes wrong.
const READ_BYTES: u64 = 1 << 20;

fn small_tree() -> Tree {
    let mut tree = Tree::new();
    let mut put = |path: &str, kind: Kind| {
        let mut meta = Meta { mode: 0o755, ..Meta::default() };
        if !matches!(kind, Kind::Symlink(_)) {
            meta.xattrs.insert((*b"user.a").into(), (*b"value").into());
        }
        tree.insert_resolved(&GuestPath::new(path).unwrap(), Node { meta, kind }).unwrap();
    };
    put("d", Kind::Directory);
    for number in 0..20_u32 {
        let bytes = test_support::noise(number, 1 + number as usize * 700);
        put(&format!("d/{number}"), Kind::File(Content::from(bytes)));
    }
    put("text", Kind::File(Content::from(b"words and words ".repeat(3000))));
    put("init", Kind::Symlink((*b"d/1").into()));
    put(
        "var/lib/dpkg/status",
        Kind::File(Content::from(b"Package: a\nStatus: install ok installed\n".to_vec())),
    );
    put("var/lib/dpkg/info/a.list", Kind::File(Content::from(b"/d/1\n/text\n".to_vec())));
    tree
}

fn create(path: &Path) -> File {
    let mut options = fs_err::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(true).open(path).unwrap()
}

fn disk(path: &Path, filesystem: Filesystem, table: Table) {
    let options = image::Options {
        filesystem,
        table,
        salt: (table == Table::Gpt).then(|| vec![1; 32]),
        align_bytes: MIB,
        size_bytes: None,
        machine: "x86_64".to_owned(),
        basics: Basics {
            identity: Identity::new([9; 32]),
            time: 0,
            threads: NonZeroUsize::new(1).unwrap(),
        },
    };
    image::write(&small_tree(), &options, &create(path), None).unwrap();
}

/// Changes an artifact and looks into it, the same way at every run.
fn check(path: &Path) {
    use std::os::unix::ffi::OsStrExt as _;
    look(path).unwrap();
    let good = fs_err::read(path).unwrap();
    let seed = path.file_name().unwrap().as_bytes();
    let mut state = seed.iter().fold(1_u64, |state, byte| state * 31 + u64::from(*byte)) | 1;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    // Zeros decide little.
    let telling: Vec<usize> = (0..good.len()).filter(|place| good[*place] != 0).collect();
    let file = fs_err::OpenOptions::new().write(true).open(path).unwrap();
    for round in 0..ROUNDS {
        let places: Vec<usize> = (0..1 + next(4))
            .map(|_| match round % 3 {
                0 => next(good.len().min(4096)),
                1 => telling[next(telling.len())],
                _ => (telling[next(telling.len().min(600))] + next(4)).min(good.len() - 1),
            })
            .collect();
        for place in &places {
            let byte = [0, 0xff, 1 << next(8), next(256) as u8][next(4)];
            file.file().write_all_at(&[byte], *place as u64).unwrap();
        }
        drop(look(path));
        for place in &places {
            file.file().write_all_at(&good[*place..=*place], *place as u64).unwrap();
        }
    }
    for part in [1, 2, 3, 5, 7] {
        file.set_len(good.len() as u64 * part / 8).unwrap();
        drop(look(path));
    }
}

/// Does with an artifact all that the command does.
fn look(path: &Path) -> anyhow::Result<()> {
    let artifact = Artifact::open(path)?;
    let tree = artifact.tree(None)?;
    artifact.check_claims(tree.iter().map(|(_, node)| node))?;
    drop(rootfs_builder::family::installed(&tree)?);
    for (_, node) in &tree {
        if let Kind::File(content) = &node.kind {
            std::io::copy(&mut content.open()?.take(READ_BYTES), &mut std::io::sink())?;
        }
    }
    Ok(())
}

fn in_a_directory(test: impl FnOnce(&Path)) {
    let directory = tempfile::tempdir().unwrap();
    test(directory.path());
}

#[test]
fn changed_ext4_is_read_or_refused() {
    in_a_directory(|directory| {
        let path = directory.join("ext4");
        let filesystem = Filesystem::Ext4 { journal: false, free_bytes: 0 };
        disk(&path, filesystem, Table::Mbr { dax: true });
        check(&path);
    });
}

#[test]
fn changed_erofs_is_read_or_refused() {
    in_a_directory(|directory| {
        let path = directory.join("erofs");
        let algorithm = erofs::Algorithm::Lz4;
        let compression = Some(erofs::Compression { algorithm, cluster_bytes: 65_536 });
        disk(&path, Filesystem::Erofs { compression }, Table::Gpt);
        check(&path);
        disk(&path, Filesystem::Erofs { compression: None }, Table::None);
        check(&path);
    });
}

#[test]
fn changed_squashfs_is_read_or_refused() {
    in_a_directory(|directory| {
        let path = directory.join("squashfs");
        let compression = squashfs::Compression::Zstd(3);
        disk(&path, Filesystem::Squashfs { compression }, Table::Mbr { dax: false });
        check(&path);
    });
}

#[test]
fn changed_xfs_is_read_or_refused() {
    in_a_directory(|directory| {
        let path = directory.join("xfs");
        disk(&path, Filesystem::Xfs { free_bytes: 0 }, Table::Mbr { dax: false });
        check(&path);
    });
}

#[test]
fn changed_archives_are_read_or_refused() {
    in_a_directory(|directory| {
        let path = directory.join("tar");
        tree::tar::write(&small_tree(), &mut create(&path)).unwrap();
        check(&path);
        for compression in Compression::ALL {
            let path = directory.join(compression.name());
            let archives = [Archive { tree: &small_tree(), compressor: compression.into() }];
            let threads = NonZeroUsize::new(1).unwrap();
            let options = Options { threads, xattrs: Xattrs::LeaveOut };
            initrd_builder::write(&archives, &options, &mut create(&path)).unwrap();
            check(&path);
        }
    });
}

#[test]
fn changed_qcow2_is_read_or_refused() {
    in_a_directory(|directory| {
        let (raw, path) = (directory.join("raw"), directory.join("qcow2"));
        disk(&raw, Filesystem::Erofs { compression: None }, Table::Gpt);
        let raw = File::open(raw).unwrap();
        let size = raw.metadata().unwrap().len();
        qcow2::write(&raw, size, &create(&path)).unwrap();
        check(&path);
    });
}
