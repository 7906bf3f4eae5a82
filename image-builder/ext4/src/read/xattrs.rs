//! Extended attributes, of an inode and of a block.

use std::collections::{BTreeMap, HashMap};

use volume::read::{Image, Problem, ensure};

use super::inode::Inode;
use super::superblock::{Checksums, Shape};
use crate::bytes::{get16, get32};
use crate::format::xattr::{
    ACCESS_LIST, BLOCK_HEADER_SIZE, DEFAULT_LIST, ENTRY_SIZE, INODE_HEADER_SIZE, MAGIC, PREFIXES,
    SHARERS_MAX, at,
};
use crate::plan::posix_acl;

type Xattrs = BTreeMap<Box<[u8]>, Box<[u8]>>;

/// Reads attributes; how many inodes share a block is watched over.
#[derive(Debug, Default)]
pub(super) struct XattrReader {
    sharers: HashMap<u64, u32>,
}

impl XattrReader {
    pub(super) fn read(
        &mut self,
        image: &Image,
        shape: &Shape,
        inode: &Inode,
    ) -> Result<Xattrs, Problem> {
        let mut xattrs = Xattrs::new();
        if inode.behind.len() >= INODE_HEADER_SIZE && get32(&inode.behind, 0) == MAGIC {
            let inside = &inode.behind[INODE_HEADER_SIZE..];
            collect(inside, 0, &mut xattrs)?;
        }
        if inode.xattr_block != 0 {
            let block = self.block(image, shape, inode.xattr_block)?;
            collect(&block, BLOCK_HEADER_SIZE, &mut xattrs)?;
        }
        Ok(xattrs)
    }

    fn block(&mut self, image: &Image, shape: &Shape, place: u64) -> Result<Vec<u8>, Problem> {
        ensure(place < shape.blocks, "its extended attributes lie outside of the filesystem")?;
        let mut block = vec![0; shape.block_size as usize];
        image.read(place * shape.block_size, &mut block)?;
        ensure(
            get32(&block, 0) == MAGIC && get32(&block, at::BLOCKS) == 1,
            "its extended attributes are malformed",
        )?;
        if let Checksums::Metadata(seed) = shape.checksums {
            let sum = seed.with(&place.to_le_bytes()).with(&block[..at::CHECKSUM]).with(&[0; 4]);
            let sum = sum.with(&block[at::CHECKSUM + 4..]).value();
            ensure(
                get32(&block, at::CHECKSUM) == sum,
                "the checksum of its extended attributes is wrong",
            )?;
        }
        let sharers = self.sharers.entry(place).or_default();
        *sharers += 1;
        let sharers_max = get32(&block, at::SHARERS).min(SHARERS_MAX);
        ensure(*sharers <= sharers_max, "its extended attributes are shared by too many")?;
        Ok(block)
    }
}

/// Adds the attributes whose entries begin at `first`; values have places in all of `bytes`.
fn collect(bytes: &[u8], first: usize, xattrs: &mut Xattrs) -> Result<(), Problem> {
    let malformed = Problem::Damaged("its extended attributes are malformed");
    let mut rest = bytes.get(first..).unwrap_or_default();
    loop {
        let Some(start) = rest.get(..4) else { return Err(malformed) };
        if get32(start, 0) == 0 {
            return Ok(());
        }
        let Some(entry) = rest.get(..ENTRY_SIZE) else { return Err(malformed) };
        let name_end = ENTRY_SIZE + usize::from(entry[0]);
        let Some(name) = rest.get(ENTRY_SIZE..name_end) else { return Err(malformed) };
        if get32(entry, 4) != 0 {
            return Err(Problem::Unsupported("an extended attribute with an inode of its own"));
        }
        let place = usize::from(get16(entry, 2));
        let size = usize::try_from(get32(entry, 8)).unwrap_or(usize::MAX);
        let value = match size {
            0 => Some(&[][..]),
            size => place.checked_add(size).and_then(|end| bytes.get(place..end)),
        };
        let Some(value) = value else { return Err(malformed) };
        let (name, value) = (full_name(entry[1], name)?, value_of_call(entry[1], value)?);
        ensure(xattrs.insert(name, value).is_none(), "it has an extended attribute twice")?;
        rest = rest.get(name_end.next_multiple_of(4)..).unwrap_or_default();
    }
}

fn full_name(prefix: u8, name: &[u8]) -> Result<Box<[u8]>, Problem> {
    let known = PREFIXES.iter().find(|(number, _)| *number == prefix);
    let (_, prefix) =
        known.ok_or(Problem::Unsupported("an extended attribute of a kind that is not known"))?;
    ensure(!name.contains(&0), "an extended attribute has an impossible name")?;
    Ok([prefix, name].concat().into())
}

fn value_of_call(prefix: u8, value: &[u8]) -> Result<Box<[u8]>, Problem> {
    if ![ACCESS_LIST, DEFAULT_LIST].contains(&prefix) {
        return Ok(value.into());
    }
    let list = posix_acl::from_disk(value);
    list.map(Vec::into).ok_or(Problem::Damaged("its access control list is malformed"))
}
