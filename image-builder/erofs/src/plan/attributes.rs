//! Extended attributes: what many inodes share is stored once.

use std::collections::{BTreeMap, HashMap};

use crate::error::Error;
use crate::format::{ATTRIBUTE_HEADER_BYTES, ATTRIBUTE_PREFIXES, ATTRIBUTES_HEADER_BYTES, put};
use crate::plan::inventory::Found;

type Set = BTreeMap<Box<[u8]>, Box<[u8]>>;

/// The attributes of all inodes.
#[derive(Debug, Default)]
pub(crate) struct Attributes {
    /// The area of those that several inodes have.
    pub shared: Vec<u8>,
    /// What stands behind an inode, once for each different set.
    pub bodies: Vec<Box<[u8]>>,
    /// For each inode, its body.
    pub of_inode: Vec<Option<usize>>,
}

impl Attributes {
    /// What stands behind this inode.
    pub(crate) fn of(&self, inode: usize) -> &[u8] {
        self.of_inode[inode].map_or(&[], |body| &self.bodies[body])
    }

    /// The count that an inode holds for attributes of so many bytes; none if it cannot.
    pub(crate) fn count(bytes: usize) -> Option<u16> {
        match bytes {
            0 => Some(0),
            bytes => u16::try_from((bytes - ATTRIBUTES_HEADER_BYTES) / 4 + 1).ok(),
        }
    }
}

/// Encodes all attributes.
pub(crate) fn collect(found: &[Found]) -> Result<Attributes, Error> {
    let mut sets = Sets::default();
    let mut attributes = Attributes::default();
    for inode in found {
        let set = &inode.node.meta.xattrs;
        let number = if set.is_empty() { None } else { Some(sets.add(inode, set)?) };
        attributes.of_inode.push(number);
    }
    let uses = sets.uses();
    let mut shared = Shared { bytes: Vec::new(), numbers: HashMap::new(), uses };
    for (inode, set, _) in &sets.met {
        attributes.bodies.push(shared.body(inode, set)?);
    }
    attributes.shared = shared.bytes;
    Ok(attributes)
}

/// The different sets, in the order in which they are met.
#[derive(Default)]
struct Sets<'a> {
    met: Vec<(&'a Found<'a>, &'a Set, usize)>,
    numbers: HashMap<&'a Set, usize>,
}

impl<'a> Sets<'a> {
    fn add(&mut self, inode: &'a Found<'a>, set: &'a Set) -> Result<usize, Error> {
        if let Some(number) = self.numbers.get(set) {
            self.met[*number].2 += 1;
            return Ok(*number);
        }
        for (name, value) in set {
            check(inode, name, value)?;
        }
        let number = self.met.len();
        self.met.push((inode, set, 1));
        self.numbers.insert(set, number);
        Ok(number)
    }

    /// How many inodes have each attribute.
    fn uses(&self) -> HashMap<(&'a [u8], &'a [u8]), usize> {
        let mut uses = HashMap::new();
        for (_, set, inodes) in &self.met {
            for (name, value) in *set {
                *uses.entry((&name[..], &value[..])).or_insert(0) += inodes;
            }
        }
        uses
    }
}

struct Shared<'a> {
    bytes: Vec<u8>,
    numbers: HashMap<(&'a [u8], &'a [u8]), u32>,
    uses: HashMap<(&'a [u8], &'a [u8]), usize>,
}

impl<'a> Shared<'a> {
    /// Makes what stands behind the inodes that have this set.
    fn body(&mut self, inode: &Found, set: &'a Set) -> Result<Box<[u8]>, Error> {
        let (mut numbers, mut own) = (Vec::new(), Vec::new());
        for (name, value) in set {
            match self.number(name, value) {
                Some(number) if numbers.len() < usize::from(u8::MAX) => numbers.push(number),
                _ => append(&mut own, name, value),
            }
        }
        let mut body = vec![0; ATTRIBUTES_HEADER_BYTES];
        body[4] = numbers.len() as u8;
        numbers.iter().for_each(|number| body.extend(number.to_le_bytes()));
        body.extend(own);
        if Attributes::count(body.len()).is_none() {
            let reason = "its extended attributes take more than 256 KiB";
            return Err(Error::NotInErofs { path: inode.path.clone(), reason });
        }
        Ok(body.into())
    }

    /// The number under which an attribute is shared; none if that would save nothing.
    fn number(&mut self, name: &'a [u8], value: &'a [u8]) -> Option<u32> {
        let uses = self.uses.get(&(name, value)).copied().unwrap_or(0);
        let mut entry = Vec::new();
        append(&mut entry, name, value);
        if uses * 4 + entry.len() >= uses * entry.len() {
            return None;
        }
        let next = u32::try_from(self.bytes.len() / 4).ok()?;
        let number = *self.numbers.entry((name, value)).or_insert(next);
        if number == next {
            self.bytes.extend(entry);
        }
        Some(number)
    }
}

fn prefix_of(name: &[u8]) -> Option<(u8, &[u8])> {
    ATTRIBUTE_PREFIXES.iter().find_map(|(number, prefix)| {
        let rest = name.strip_prefix(*prefix)?;
        // The two of lists of rights are whole names, the others want more.
        let is_whole = !prefix.ends_with(b".");
        (rest.is_empty() == is_whole).then_some((*number, rest))
    })
}

fn check(inode: &Found, name: &[u8], value: &[u8]) -> Result<(), Error> {
    let reason = match prefix_of(name) {
        None => "only user, trusted, security and lists of rights are known",
        Some((_, rest)) if rest.len() > 255 || rest.contains(&0) => {
            "a name has at most 255 bytes and no NUL"
        }
        Some(_) if value.len() > usize::from(u16::MAX) => "a value has at most 65535 bytes",
        Some(_) => return Ok(()),
    };
    let name = name.escape_ascii().to_string();
    Err(Error::Attribute { path: inode.path.clone(), name, reason })
}

fn append(bytes: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    let Some((number, rest)) = prefix_of(name) else { return };
    let mut header = [0; ATTRIBUTE_HEADER_BYTES];
    header[0] = rest.len() as u8;
    header[1] = number;
    put(&mut header, 2, &(value.len() as u16).to_le_bytes());
    bytes.extend_from_slice(&header);
    bytes.extend_from_slice(rest);
    bytes.extend_from_slice(value);
    bytes.resize(bytes.len().next_multiple_of(ATTRIBUTE_HEADER_BYTES), 0);
}
