//! The hash of names by which large directories are indexed: half of an MD4, with a seed.

/// Where a name belongs in an indexed directory: by `major`, and among equals by `minor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct NameHash {
    pub(crate) major: u32,
    pub(crate) minor: u32,
}

const MD4: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
const ROUND_2: u32 = 0x5a82_7999;
const ROUND_3: u32 = 0x6ed9_eba1;
/// Marks the end of a directory for those who read it, so that no name may have it.
const END: u32 = 0x7fff_ffff << 1;

/// Hashes a name as the kernel does where a byte is a signed number.
pub(crate) fn half_md4(name: &[u8], seed: &[u8; 16]) -> NameHash {
    let mut state = MD4;
    if seed.iter().any(|byte| *byte != 0) {
        for (word, bytes) in state.iter_mut().zip(seed.chunks_exact(4)) {
            *word = crate::bytes::get32(bytes, 0);
        }
    }
    let mut rest = name;
    while !rest.is_empty() {
        transform(&mut state, &words(rest));
        rest = rest.get(32..).unwrap_or_default();
    }
    let major = state[1] & !1;
    NameHash { major: if major == END { END - 2 } else { major }, minor: state[2] }
}

/// The next 32 bytes as words, filled up with the length of what is left.
fn words(rest: &[u8]) -> [u32; 8] {
    let length = rest.len() as u32;
    let padding = length | length << 8;
    let padding = padding | padding << 16;
    let mut words = [padding; 8];
    for (word, bytes) in words.iter_mut().zip(rest.chunks(4)) {
        for byte in bytes {
            *word = (*byte as i8 as u32).wrapping_add(*word << 8);
        }
    }
    words
}

fn transform(state: &mut [u32; 4], input: &[u32; 8]) {
    let choose = |x: u32, y: u32, z: u32| z ^ (x & (y ^ z));
    let majority = |x: u32, y: u32, z: u32| (x & y).wrapping_add((x ^ y) & z);
    let parity = |x: u32, y: u32, z: u32| x ^ y ^ z;
    let mut s = *state;
    round(&mut s, choose, [0, 1, 2, 3, 4, 5, 6, 7].map(|at| input[at]), [3, 7, 11, 19]);
    let second = [1, 3, 5, 7, 0, 2, 4, 6].map(|at| input[at].wrapping_add(ROUND_2));
    round(&mut s, majority, second, [3, 5, 9, 13]);
    let third = [3, 7, 2, 6, 1, 5, 0, 4].map(|at| input[at].wrapping_add(ROUND_3));
    round(&mut s, parity, third, [3, 9, 11, 15]);
    for (word, change) in state.iter_mut().zip(s) {
        *word = word.wrapping_add(change);
    }
}

fn round(
    state: &mut [u32; 4],
    mix: impl Fn(u32, u32, u32) -> u32,
    input: [u32; 8],
    shifts: [u32; 4],
) {
    for (step, word) in input.into_iter().enumerate() {
        let [a, b, c, d] = *state;
        let mixed = a.wrapping_add(mix(b, c, d)).wrapping_add(word);
        *state = [d, mixed.rotate_left(shifts[step % 4]), b, c];
    }
}
