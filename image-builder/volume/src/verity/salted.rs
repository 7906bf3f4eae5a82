//! The digests of blocks with a salt before each.

use sha2::block_api::compress256;
use sha2::{Digest as _, Sha256};

use super::{BLOCK, HASH, sixteen};

/// How many blocks are digested side by side where the processor cannot do more.
const FEW: usize = 4;

/// What SHA-256 works on at a time.
pub(super) const STEP: usize = 64;

/// The state that SHA-256 begins with.
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The digest of one block.
pub(super) fn digest(salt: &[u8], block: &[u8; BLOCK]) -> [u8; HASH] {
    Sha256::new().chain_update(salt).chain_update(block).finalize().into()
}

/// The digests of some blocks.
pub(super) fn digests(salt: &[u8], blocks: &[[u8; BLOCK]]) -> Vec<[u8; HASH]> {
    let mut digests = Vec::with_capacity(blocks.len());
    let mut rest = blocks;
    if let Some(advance) = sixteen::advance() {
        digests.extend(side_by_side(salt, &mut rest, advance));
    }
    digests.extend(side_by_side(salt, &mut rest, advance_in_turn));
    digests.extend(rest.iter().map(|block| digest(salt, block)));
    digests
}

/// The digests of the first blocks, as many as `advance` takes together.
fn side_by_side<const LANES: usize>(
    salt: &[u8],
    blocks: &mut &[[u8; BLOCK]],
    advance: impl Fn(&mut [[u32; 8]; LANES], [&[u8]; LANES]),
) -> Vec<[u8; HASH]> {
    let (groups, rest) = blocks.as_chunks::<LANES>();
    *blocks = rest;
    let beside_salt = salt.len().next_multiple_of(STEP) - salt.len();
    let end = beside_salt + (BLOCK - beside_salt) / STEP * STEP;
    let digests = |group: &[[u8; BLOCK]; LANES]| {
        let blocks = group.each_ref();
        let mut states = [INITIAL; LANES];
        let begins = blocks.map(|block| [salt, &block[..beside_salt]].concat());
        advance(&mut states, begins.each_ref().map(Vec::as_slice));
        advance(&mut states, blocks.map(|block| &block[beside_salt..end]));
        let ends = blocks.map(|block| padded(&block[end..], salt.len() + BLOCK));
        advance(&mut states, ends.each_ref().map(Vec::as_slice));
        states.map(hash)
    };
    groups.iter().flat_map(digests).collect()
}

fn hash(state: [u32; 8]) -> [u8; HASH] {
    let mut hash = [0; HASH];
    let places = hash.as_chunks_mut::<4>().0;
    places.iter_mut().zip(state).for_each(|(place, word)| *place = word.to_be_bytes());
    hash
}

/// Takes whole steps of every lane, one lane after the other.
///
/// Each step of a digest waits for the one before. The processor begins with another block
/// meanwhile, if it finds one: that saves a fifth of the time.
fn advance_in_turn(states: &mut [[u32; 8]; FEW], parts: [&[u8]; FEW]) {
    let steps = parts.map(|part| part.as_chunks::<STEP>().0);
    for number in 0..steps[0].len() {
        for (state, steps) in states.iter_mut().zip(steps) {
            compress256(state, &steps[number..=number]);
        }
    }
}

/// The end of a message of so many bytes, as SHA-256 wants it.
fn padded(end: &[u8], message: usize) -> Vec<u8> {
    let mut bytes = [end, &[0x80]].concat();
    bytes.resize((bytes.len() + 8).next_multiple_of(STEP) - 8, 0);
    bytes.extend((message as u64 * 8).to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_side_by_side_are_those_of_each_block_alone() {
        let bytes = test_support::noise(1, BLOCK * (2 * sixteen::LANES + FEW + 3));
        let blocks = bytes.as_chunks::<BLOCK>().0;
        for length in [0, 1, 8, 32, 55, 56, 63, 64, 65, 100, 256] {
            let salt = test_support::noise(2, length);
            let alone: Vec<_> = blocks.iter().map(|block| digest(&salt, block)).collect();
            assert_eq!(digests(&salt, blocks), alone, "a salt of {length} bytes");
        }
    }
}
