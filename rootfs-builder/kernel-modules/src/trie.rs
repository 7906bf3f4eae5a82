//! The binary indexes: keys and values as a trie on disk, which `modprobe` maps and walks.

use std::collections::BTreeMap;

const MAGIC: u32 = 0xb007_f457;
const VERSION: u32 = 0x0002_0001;

/// What a node has is told by the upper bits of the offset that leads to it.
const HAS_PREFIX: u32 = 0x8000_0000;
const HAS_VALUES: u32 = 0x4000_0000;
const HAS_CHILDREN: u32 = 0x2000_0000;
/// The other bits are the offset.
pub(crate) const FILE_BYTES_MAX: usize = 0x1000_0000;

/// Keys with their values, each with a priority: the lowest counts first.
#[derive(Debug, Default)]
pub(crate) struct Trie {
    keys: BTreeMap<Vec<u8>, Vec<(u32, Vec<u8>)>>,
}

type Entry<'a> = (&'a [u8], &'a [(u32, Vec<u8>)]);

impl Trie {
    /// Adds a value. Among those of one priority the last one added counts first.
    pub(crate) fn insert(&mut self, key: &[u8], value: &[u8], priority: u32) {
        let values = self.keys.entry(key.to_vec()).or_default();
        let place = values.partition_point(|(other, _)| *other < priority);
        values.insert(place, (priority, value.to_vec()));
    }

    /// The bytes of the file; none if they would be too many for its offsets.
    pub(crate) fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        for word in [MAGIC, VERSION, 0] {
            bytes.extend_from_slice(&word.to_be_bytes());
        }
        let entries: Vec<Entry<'_>> =
            self.keys.iter().map(|(key, values)| (&key[..], &values[..])).collect();
        // The root never has a prefix.
        let root = write_node(&entries, 0, 0, &mut bytes)?;
        bytes[8..12].copy_from_slice(&root.to_be_bytes());
        Some(bytes)
    }
}

/// Writes the node of some entries, which agree in their first `depth` bytes, behind its children;
/// returns its offset. Of these bytes the node spells those after `start`.
fn write_node(
    entries: &[Entry<'_>],
    start: usize,
    depth: usize,
    bytes: &mut Vec<u8>,
) -> Option<u32> {
    let has_own = entries.first().is_some_and(|(key, _)| key.len() == depth);
    let (own, below) = entries.split_at(usize::from(has_own));
    let children = write_children(below, depth, bytes)?;
    let mut offset = u32::try_from(bytes.len()).ok().filter(|_| bytes.len() < FILE_BYTES_MAX)?;
    if depth > start {
        bytes.extend_from_slice(&entries.first()?.0[start..depth]);
        bytes.push(0);
        offset |= HAS_PREFIX;
    }
    if let (Some((first, _)), Some((last, _))) = (children.first(), children.last()) {
        bytes.extend_from_slice(&[*first, *last]);
        for byte in *first..=*last {
            let child = children.binary_search_by_key(&byte, |(byte, _)| *byte);
            let child = child.map_or(0, |place| children[place].1);
            bytes.extend_from_slice(&child.to_be_bytes());
        }
        offset |= HAS_CHILDREN;
    }
    if let Some((_, values)) = own.first() {
        bytes.extend_from_slice(&(values.len() as u32).to_be_bytes());
        for (priority, value) in *values {
            bytes.extend_from_slice(&priority.to_be_bytes());
            bytes.extend_from_slice(value);
            bytes.push(0);
        }
        offset |= HAS_VALUES;
    }
    Some(offset)
}

/// Writes a node for each byte that comes at `depth`.
fn write_children(
    entries: &[Entry<'_>],
    depth: usize,
    bytes: &mut Vec<u8>,
) -> Option<Vec<(u8, u32)>> {
    let mut children = Vec::new();
    for group in entries.chunk_by(|(a, _), (b, _)| a[depth] == b[depth]) {
        let ((first, _), (last, _)) = (group.first()?, group.last()?);
        // The keys are sorted, so what the first and the last share all of them do.
        let start = depth + 1;
        let common = first[start..].iter().zip(&last[start..]).take_while(|(a, b)| a == b).count();
        children.push((first[depth], write_node(group, start, start + common, bytes)?));
    }
    Some(children)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Looks a key up as a reader of the file would.
    fn find(file: &[u8], key: &[u8]) -> Vec<Vec<u8>> {
        let word = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap());
        let (mut node, mut key) = (word(8), key);
        loop {
            let mut at = (node & 0x0fff_ffff) as usize;
            if node & HAS_PREFIX != 0 {
                let end = at + file[at..].iter().position(|byte| *byte == 0).unwrap();
                let Some(rest) = key.strip_prefix(&file[at..end]) else { return Vec::new() };
                (key, at) = (rest, end + 1);
            }
            let (mut next, mut count) = (0, 0);
            if node & HAS_CHILDREN != 0 {
                let (first, last) = (file[at], file[at + 1]);
                count = usize::from(last - first) + 1;
                if let Some(byte) = key.first().filter(|byte| (first..=last).contains(byte)) {
                    next = word(at + 2 + 4 * usize::from(byte - first));
                }
            }
            if key.is_empty() {
                at += if count > 0 { 2 + 4 * count } else { 0 };
                let values = if node & HAS_VALUES != 0 { word(at) } else { 0 };
                let texts = (0..values).scan(at + 4, |at, _| {
                    let end = *at + 4 + file[*at + 4..].iter().position(|byte| *byte == 0).unwrap();
                    let text = file[*at + 4..end].to_vec();
                    *at = end + 1;
                    Some(text)
                });
                return texts.collect();
            }
            if next == 0 {
                return Vec::new();
            }
            (node, key) = (next, &key[1..]);
        }
    }

    #[test]
    fn every_key_is_found_and_no_other() {
        let keys = ["a", "ab", "abc", "abd", "b", "bcd", "bce", "x:y*", "long_name", "long_nose"];
        let mut trie = Trie::default();
        for key in keys {
            trie.insert(key.as_bytes(), key.as_bytes(), 1);
        }
        let file = trie.to_bytes().unwrap();
        for key in keys {
            assert_eq!(find(&file, key.as_bytes()), [key.as_bytes()], "{key}");
        }
        for key in ["", "c", "bc", "long_n", "abcd", "x"] {
            assert!(find(&file, key.as_bytes()).is_empty(), "{key}");
        }
    }

    #[test]
    fn values_come_by_priority() {
        let mut trie = Trie::default();
        for (value, priority) in [("b", 2), ("d", 3), ("a", 1), ("c", 3)] {
            trie.insert(b"key", value.as_bytes(), priority);
        }
        let file = trie.to_bytes().unwrap();
        assert_eq!(find(&file, b"key"), [b"a", b"b", b"c", b"d"]);
    }

    #[test]
    fn an_empty_index_is_a_header() {
        let expected = [0xb0, 0x07, 0xf4, 0x57, 0, 2, 0, 1, 0, 0, 0, 12];
        assert_eq!(Trie::default().to_bytes().unwrap(), expected);
    }
}
