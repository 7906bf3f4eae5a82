//! Extended attributes, inside an inode and in blocks.

use std::collections::BTreeMap;

use volume::read::{Claims, Image, Problem, Run, ensure};

use super::inode::{Fork, Inode};
use super::runs::RunReader;
use super::shape::Shape;
use crate::acl;
use crate::bytes::{get16, get32, get64};
use crate::format::attribute::{
    IS_INCOMPLETE, IS_LOCAL, IS_PARENT, LEAF_ENTRY, LEAF_HEADER, LEAF_MAGIC, LISTS, LOCAL_HEADER,
    NAMESPACES, ROOT, SECURE, VALUE_BYTES_MAX, VALUE_CHECKSUM, VALUE_HEADER, VALUE_MAGIC,
};
use crate::format::checksum;
use crate::format::directory::{INDEX_CHECKSUM, NODE_MAGIC};
use crate::format::inode::Form;

type Xattrs = BTreeMap<Box<[u8]>, Box<[u8]>>;

const MALFORMED: Problem = Problem::Damaged("its extended attributes are malformed");

/// Reads the attributes of one inode.
pub(super) struct AttributeReader<'a> {
    pub(super) image: &'a Image,
    pub(super) shape: &'a Shape,
    pub(super) claims: &'a mut Claims,
    /// Blocks of values: no two attributes share one.
    pub(super) values: &'a mut Claims,
}

impl AttributeReader<'_> {
    pub(super) fn read(mut self, inode: &Inode) -> Result<Xattrs, Problem> {
        let mut xattrs = Xattrs::new();
        match &inode.attributes {
            Some(fork) if fork.form == Form::Local => read_local(&fork.bytes, &mut xattrs)?,
            Some(fork) => self.read_blocks(inode.number, fork, &mut xattrs)?,
            None => {}
        }
        Ok(xattrs)
    }

    fn read_blocks(&mut self, owner: u64, fork: &Fork, xattrs: &mut Xattrs) -> Result<(), Problem> {
        let Self { image, shape, claims, .. } = self;
        let runs = RunReader { image, shape, claims, owner }.read(fork)?;
        let places = runs.iter().flat_map(|run| run.place..run.place + run.blocks);
        for place in places {
            self.claims.claim(place)?;
            let block = self.block(place)?;
            let magic = get16(&block, 8);
            if block.starts_with(&VALUE_MAGIC) {
                continue;
            }
            let is_sound = [LEAF_MAGIC, NODE_MAGIC].contains(&magic)
                && get64(&block, 48) == owner
                && checksum::is_right(&block, INDEX_CHECKSUM);
            ensure(is_sound, "its extended attributes are malformed")?;
            if magic == LEAF_MAGIC {
                self.read_leaf(&block, owner, &runs, xattrs)?;
            }
        }
        Ok(())
    }

    fn read_leaf(
        &mut self,
        block: &[u8],
        owner: u64,
        runs: &[Run],
        xattrs: &mut Xattrs,
    ) -> Result<(), Problem> {
        let count = usize::from(get16(block, 56));
        let entries = block.get(LEAF_HEADER..LEAF_HEADER + count * LEAF_ENTRY).ok_or(MALFORMED)?;
        for entry in entries.chunks_exact(LEAF_ENTRY) {
            let (start, flags) = (usize::from(get16(entry, 4)), entry[6]);
            let bytes = block.get(start..).ok_or(MALFORMED)?;
            if flags & IS_LOCAL != 0 {
                let start = bytes.first_chunk::<3>().ok_or(MALFORMED)?;
                let (value, name) = (usize::from(get16(start, 0)), usize::from(start[2]));
                let name_and_value = bytes.get(3..3 + name + value).ok_or(MALFORMED)?;
                let (name, value) = name_and_value.split_at(name);
                insert(flags, name, value, xattrs)?;
            } else {
                let start = bytes.first_chunk::<9>().ok_or(MALFORMED)?;
                let name = bytes.get(9..9 + usize::from(start[8])).ok_or(MALFORMED)?;
                let value = self.far_value((get32(start, 0), get32(start, 4)), owner, runs)?;
                insert(flags, name, &value, xattrs)?;
            }
        }
        Ok(())
    }

    /// Puts together a value from its own blocks.
    fn far_value(
        &mut self,
        (first, length): (u32, u32),
        owner: u64,
        runs: &[Run],
    ) -> Result<Vec<u8>, Problem> {
        let length = length as usize;
        ensure(length <= VALUE_BYTES_MAX, "an extended attribute is too large")?;
        let mut value = Vec::with_capacity(length);
        let mut logical = u64::from(first);
        while value.len() < length {
            let place = place_of(logical, runs).ok_or(MALFORMED)?;
            self.values.claim(place)?;
            let block = self.block(place)?;
            let part = get32(&block, 8) as usize;
            let is_sound = block.starts_with(&VALUE_MAGIC)
                && get32(&block, 4) as usize == value.len()
                && get64(&block, 32) == owner
                && (1..=length - value.len()).contains(&part)
                && checksum::is_right(&block, VALUE_CHECKSUM);
            ensure(is_sound, "the value of an extended attribute is malformed")?;
            value.extend(block.get(VALUE_HEADER..VALUE_HEADER + part).ok_or(MALFORMED)?);
            logical += 1;
        }
        Ok(value)
    }

    fn block(&self, place: u64) -> Result<Vec<u8>, Problem> {
        let mut block = vec![0; self.shape.block_size as usize];
        self.image.read(place * self.shape.block_size, &mut block)?;
        Ok(block)
    }
}

fn place_of(logical: u64, runs: &[Run]) -> Option<u64> {
    let run = runs.get(runs.partition_point(|run| run.logical + run.blocks <= logical))?;
    Some(run.place + logical.checked_sub(run.logical)?)
}

fn read_local(bytes: &[u8], xattrs: &mut Xattrs) -> Result<(), Problem> {
    let header = bytes.first_chunk::<LOCAL_HEADER>().ok_or(MALFORMED)?;
    let size = usize::from(get16(header, 0));
    let mut rest = bytes.get(LOCAL_HEADER..size).ok_or(MALFORMED)?;
    for _ in 0..header[2] {
        let ([name, value, flags], behind) = rest.split_first_chunk().ok_or(MALFORMED)?;
        let (name, behind) = behind.split_at_checked((*name).into()).ok_or(MALFORMED)?;
        let (value, behind) = behind.split_at_checked((*value).into()).ok_or(MALFORMED)?;
        insert(*flags, name, value, xattrs)?;
        rest = behind;
    }
    Ok(())
}

/// Adds an attribute under the name and in the form that system calls have.
fn insert(flags: u8, name: &[u8], value: &[u8], xattrs: &mut Xattrs) -> Result<(), Problem> {
    if flags & (IS_INCOMPLETE | IS_PARENT) != 0 {
        return Ok(());
    }
    let namespace = flags & (ROOT | SECURE);
    let list = LISTS.iter().find(|(_, disk)| namespace == ROOT && *disk == name);
    let (name, value) = if let Some((call, _)) = list {
        let value = acl::from_disk(value);
        let value = value.ok_or(Problem::Damaged("its access control list is malformed"))?;
        ((*call).into(), value.into())
    } else {
        let prefix = NAMESPACES.iter().find(|(flag, _)| *flag == namespace);
        let (_, prefix) = prefix.ok_or(MALFORMED)?;
        ensure(
            !name.is_empty() && !name.contains(&0),
            "an extended attribute has an impossible name",
        )?;
        ([*prefix, name].concat().into(), value.into())
    };
    ensure(xattrs.insert(name, value).is_none(), "it has an extended attribute twice")
}
