//! Images that lie.
#![allow(clippy::unwrap_used)]

use std::io::Read;
use std::os::unix::fs::FileExt;

use fs_err::File;
use tree::{GuestPath, Kind, Meta, Node, Tree};
use volume::Region;

use crate::bytes::{get32, put32};
use crate::checksum::Checksum;
use crate::format::superblock::{SIZE, at, read_only_compatible};
use crate::{Options, Plan, Size, read};

const SUPERBLOCK_AT: u64 = 1024;
const ROUNDS: usize = 4000;

struct Image {
    bytes: Vec<u8>,
    file: tempfile::NamedTempFile,
}

impl Image {
    fn new() -> Self {
        let tree = small_tree();
        let options = Options {
            uuid: [7; 16],
            hash_seed: [8; 16],
            time: 1_700_000_000,
            label: Vec::new(),
            journal: false,
            growable: false,
            size: Size::Smallest { free_bytes: 0 },
            reserved_percent: 0,
            threads: std::num::NonZeroUsize::MIN.saturating_add(1),
        };
        let file = tempfile::NamedTempFile::new().unwrap();
        let plan = Plan::new(&tree, &options).unwrap();
        let output = File::create(file.path()).unwrap();
        output.set_len(plan.size_bytes()).unwrap();
        plan.write(&Region::new(&output, 0)).unwrap();
        Self { bytes: std::fs::read(file.path()).unwrap(), file }
    }

    /// Without checksums, a changed byte gets past the first door.
    fn without_checksums() -> Self {
        let mut image = Self::new();
        let superblock = &mut image.bytes[SUPERBLOCK_AT as usize..][..SIZE];
        let features = get32(superblock, at::READ_ONLY_COMPATIBLE);
        let without = features & !read_only_compatible::METADATA_CHECKSUMS;
        put32(superblock, at::READ_ONLY_COMPATIBLE, without);
        std::fs::write(image.file.path(), &image.bytes).unwrap();
        image
    }

    /// Reads the image with some bytes changed: everything in it if that is possible.
    fn read_changed(&self, changes: &[(u64, Vec<u8>)]) -> Result<(), crate::Error> {
        let file = std::fs::OpenOptions::new().write(true).open(self.file.path()).unwrap();
        for (place, bytes) in changes {
            file.write_all_at(bytes, *place).unwrap();
        }
        let result = read(self.file.path(), 0).map(|tree| read_contents(&tree));
        for (place, bytes) in changes {
            let place = *place as usize;
            file.write_all_at(&self.bytes[place..place + bytes.len()], place as u64).unwrap();
        }
        result
    }
}

fn small_tree() -> Tree {
    let mut tree = Tree::new();
    let mut put = |path: &str, kind| {
        let mut meta = Meta::default();
        meta.xattrs.insert((*b"user.name").into(), vec![b'v'; path.len() * 20].into());
        meta.xattrs.insert((*b"system.posix_acl_access").into(), test_support::acl());
        tree.insert(GuestPath::new(path).unwrap(), Node { meta, kind }).unwrap();
    };
    put("file", Kind::File(vec![1; 9000].into()));
    put("a/b/c/link", Kind::Symlink(vec![b't'; 100].into()));
    put("a/short", Kind::Symlink(vec![b't'; 10].into()));
    put("a/device", Kind::BlockDevice { major: 300, minor: 70_000 });
    put("a/name", Kind::HardLink(GuestPath::new("file").unwrap()));
    for number in 0..70 {
        put(&format!("many/{number:060}"), Kind::Fifo);
    }
    // More extents than an inode holds.
    put("comb", Kind::File(tree::Content::Made(std::sync::Arc::new(Comb))));
    tree
}

#[derive(Debug)]
struct Comb;

impl tree::Source for Comb {
    fn length(&self) -> u64 {
        20 * 8192
    }

    fn read_at(&self, _offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        buffer.fill(3);
        Ok(())
    }

    fn data_ranges(&self) -> std::io::Result<Vec<std::ops::Range<u64>>> {
        Ok((0..20).map(|number| number * 8192..number * 8192 + 4096).collect())
    }
}

fn read_contents(tree: &Tree) {
    for (_, node) in tree {
        let Kind::File(content) = &node.kind else { continue };
        let ranges = content.data_ranges();
        assert!(ranges.is_err() || ranges.is_ok_and(|ranges| ranges.is_sorted_by_key(|r| r.start)));
        if let Ok(reader) = content.open() {
            // How many there are is not what is tested here.
            drop(reader.take(1 << 20).read_to_end(&mut Vec::new()));
        }
    }
}

/// Numbers by xorshift.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % bound
    }

    fn change(&mut self, image: &Image) -> (u64, Vec<u8>) {
        let word = self.below(image.bytes.len() / 4) * 4;
        let old = get32(&image.bytes, word);
        let new = match self.below(6) {
            0 => old ^ 1 << self.below(32),
            1 => u32::MAX,
            2 => old.wrapping_add(1),
            3 => old.wrapping_sub(1),
            4 => self.below(image.bytes.len() / 4096 + 2) as u32,
            _ => self.below(1 << 32) as u32,
        };
        (word as u64, new.to_le_bytes().to_vec())
    }
}

#[test]
fn changed_images_are_read_or_refused() {
    let image = Image::without_checksums();
    image.read_changed(&[]).unwrap();
    let mut numbers = Numbers(0x5eed);
    // Most blocks hold what any value would be right for: metadata is where words are not zero.
    let mut refused = 0;
    for _ in 0..ROUNDS {
        let mut changes: Vec<_> = Vec::new();
        while changes.len() < 2 {
            let change = numbers.change(&image);
            if get32(&image.bytes, change.0 as usize) != 0 || numbers.below(50) == 0 {
                changes.push(change);
            }
        }
        refused += usize::from(image.read_changed(&changes).is_err());
    }
    assert!(refused > ROUNDS / 40 && refused < ROUNDS, "{refused}");
}

#[test]
fn changed_superblocks_are_read_or_refused() {
    let image = Image::without_checksums();
    for place in SUPERBLOCK_AT..SUPERBLOCK_AT + SIZE as u64 {
        for value in [0, 1, 0x7f, 0xff] {
            drop(image.read_changed(&[(place, vec![value])]));
        }
    }
}

#[test]
fn every_changed_byte_of_metadata_is_noticed() {
    let image = Image::new();
    let root = image.bytes.windows(8).position(|bytes| bytes == b"short\0\0\0").unwrap() as u64;
    let error = image.read_changed(&[(root, b"SHORT".to_vec())]).unwrap_err();
    assert!(error.to_string().ends_with("/a: the checksum of a block of it is wrong"), "{error}");
    let error = image.read_changed(&[(SUPERBLOCK_AT + 0x78, vec![b'x'])]).unwrap_err();
    assert!(error.to_string().ends_with("superblock: its checksum is wrong"), "{error}");
}

#[test]
fn a_truncated_image_is_refused() {
    let image = Image::new();
    for length in (0..image.bytes.len()).step_by(1999) {
        image.file.as_file().set_len(length as u64).unwrap();
        assert!(read(image.file.path(), 0).is_err(), "{length}");
    }
    assert!(read(image.file.path(), u64::MAX).is_err());
}

#[test]
fn a_journal_that_is_to_be_replayed_is_refused() {
    let image = Image::new();
    let mut superblock = image.bytes[SUPERBLOCK_AT as usize..][..SIZE].to_vec();
    let features = get32(&superblock, at::INCOMPATIBLE);
    put32(&mut superblock, at::INCOMPATIBLE, features | 4);
    let checksum = Checksum::new().with(&superblock[..at::CHECKSUM]).value();
    put32(&mut superblock, at::CHECKSUM, checksum);
    let error = image.read_changed(&[(SUPERBLOCK_AT, superblock)]).unwrap_err();
    assert!(error.to_string().contains("a journal that is to be replayed"), "{error}");
}
