//! Whole images, read back by programs that we did not write.
#![allow(clippy::unwrap_used, clippy::panic)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;

use fs_err::File;
use image_builder::filesystem::{Basics, Filesystem};
use image_builder::identity::Identity;
use image_builder::image::{Made, Options, write};
use image_builder::layout::{MIB, Table};
use image_builder::verity::hexadecimal;
use test_support::{assert_same, mounted, needs, noise, read_directory};
use tree::{Content, GuestPath, Kind, Meta, Node, Timestamp, Tree};

const EXT4: Filesystem = Filesystem::Ext4 { journal: true, free_bytes: 10 << 20 };
const EXT4_SEALED: Filesystem = Filesystem::Ext4 { journal: false, free_bytes: 0 };
const EROFS: Filesystem = Filesystem::Erofs { compression: None };
const EROFS_LZ4: Filesystem = Filesystem::Erofs {
    compression: Some(erofs::Compression {
        algorithm: erofs::Algorithm::Lz4,
        cluster_bytes: 65_536,
    }),
};
const SQUASHFS: Filesystem = Filesystem::Squashfs { compression: squashfs::Compression::Zstd(5) };
const XFS: Filesystem = Filesystem::Xfs { free_bytes: 0 };
const ALL: [Filesystem; 6] = [EXT4, EXT4_SEALED, EROFS, EROFS_LZ4, SQUASHFS, XFS];

const TABLES: [Table; 4] =
    [Table::Mbr { dax: true }, Table::Mbr { dax: false }, Table::Gpt, Table::None];

fn tree() -> Tree {
    let mut tree = Tree::new();
    let mtime = Timestamp::from_seconds(1_700_000_000);
    let mut put = |path: &str, mode: u16, kind: Kind| {
        let meta = Meta { mode, uid: 3, gid: 70_000, mtime, ..Meta::default() };
        tree.insert(GuestPath::new(path).unwrap(), Node { meta, kind }).unwrap();
    };
    for number in 0..300_u32 {
        let bytes = noise(number, number as usize * 97);
        put(&format!("data/{number}"), 0o640, Kind::File(Content::from(bytes)));
    }
    put("text", 0o644, Kind::File(Content::from("a line of text\n".repeat(100_000).into_bytes())));
    put("link", 0o777, Kind::Symlink(b"text".as_slice().into()));
    put("again", 0o644, Kind::HardLink(GuestPath::new("text").unwrap()));
    tree
}

fn options(filesystem: Filesystem, table: Table, is_measured: bool) -> Options {
    let identity = Identity::new([9; 32]);
    Options {
        filesystem,
        table,
        salt: is_measured.then(|| identity.bytes("salt").to_vec()),
        align_bytes: MIB,
        size_bytes: None,
        machine: "x86_64".to_owned(),
        basics: Basics { identity, time: 1_700_000_000, threads: NonZeroUsize::new(2).unwrap() },
    }
}

fn made(options: &Options, path: &Path) -> Made {
    let file = File::from_parts(
        std::fs::File::options().read(true).write(true).create_new(true).open(path).unwrap(),
        path,
    );
    write(&tree(), options, &file, None).unwrap()
}

/// Each combination of filesystem and table, measured or not, in a file.
fn each(mut check: impl FnMut(&Options, &Made, &Path)) {
    for filesystem in ALL {
        for table in TABLES {
            for is_measured in [false, true] {
                let place = tempfile::tempdir().unwrap();
                let path = place.path().join("image");
                let options = options(filesystem, table, is_measured);
                let made = made(&options, &path);
                assert_eq!(path.metadata().unwrap().len(), made.layout.size_bytes);
                check(&options, &made, &path);
            }
        }
    }
}

fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = [&output.stdout[..], &output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{command:?}\n{said}");
    said
}

#[test]
fn the_kernel_mounts_every_filesystem_at_the_place_that_the_layout_says() {
    let tree = tree();
    each(|options, made, path| {
        let start = made.layout.filesystem.start;
        mounted(path, options.filesystem.name(), start, |directory| {
            let mut found = read_directory(directory);
            found.remove(&GuestPath::new("lost+found").unwrap());
            assert_same(&tree, &found);
        });
    });
}

#[test]
fn sfdisk_sees_the_partitions_that_the_layout_says() {
    if !needs(&[("sfdisk", "fdisk")]) {
        return;
    }
    each(|_, made, path| {
        if made.layout.table == Table::None {
            return;
        }
        let dump = said(Command::new("sfdisk").arg("--dump").arg(path));
        let partitions = [Some(made.layout.filesystem), made.layout.hashes];
        for extent in partitions.into_iter().flatten() {
            let (start, size) = (extent.start / 512, extent.length / 512);
            assert!(dump.contains(&format!("start={start:>12}, size={size:>12}")), "{dump}");
        }
        said(Command::new("sfdisk").arg("--verify").arg(path));
    });
}

#[test]
fn veritysetup_verifies_every_measured_image_and_no_changed_one() {
    if !needs(&[("veritysetup", "cryptsetup-bin")]) {
        return;
    }
    each(|_, made, path| {
        let (Some(verity), Some(hashes)) = (&made.verity, made.layout.hashes) else { return };
        let place = path.parent().unwrap();
        let bytes = std::fs::read(path).unwrap();
        let start = usize::try_from(made.layout.filesystem.start).unwrap();
        let split = usize::try_from(hashes.start).unwrap();
        let (data, tree) = (place.join("data"), place.join("tree"));
        std::fs::write(&tree, &bytes[split..]).unwrap();
        let mut verify = Command::new("veritysetup");
        verify.arg("verify").arg(&data).arg(&tree).arg(hexadecimal(&verity.root_hash));
        if !verity.has_superblock {
            verify.args(["--no-superblock", "--salt", &hexadecimal(&verity.salt)]);
            verify.arg(format!("--data-blocks={}", verity.data_blocks));
        }
        std::fs::write(&data, &bytes[start..split]).unwrap();
        said(&mut verify);
        let mut changed = bytes[start..split].to_vec();
        changed[5000] ^= 1;
        std::fs::write(&data, changed).unwrap();
        assert!(!verify.output().unwrap().status.success());
    });
}

#[test]
fn images_are_the_same_whatever_the_number_of_threads() {
    for filesystem in ALL {
        let place = tempfile::tempdir().unwrap();
        let bytes = |threads: usize| {
            let path = place.path().join(threads.to_string());
            let mut options = options(filesystem, Table::Gpt, true);
            options.basics.threads = NonZeroUsize::new(threads).unwrap();
            made(&options, &path);
            std::fs::read(path).unwrap()
        };
        assert!(bytes(1) == bytes(5), "{filesystem:?}");
    }
}

#[test]
fn a_size_that_is_too_small_is_refused() {
    let place = tempfile::tempdir().unwrap();
    for (number, filesystem) in ALL.into_iter().enumerate() {
        let path = place.path().join(number.to_string());
        let mut options = options(filesystem, Table::Gpt, false);
        options.size_bytes = Some(3 * MIB);
        let file = File::from_parts(
            std::fs::File::options().read(true).write(true).create_new(true).open(&path).unwrap(),
            &path,
        );
        let error = write(&tree(), &options, &file, None).unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("an image of 3 MiB is too small: it takes"), "{cause}");
    }
}
