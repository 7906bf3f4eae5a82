//! Which module has which symbol, in the order in which `depmod` lists them.

use std::collections::HashMap;

use crate::module::Module;

/// The number of buckets of depmod's table of symbols.
const BUCKETS: u32 = 2048;

/// The module that has each symbol; of several the last.
pub(crate) struct Symbols<'a> {
    owners: HashMap<&'a [u8], usize>,
}

impl<'a> Symbols<'a> {
    pub(crate) fn of(modules: &'a [Module]) -> Self {
        let mut owners = HashMap::new();
        for (number, module) in modules.iter().enumerate() {
            for symbol in &module.facts.exports {
                owners.insert(symbol.as_slice(), number);
            }
        }
        Self { owners }
    }

    /// Which module has a symbol that another one needs.
    pub(crate) fn owner(&self, symbol: &[u8]) -> Option<usize> {
        // On some architectures the code of a function is called like it, with a dot.
        let symbol = symbol.strip_prefix(b".").unwrap_or(symbol);
        self.owners.get(symbol).copied()
    }

    /// All symbols with their modules. The order says nothing, but depmod's file has it.
    pub(crate) fn listed(&self) -> Vec<(&'a [u8], usize)> {
        let mut symbols: Vec<_> =
            self.owners.iter().map(|(symbol, owner)| (*symbol, *owner)).collect();
        symbols.sort_by_cached_key(|(symbol, _)| (super_fast_hash(symbol) % BUCKETS, *symbol));
        symbols
    }
}

/// Paul Hsieh's hash function of that name, over little-endian pairs of bytes.
fn super_fast_hash(key: &[u8]) -> u32 {
    let pair = |bytes: &[u8]| u32::from(u16::from_le_bytes([bytes[0], bytes[1]]));
    // The single byte at the end counts as a signed one.
    let single = |byte: u8| i32::from(byte.cast_signed()).cast_unsigned();
    let mut hash = key.len() as u32;
    let mut words = key.chunks_exact(4);
    for word in words.by_ref() {
        hash = hash.wrapping_add(pair(word));
        let mixed = (pair(&word[2..]) << 11) ^ hash;
        hash = (hash << 16) ^ mixed;
        hash = hash.wrapping_add(hash >> 11);
    }
    match words.remainder() {
        [first, second, third] => {
            hash = hash.wrapping_add(pair(&[*first, *second]));
            hash ^= hash << 16;
            hash ^= single(*third) << 18;
            hash = hash.wrapping_add(hash >> 11);
        }
        [first, second] => {
            hash = hash.wrapping_add(pair(&[*first, *second]));
            hash ^= hash << 11;
            hash = hash.wrapping_add(hash >> 17);
        }
        [first] => {
            hash = hash.wrapping_add(single(*first));
            hash ^= hash << 10;
            hash = hash.wrapping_add(hash >> 1);
        }
        _ => {}
    }
    hash ^= hash << 3;
    hash = hash.wrapping_add(hash >> 5);
    hash ^= hash << 4;
    hash = hash.wrapping_add(hash >> 17);
    hash ^= hash << 25;
    hash.wrapping_add(hash >> 6)
}
