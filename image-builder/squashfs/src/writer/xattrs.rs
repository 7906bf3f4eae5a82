//! Sets of extended attributes: inodes with the same ones name the same set.

use std::collections::{BTreeMap, HashMap};

use super::metadata::Metadata;
use crate::codec::Compressor;
use crate::error::Error;
use crate::format::{NO_XATTRS, XATTR_PREFIXES};

type Set = BTreeMap<Box<[u8]>, Box<[u8]>>;

/// Sets of extended attributes in the order in which they were first seen.
#[derive(Default)]
pub(crate) struct Xattrs<'a> {
    numbers: HashMap<&'a Set, u32>,
    /// Names and values.
    pub pairs: Metadata,
    /// Where the pairs of each set are, how many, and how large.
    pub sets: Vec<u8>,
}

impl<'a> Xattrs<'a> {
    /// The number of a set, or that of none.
    pub(crate) fn number(
        &mut self,
        set: &'a Set,
        compressor: &mut Compressor,
    ) -> Result<u32, Error> {
        if set.is_empty() {
            return Ok(NO_XATTRS);
        }
        if let Some(number) = self.numbers.get(set) {
            return Ok(*number);
        }
        let number = self.count();
        let place = self.pairs.next_place();
        let mut size = 0u64;
        for (name, value) in set {
            self.pairs.append(&pair(name, value), compressor)?;
            // As listed by the kernel, names end with a zero byte.
            size += (name.len() + 1 + value.len()) as u64;
        }
        let too_large = |_| Error::TooLarge("extended attributes of more than 4 GiB");
        let size = u32::try_from(size).map_err(too_large)?;
        self.sets.extend(place.to_reference().to_le_bytes());
        self.sets.extend((set.len() as u32).to_le_bytes());
        self.sets.extend(size.to_le_bytes());
        self.numbers.insert(set, number);
        Ok(number)
    }

    pub(crate) fn count(&self) -> u32 {
        self.numbers.len() as u32
    }
}

fn pair(name: &[u8], value: &[u8]) -> Vec<u8> {
    let known = XATTR_PREFIXES.iter().position(|prefix| name.starts_with(prefix));
    let prefix = known.unwrap_or_default();
    let rest = &name[XATTR_PREFIXES[prefix].len()..];
    let mut bytes = Vec::with_capacity(8 + rest.len() + value.len());
    bytes.extend((prefix as u16).to_le_bytes());
    bytes.extend((rest.len() as u16).to_le_bytes());
    bytes.extend_from_slice(rest);
    bytes.extend((value.len() as u32).to_le_bytes());
    bytes.extend_from_slice(value);
    bytes
}
