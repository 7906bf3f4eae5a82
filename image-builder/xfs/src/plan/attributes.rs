//! The extended attributes of an inode, in the names and values of the disk.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::acl;
use crate::format::BLOCK;
use crate::format::attribute::{
    LEAF_ENTRY, LEAF_HEADER, LISTS, LOCAL_ENTRY, LOCAL_HEADER, LOCAL_VALUE_MAX, NAME_BYTES_MAX,
    NAMESPACES, NEAR_MAX, ROOT, VALUE_BYTES_MAX, VALUE_HEADER, far_size, near_size,
};
use crate::format::directory::hash;

/// One attribute.
#[derive(Debug)]
pub(crate) struct Attribute<'t> {
    pub(crate) hash: u32,
    pub(crate) namespace: u8,
    pub(crate) name: &'t [u8],
    pub(crate) value: Cow<'t, [u8]>,
    /// Whether the value gets blocks of its own, if there is a leaf.
    pub(crate) is_far: bool,
}

/// All attributes of an inode, in the order of a leaf.
#[derive(Debug, Default)]
pub(crate) struct Attributes<'t>(pub(crate) Vec<Attribute<'t>>);

impl<'t> Attributes<'t> {
    pub(crate) fn new(xattrs: &'t BTreeMap<Box<[u8]>, Box<[u8]>>) -> Result<Self, &'static str> {
        let found = xattrs.iter().map(|(name, value)| Attribute::new(name, value));
        let mut attributes = Self(found.collect::<Result<_, _>>()?);
        attributes.0.sort_by_key(|attribute| (attribute.hash, attribute.namespace, attribute.name));
        // A directory of an XFS host has its lists of rights under both names: one is enough.
        attributes.0.dedup_by_key(|attribute| (attribute.namespace, attribute.name));
        attributes.put_values_far()?;
        Ok(attributes)
    }

    /// What they take inside an inode, if they can be there.
    pub(crate) fn local_size(&self) -> Option<usize> {
        let is_small = |attribute: &Attribute<'_>| attribute.value.len() <= LOCAL_VALUE_MAX;
        let size =
            |attribute: &Attribute<'_>| LOCAL_ENTRY + attribute.name.len() + attribute.value.len();
        let is_local = self.0.iter().all(is_small);
        is_local.then(|| LOCAL_HEADER + self.0.iter().map(size).sum::<usize>())
    }

    /// The blocks that they take outside: a leaf, and those of values that are far.
    pub(crate) fn blocks(&self) -> u64 {
        1 + self.0.iter().map(Attribute::far_blocks).sum::<u64>()
    }

    /// Makes values far, the largest first, until the leaf holds all names.
    fn put_values_far(&mut self) -> Result<(), &'static str> {
        let size = |attribute: &Attribute<'_>| LEAF_ENTRY + attribute.leaf_size();
        while LEAF_HEADER + self.0.iter().map(size).sum::<usize>() > BLOCK {
            let near = self.0.iter_mut().filter(|attribute| !attribute.is_far);
            let largest = near.max_by_key(|attribute| attribute.value.len());
            match largest.filter(|attribute| attribute.value.len() > 16) {
                Some(attribute) => attribute.is_far = true,
                None => return Err("it has more extended attributes than a block holds"),
            }
        }
        Ok(())
    }
}

impl<'t> Attribute<'t> {
    fn new(name: &'t [u8], value: &'t [u8]) -> Result<Self, &'static str> {
        let (namespace, name, value) = on_disk(name, value)?;
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            return Err("the name of an extended attribute has not 1 to 255 bytes");
        }
        if value.len() > VALUE_BYTES_MAX {
            return Err("an extended attribute has more than 65536 bytes");
        }
        let is_far = near_size(name.len(), value.len()) >= NEAR_MAX;
        Ok(Self { hash: hash(name), namespace, name, value, is_far })
    }

    /// What name and value take in a leaf.
    pub(crate) fn leaf_size(&self) -> usize {
        match self.is_far {
            true => far_size(self.name.len()),
            false => near_size(self.name.len(), self.value.len()),
        }
    }

    /// The blocks of the value, if it is far.
    pub(crate) fn far_blocks(&self) -> u64 {
        if self.is_far { self.value.len().div_ceil(BLOCK - VALUE_HEADER) as u64 } else { 0 }
    }
}

/// A namespace, a name and a value.
type OnDisk<'t> = (u8, &'t [u8], Cow<'t, [u8]>);

/// The namespace, name and value that the disk has for what system calls call so.
fn on_disk<'t>(name: &'t [u8], value: &'t [u8]) -> Result<OnDisk<'t>, &'static str> {
    if let Some((_, list)) = LISTS.iter().find(|(call, _)| *call == name) {
        let value = acl::to_disk(value).ok_or("its access control list is malformed")?;
        return Ok((ROOT, list, value.into()));
    }
    let stripped = NAMESPACES
        .iter()
        .find_map(|(namespace, prefix)| Some((*namespace, name.strip_prefix(*prefix)?)));
    let (namespace, name) =
        stripped.ok_or("it has an extended attribute of a namespace that the format lacks")?;
    Ok((namespace, name, value.into()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn map(entries: &[(&str, usize)]) -> BTreeMap<Box<[u8]>, Box<[u8]>> {
        let entry = |(name, length): &(&str, usize)| {
            (name.as_bytes().into(), vec![b'v'; *length].into_boxed_slice())
        };
        entries.iter().map(entry).collect()
    }

    #[test]
    fn small_ones_stay_inside_and_large_values_go_far() {
        let small = map(&[("user.a", 10), ("security.b", 20)]);
        let small = Attributes::new(&small).unwrap();
        assert_eq!(small.local_size(), Some(4 + 3 + 1 + 10 + 3 + 1 + 20));
        let large = map(&[("user.a", 2000), ("user.b", 3000), ("user.c", 65_536)]);
        let large = Attributes::new(&large).unwrap();
        assert_eq!((large.local_size(), large.blocks()), (None, 1 + 1 + 17));
    }

    #[test]
    fn what_has_no_place_is_refused() {
        for (name, length) in [("system.other", 1), ("user.", 1), ("user.x", 65_537)] {
            Attributes::new(&map(&[(name, length)])).unwrap_err();
        }
        let names: Vec<_> = (0..300).map(|number| format!("user.number-{number}")).collect();
        let many: Vec<_> = names.iter().map(|name| (name.as_str(), 10)).collect();
        Attributes::new(&map(&many)).unwrap_err();
    }
}
