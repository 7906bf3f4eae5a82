#![allow(clippy::unwrap_used)]

use std::num::NonZeroUsize;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Command;

use tree::Tree;

use super::*;
use crate::filesystem::{Basics, Filesystem};
use crate::gpt::{Role, role};
use crate::identity::Identity;
use crate::image::{self, Made, Options};
use crate::layout::{MIB, Table};

fn made(path: &Path, table: Table, is_measured: bool) -> Made {
    let file =
        std::fs::File::options().read(true).write(true).create(true).truncate(true).open(path);
    let file = file.unwrap();
    let identity = Identity::new([9; 32]);
    let options = Options {
        filesystem: Filesystem::Erofs { compression: None },
        table,
        salt: is_measured.then(|| vec![7; 32]),
        align_bytes: MIB,
        size_bytes: None,
        machine: "x86_64".to_owned(),
        basics: Basics { identity, time: 0, threads: NonZeroUsize::new(1).unwrap() },
    };
    let file = File::from_parts(file, path);
    image::write(&Tree::new(), &options, &file, None).unwrap()
}

fn check(table: Table, is_measured: bool) {
    let place = tempfile::NamedTempFile::new().unwrap();
    let made = made(place.path(), table, is_measured);
    let disk = read(&File::open(place.path()).unwrap()).unwrap();
    let expected: Vec<_> = [made.layout.filesystem].into_iter().chain(made.layout.hashes).collect();
    let found: Vec<_> = disk.partitions.iter().map(|partition| partition.extent).collect();
    match table {
        Table::None => assert_eq!(found, [Extent { start: 0, length: made.layout.size_bytes }]),
        Table::Gpt | Table::Mbr { .. } => assert_eq!(found, expected),
    }
    match table {
        Table::None => assert_eq!(disk.scheme, Scheme::None),
        Table::Mbr { .. } => assert!(matches!(disk.scheme, Scheme::Mbr { .. })),
        Table::Gpt => {
            assert!(matches!(disk.scheme, Scheme::Gpt { copy: TableCopy::First, .. }));
            let PartitionKind::Gpt(kind) = disk.partitions[0].kind else { panic!("{disk:?}") };
            assert_eq!(role(kind), Some(("x86_64", Role::Root)));
            assert_eq!(disk.partitions[0].name, "root");
        }
    }
    let dax = disk.dax.map(|dax| dax.is_whole && dax.agrees);
    assert_eq!(dax, (table == Table::Mbr { dax: true }).then_some(true));
    let verity = disk.verity.or(disk.partitions.last().unwrap().verity.clone());
    let expected = made.verity.filter(|verity| verity.has_superblock);
    assert_eq!(verity.as_ref().and_then(|found| found.root_hash), expected.map(|v| v.root_hash));
}

#[test]
fn every_layout_that_is_written_is_read() {
    for table in [Table::Mbr { dax: true }, Table::Mbr { dax: false }, Table::Gpt, Table::None] {
        check(table, false);
        check(table, true);
    }
}

#[test]
fn tables_of_others_are_read() {
    if !test_support::needs(&[("sfdisk", "fdisk")]) {
        return;
    }
    let place = tempfile::NamedTempFile::new().unwrap();
    place.as_file().set_len(64 * MIB).unwrap();
    for script in [
        "label: gpt\nsize=8MiB, type=U, name=\"EFI\"\nsize=16MiB, type=L\n",
        "label: dos\nsize=8MiB, type=ef, bootable\nsize=16MiB, type=83\n",
    ] {
        let command = format!("printf '{script}' | sfdisk -q {}", place.path().display());
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
        let disk = read(&File::open(place.path()).unwrap()).unwrap();
        let found: Vec<_> = disk.partitions.iter().map(|partition| partition.extent).collect();
        let extent = |start: u64, length: u64| Extent { start: start * MIB, length: length * MIB };
        assert_eq!(found, [extent(1, 8), extent(9, 16)]);
    }
}

#[test]
fn the_second_copy_of_a_table_stands_in_for_the_first() {
    let place = tempfile::NamedTempFile::new().unwrap();
    made(place.path(), Table::Gpt, false);
    let file = File::open(place.path()).unwrap();
    let whole = read(&file).unwrap();
    place.as_file().write_all_at(&[0xff; 8], 512 + 60).unwrap();
    let disk = read(&file).unwrap();
    assert!(matches!(disk.scheme, Scheme::Gpt { copy: TableCopy::Second, .. }));
    assert_eq!(disk.partitions, whole.partitions);
    place.as_file().set_len(2 * MIB).unwrap();
    assert!(matches!(read(&file), Err(PartitionsError::Gpt(_))));
}

#[test]
fn a_partition_that_the_file_does_not_hold_is_told() {
    let place = tempfile::NamedTempFile::new().unwrap();
    made(place.path(), Table::Mbr { dax: true }, false);
    place.as_file().set_len(3 * MIB + 4096).unwrap();
    let disk = read(&File::open(place.path()).unwrap()).unwrap();
    assert!(!disk.partitions[0].is_inside(disk.size_bytes));
}

#[test]
fn no_change_of_an_image_makes_it_panic() {
    let place = tempfile::NamedTempFile::new().unwrap();
    let mut state = 3_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state >> 33
    };
    for table in [Table::Mbr { dax: true }, Table::Gpt, Table::None] {
        made(place.path(), table, true);
        let good = std::fs::read(place.path()).unwrap();
        let file = File::open(place.path()).unwrap();
        for _ in 0..2000 {
            let mut changed = Vec::new();
            for _ in 0..3 {
                let at = match next() % 3 {
                    0 => next() % 2048,
                    1 => (4096 + next() % 4096) % good.len() as u64,
                    _ => good.len() as u64 - 1 - next() % 1024,
                };
                place.as_file().write_all_at(&[next() as u8], at).unwrap();
                changed.push(at);
            }
            if let Ok(disk) = read(&file) {
                for partition in &disk.partitions {
                    let _ = crate::recognise::recognise(&file, partition.extent.start);
                }
            }
            for at in changed {
                place.as_file().write_all_at(&[good[at as usize]], at).unwrap();
            }
        }
    }
}
