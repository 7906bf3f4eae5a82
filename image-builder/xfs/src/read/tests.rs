//! Images that lie.
#![allow(clippy::unwrap_used)]

use std::num::NonZeroUsize;
use std::os::unix::fs::FileExt;
use std::path::Path;

use fs_err::File;
use tree::{Content, GuestPath, Kind, Meta, Node, Tree};
use volume::Region;

use crate::bytes::{get32, get64, put, seal};
use crate::format::{BLOCK, INODES_PER_BLOCK, btree, directory, inode, superblock};
use crate::{Options, Plan, Size, read};

const ROUNDS: usize = 3000;

/// Blocks of metadata, with their places, and the file that holds them.
struct Image {
    blocks: Vec<(u64, Vec<u8>)>,
    file: tempfile::NamedTempFile,
}

impl Image {
    fn new() -> Self {
        let tree = small_tree();
        let options = Options {
            uuid: [7; 16],
            time: 1_700_000_000,
            label: Vec::new(),
            size: Size::Smallest { free_bytes: 0 },
            threads: NonZeroUsize::MIN,
        };
        let file = tempfile::NamedTempFile::new().unwrap();
        let plan = Plan::new(&tree, &options).unwrap();
        let output = File::create(file.path()).unwrap();
        output.set_len(plan.size_bytes()).unwrap();
        plan.write(&Region::new(&output, 0)).unwrap();
        let content = Content::Span {
            file: file.path().into(),
            offset: 0,
            length: plan.placement.geometry.group_blocks * BLOCK as u64,
        };
        let mut blocks = Vec::new();
        for range in content.data_ranges().unwrap() {
            for place in range.step_by(BLOCK) {
                let mut block = vec![0; BLOCK];
                file.as_file().read_exact_at(&mut block, place).unwrap();
                // What files hold is not looked at.
                if ![1, 3].contains(&block[0]) {
                    blocks.push((place, block));
                }
            }
        }
        Self { blocks, file }
    }

    /// Reads the image with one block changed: everything in it if that is possible.
    fn read_changed(&self, index: usize, changed: &[u8]) -> Result<(), crate::Error> {
        let (place, block) = &self.blocks[index];
        let file = std::fs::OpenOptions::new().write(true).open(self.file.path()).unwrap();
        file.write_all_at(changed, *place).unwrap();
        let result = read(self.file.path(), 0).map(|tree| read_contents(&tree));
        file.write_all_at(block, *place).unwrap();
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
    put("a/link", Kind::Symlink(vec![b't'; 400].into()));
    put("a/short", Kind::Symlink(vec![b't'; 10].into()));
    put("a/device", Kind::BlockDevice { major: 300, minor: 70_000 });
    put("a/name", Kind::HardLink(GuestPath::new("file").unwrap()));
    for number in 0..100 {
        let node = Node { meta: Meta::default(), kind: Kind::Fifo };
        tree.insert(GuestPath::new(format!("many/{number:060}")).unwrap(), node).unwrap();
    }
    let mut meta = Meta::default();
    meta.xattrs.insert((*b"user.large").into(), vec![b'v'; 9000].into());
    // More extents than an inode holds.
    let kind = Kind::File(tree::Content::Made(std::sync::Arc::new(Comb)));
    tree.insert(GuestPath::new("comb").unwrap(), Node { meta, kind }).unwrap();
    tree
}

#[derive(Debug)]
struct Comb;

impl tree::Source for Comb {
    fn length(&self) -> u64 {
        200 * 8192
    }

    fn read_at(&self, _offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        buffer.fill(3);
        Ok(())
    }

    fn data_ranges(&self) -> std::io::Result<Vec<std::ops::Range<u64>>> {
        Ok((0..200).map(|number| number * 8192..number * 8192 + 4096).collect())
    }

    fn is_stored_below(&self, _directory: &Path) -> bool {
        false
    }
}

fn read_contents(tree: &Tree) {
    for (_, node) in tree {
        if let Kind::File(content) = &node.kind
            && content.length() < 1 << 22
        {
            drop(content.read(1 << 22));
        }
    }
}

/// Makes all checksums of a changed block right, so that the change gets past the first door.
fn reseal(block: &mut [u8]) {
    let checksum_at = match &block[..4] {
        b"XFSB" => return reseal_part(&mut block[..512], superblock::CHECKSUM),
        b"XDB3" | b"XDD3" | b"XDF3" => directory::DATA_CHECKSUM,
        b"BMA3" => btree::FILE_CHECKSUM,
        b"XARM" | b"XSLM" => 12,
        start if start.starts_with(&inode::MAGIC) => {
            return (0..INODES_PER_BLOCK as usize).for_each(|index| {
                reseal_part(&mut block[index * inode::INODE..][..inode::INODE], inode::CHECKSUM);
            });
        }
        _ => directory::INDEX_CHECKSUM,
    };
    reseal_part(block, checksum_at);
}

fn reseal_part(bytes: &mut [u8], at: usize) {
    put(bytes, at, &[0; 4]);
    seal(bytes, at);
}

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

#[test]
fn changed_images_neither_panic_nor_hang() {
    let image = Image::new();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let (mut read, mut refused) = (0, 0);
    for round in 0..ROUNDS {
        let index = numbers.below(image.blocks.len());
        let mut block = image.blocks[index].1.clone();
        for _ in 0..=numbers.below(3) {
            // Most of the first bytes of blocks and of inodes mean something.
            let at = match numbers.below(3) {
                0 => numbers.below(200),
                1 => numbers.below(8) * inode::INODE + numbers.below(200),
                _ => numbers.below(BLOCK),
            };
            block[at] = match numbers.below(3) {
                0 => 0xff,
                1 => 0,
                _ => numbers.below(256) as u8,
            };
        }
        if round % 8 != 0 {
            reseal(&mut block);
        }
        match image.read_changed(index, &block) {
            Ok(()) => read += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(read > ROUNDS / 10 && refused > ROUNDS / 10, "{read} read, {refused} refused");
}

#[test]
fn cut_images_are_refused() {
    let image = Image::new();
    for length in [0, 3, 511, 512, 4096, 1 << 20] {
        let cut = tempfile::NamedTempFile::new().unwrap();
        let mut head = vec![0; length];
        image.file.as_file().read_exact_at(&mut head, 0).unwrap();
        std::fs::write(cut.path(), head).unwrap();
        assert!(read(cut.path(), 0).is_err(), "{length}");
    }
}

#[test]
fn a_directory_cannot_hold_itself() {
    let image = Image::new();
    let is_single = |(_, block): &(u64, Vec<u8>)| block.starts_with(&directory::DATA_MAGIC);
    let index = image.blocks.iter().position(is_single).unwrap();
    let mut block = image.blocks[index].1.clone();
    // The first entry behind those of the directory itself and of its parent.
    let own = get64(&block, 64).to_be_bytes();
    assert!(get32(&block, 96 + 4) > 0);
    put(&mut block, 96, &own);
    reseal(&mut block);
    let error = image.read_changed(index, &block).unwrap_err().to_string();
    assert!(error.contains("another name already"), "{error}");
}
