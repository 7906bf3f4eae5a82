//! Extended attributes: in the inode as far as they fit, the rest in a block that may be shared.

use std::collections::{BTreeMap, HashMap};

use super::posix_acl;
use crate::bytes::{put16, put32};
use crate::checksum::Checksum;
use crate::format::BLOCK;
use crate::format::inode::XATTRS_SIZE;
use crate::format::xattr::{
    ACCESS_LIST, BLOCK_HEADER_SIZE, DEFAULT_LIST, ENTRY_SIZE, INODE_HEADER_SIZE, MAGIC, PREFIXES,
    SHARERS_MAX, at, block_hash, hash,
};

/// Four zeros end a list of entries.
const END_SIZE: usize = 4;

/// The attributes of one inode.
#[derive(Debug, Default)]
pub(crate) struct Xattrs {
    inside: Option<Box<Encoded>>,
    /// The block that holds the others.
    pub(crate) block: Option<usize>,
}

/// Blocks of attributes, each once.
#[derive(Debug, Default)]
pub(crate) struct XattrBlocks {
    blocks: Vec<(Encoded, u32)>,
    known: HashMap<Encoded, usize>,
}

/// Entries from the front and values at the back of a place.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Encoded {
    entries: Vec<u8>,
    values: Vec<u8>,
    hash: u32,
}

/// One attribute as it is on disk.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Xattr<'t> {
    prefix: u8,
    length: usize,
    name: &'t [u8],
    value: Vec<u8>,
}

impl Xattrs {
    /// Decides where each attribute goes; says why if one cannot be stored.
    pub(crate) fn new(
        xattrs: &BTreeMap<Box<[u8]>, Box<[u8]>>,
        blocks: &mut XattrBlocks,
    ) -> Result<Self, &'static str> {
        if xattrs.is_empty() {
            return Ok(Self::default());
        }
        let mut all: Vec<Xattr> = Vec::with_capacity(xattrs.len());
        for (name, value) in xattrs {
            all.push(Xattr::new(name, value)?);
        }
        // The kernel looks for them in a block in this order.
        all.sort();
        let (mut inside, mut outside) = (Vec::new(), Vec::new());
        let mut room = XATTRS_SIZE - INODE_HEADER_SIZE - END_SIZE;
        for xattr in &all {
            match room.checked_sub(xattr.size()) {
                Some(left) => {
                    room = left;
                    inside.push(xattr);
                }
                None => outside.push(xattr),
            }
        }
        let size: usize = outside.iter().map(|xattr| xattr.size()).sum();
        if size > BLOCK - BLOCK_HEADER_SIZE - END_SIZE {
            return Err("its extended attributes are too large");
        }
        // Places in an inode are counted from behind its header.
        let end = XATTRS_SIZE - INODE_HEADER_SIZE;
        Ok(Self {
            inside: (!inside.is_empty()).then(|| Box::new(Encoded::new(&inside, end))),
            block: (!outside.is_empty()).then(|| blocks.share(Encoded::new(&outside, BLOCK))),
        })
    }

    /// What the inode holds of them.
    pub(crate) fn encode(&self) -> [u8; XATTRS_SIZE] {
        let mut bytes = [0; XATTRS_SIZE];
        if let Some(inside) = &self.inside {
            put32(&mut bytes, 0, MAGIC);
            inside.put(&mut bytes, INODE_HEADER_SIZE);
        }
        bytes
    }
}

impl XattrBlocks {
    pub(crate) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// The block of this number, which will be at `place`.
    pub(crate) fn encode(&self, number: usize, place: u64, seed: Checksum) -> [u8; BLOCK] {
        let (encoded, sharers) = &self.blocks[number];
        let mut bytes = [0; BLOCK];
        put32(&mut bytes, 0, MAGIC);
        put32(&mut bytes, at::SHARERS, *sharers);
        put32(&mut bytes, at::BLOCKS, 1);
        put32(&mut bytes, at::HASH, encoded.hash);
        encoded.put(&mut bytes, BLOCK_HEADER_SIZE);
        let checksum = seed.with(&place.to_le_bytes()).with(&bytes).value();
        put32(&mut bytes, at::CHECKSUM, checksum);
        bytes
    }

    fn share(&mut self, encoded: Encoded) -> usize {
        if let Some(number) = self.known.get(&encoded)
            && let (_, sharers) = &mut self.blocks[*number]
            && *sharers < SHARERS_MAX
        {
            *sharers += 1;
            return *number;
        }
        let number = self.blocks.len();
        self.known.insert(encoded.clone(), number);
        self.blocks.push((encoded, 1));
        number
    }
}

impl<'t> Xattr<'t> {
    fn new(name: &'t [u8], value: &[u8]) -> Result<Self, &'static str> {
        let (prefix, short) = shortened(name).ok_or("an extended attribute has a strange name")?;
        let value = match prefix {
            ACCESS_LIST | DEFAULT_LIST => {
                posix_acl::to_disk(value).ok_or("its access control list is malformed")?
            }
            _ => value.to_vec(),
        };
        Ok(Self { prefix, length: short.len(), name: short, value })
    }

    /// How much room its entry and its value take.
    fn size(&self) -> usize {
        entry_size(self.name) + self.value.len().next_multiple_of(4)
    }
}

impl Encoded {
    /// Encodes for a place whose values end at `end`.
    fn new(xattrs: &[&Xattr], end: usize) -> Self {
        let mut encoded = Self::default();
        let values: usize = xattrs.iter().map(|xattr| xattr.value.len().next_multiple_of(4)).sum();
        let mut hashes = Vec::with_capacity(xattrs.len());
        for xattr in xattrs {
            let mut entry = vec![0; entry_size(xattr.name)];
            entry[0] = xattr.name.len() as u8;
            entry[1] = xattr.prefix;
            if !xattr.value.is_empty() {
                put16(&mut entry, 2, (end - values + encoded.values.len()) as u16);
            }
            put32(&mut entry, 8, xattr.value.len() as u32);
            let hash = hash(xattr.name, &xattr.value);
            put32(&mut entry, 12, hash);
            entry[ENTRY_SIZE..ENTRY_SIZE + xattr.name.len()].copy_from_slice(xattr.name);
            encoded.entries.extend(entry);
            encoded.values.extend(&xattr.value);
            encoded.values.resize(encoded.values.len().next_multiple_of(4), 0);
            hashes.push(hash);
        }
        // One that has no hash keeps the block from being shared.
        encoded.hash = if hashes.contains(&0) { 0 } else { block_hash(hashes) };
        encoded
    }

    fn put(&self, bytes: &mut [u8], start: usize) {
        bytes[start..start + self.entries.len()].copy_from_slice(&self.entries);
        let values = bytes.len() - self.values.len();
        bytes[values..].copy_from_slice(&self.values);
    }
}

fn entry_size(name: &[u8]) -> usize {
    (ENTRY_SIZE + name.len()).next_multiple_of(4)
}

/// The number of a name's beginning, and the rest.
fn shortened(name: &[u8]) -> Option<(u8, &[u8])> {
    // Small files would seem to lie in their inode.
    if name.contains(&0) || name.len() > 255 || name == b"system.data" {
        return None;
    }
    PREFIXES.into_iter().find_map(|(number, prefix)| {
        let rest = name.strip_prefix(prefix)?;
        // Only the lists are named by their beginning alone.
        let is_list = [ACCESS_LIST, DEFAULT_LIST].contains(&number);
        (rest.is_empty() == is_list).then_some((number, rest))
    })
}
