//! Sets of extended attributes.

use std::collections::BTreeMap;

use super::fields::Fields;
use super::image::Image;
use super::table::Table;
use crate::error::Fault;
use crate::format::{
    NO_TABLE, NO_XATTRS, Place, XATTR_IS_ELSEWHERE, XATTR_NAME_BYTES_MAX, XATTR_PREFIXES,
    XATTR_SET_BYTES, XATTR_VALUE_BYTES_MAX,
};

/// All inodes together may have so many bytes of them, or as many as the whole image.
const BYTES_MAX: u64 = 256 << 20;

pub(crate) type Set = BTreeMap<Box<[u8]>, Box<[u8]>>;

/// Sets of extended attributes by number.
#[derive(Debug, Default)]
pub(crate) struct Xattrs {
    pairs: Table,
    sets: Table,
    /// How many bytes may still be handed out.
    left: u64,
}

impl Xattrs {
    pub(crate) fn read(image: &Image) -> Result<Self, Fault> {
        let at = image.superblock.xattr_table;
        if at == NO_TABLE {
            return Ok(Self::default());
        }
        let head = image.read(at, 16)?;
        let mut head = Fields(&head);
        let (pairs_start, count) = (head.long()?, head.word()?);
        if count == 0 {
            return Ok(Self::default());
        }
        let first_set = Fields(&image.read(at + 16, 8)?).long()?;
        let length = u64::from(count) * XATTR_SET_BYTES as u64;
        // The list of blocks lies behind the 16 bytes of the head.
        let sets = Table::read(image, first_set, at)?;
        if sets.all().len() as u64 != length {
            return Err(Fault::Corrupt("a table has another size than is said"));
        }
        let pairs = Table::read(image, pairs_start, first_set)?;
        let left = BYTES_MAX.max(image.superblock.bytes_used);
        Ok(Self { pairs, sets, left })
    }

    /// The set of this number.
    pub(crate) fn set(&mut self, number: u32) -> Result<Set, Fault> {
        let mut set = Set::new();
        if number == NO_XATTRS {
            return Ok(set);
        }
        let at = (number as usize).saturating_mul(XATTR_SET_BYTES);
        let missing = Fault::Corrupt("an inode names extended attributes that are not there");
        let mut head = Fields(self.sets.all().get(at..).ok_or(missing)?);
        let (place, count) = (Place::from_reference(head.long()?), head.word()?);
        let mut fields = self.pairs.from(place)?;
        for _ in 0..count {
            let (name, value) = pair(&self.pairs, &mut fields)?;
            let bytes = (name.len() + value.len()) as u64;
            let left = self.left.checked_sub(bytes);
            self.left = left.ok_or(Fault::Corrupt("too many extended attributes"))?;
            if set.insert(name, value.into()).is_some() {
                return Err(Fault::Corrupt("an extended attribute comes twice"));
            }
        }
        Ok(set)
    }
}

fn pair<'a>(pairs: &'a Table, fields: &mut Fields<'a>) -> Result<(Box<[u8]>, &'a [u8]), Fault> {
    let kind = fields.short()?;
    let length = usize::from(fields.short()?);
    let rest = fields.bytes(length)?;
    let prefix = XATTR_PREFIXES.get(usize::from(kind & !XATTR_IS_ELSEWHERE));
    let prefix = prefix.ok_or(Fault::Corrupt("an extended attribute has no known prefix"))?;
    let name = [prefix, rest].concat();
    if rest.is_empty() || name.len() > XATTR_NAME_BYTES_MAX || rest.contains(&0) {
        return Err(Fault::Corrupt("an extended attribute has a name that none can have"));
    }
    let mut value = value(fields)?;
    if kind & XATTR_IS_ELSEWHERE != 0 {
        let reference = Fields(value).long()?;
        value = self::value(&mut pairs.from(Place::from_reference(reference))?)?;
    }
    Ok((name.into(), value))
}

fn value<'a>(fields: &mut Fields<'a>) -> Result<&'a [u8], Fault> {
    let length = fields.word()? as usize;
    if length > XATTR_VALUE_BYTES_MAX {
        return Err(Fault::Corrupt("an extended attribute is too large"));
    }
    fields.bytes(length)
}
