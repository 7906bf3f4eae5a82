//! SHA-256 where each vector holds one word of sixteen messages.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_ror_epi32, _mm512_set1_epi32, _mm512_shuffle_i32x4,
    _mm512_srli_epi32, _mm512_ternarylogic_epi32, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};

use super::LANES;
use crate::verity::salted::STEP;

/// What `_mm512_ternarylogic_epi32` makes of every three bits: whether an odd number is set, what
/// the first chooses of the others, and what most of them are.
const ODD: i32 = 0x96;
const CHOSEN: i32 = 0xca;
const MOST: i32 = 0xe8;

/// What is added in each round.
#[rustfmt::skip]
const ADDED: [u32; STEP] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

/// See [`Advance`](super::Advance).
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn advance(states: &mut [[u32; 8]; LANES], parts: [&[u8]; LANES]) {
    let mut state = [vector([0; LANES]); 8];
    for (word, vectors) in state.iter_mut().enumerate() {
        *vectors = vector(states.map(|state| state[word]));
    }
    let steps = parts.map(|part| part.as_chunks::<STEP>().0);
    for number in 0..steps[0].len() {
        take(&mut state, words(&steps, number));
    }
    for (word, vector) in state.into_iter().enumerate() {
        for (state, number) in states.iter_mut().zip(numbers(vector)) {
            state[word] = number;
        }
    }
}

/// Takes one step of every message.
#[inline]
#[target_feature(enable = "avx512f")]
fn take(state: &mut [__m512i; 8], mut words: [__m512i; 16]) {
    let before = *state;
    // Without a loop each vector has a register of its own.
    macro_rules! rounds {
        ($prepare:expr, $added:expr, $($number:literal)*) => {$(
            if $prepare {
                prepare(&mut words, $number);
            }
            round(state, $number, words[$number], $added[$number]);
        )*};
    }
    for (group, added) in ADDED.as_chunks::<16>().0.iter().enumerate() {
        rounds!(group > 0, added, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
    }
    for (state, before) in state.iter_mut().zip(before) {
        *state = _mm512_add_epi32(*state, before);
    }
}

/// The word of a round, in the place of the one of sixteen rounds ago.
#[inline]
#[target_feature(enable = "avx512f")]
fn prepare(words: &mut [__m512i; 16], number: usize) {
    let at = |further: usize| words[(number + further) % 16];
    let (old, new) = (at(1), at(14));
    let old =
        odd(_mm512_ror_epi32::<7>(old), _mm512_ror_epi32::<18>(old), _mm512_srli_epi32::<3>(old));
    let new =
        odd(_mm512_ror_epi32::<17>(new), _mm512_ror_epi32::<19>(new), _mm512_srli_epi32::<10>(new));
    words[number] = _mm512_add_epi32(_mm512_add_epi32(at(0), old), _mm512_add_epi32(at(9), new));
}

/// One round. Instead of the words, their parts move on by one.
#[inline]
#[target_feature(enable = "avx512f")]
fn round(state: &mut [__m512i; 8], number: usize, word: __m512i, added: u32) {
    let place = |part: usize| (part + 16 - number) % 8;
    let at = |part: usize| state[place(part)];
    let [a, b, c, d, e, f, g, h] = [at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)];
    let turned =
        odd(_mm512_ror_epi32::<6>(e), _mm512_ror_epi32::<11>(e), _mm512_ror_epi32::<25>(e));
    let chosen = _mm512_ternarylogic_epi32::<CHOSEN>(e, f, g);
    let word = _mm512_add_epi32(word, _mm512_set1_epi32(added.cast_signed()));
    let first = _mm512_add_epi32(_mm512_add_epi32(h, word), _mm512_add_epi32(turned, chosen));
    let turned =
        odd(_mm512_ror_epi32::<2>(a), _mm512_ror_epi32::<13>(a), _mm512_ror_epi32::<22>(a));
    let second = _mm512_add_epi32(turned, _mm512_ternarylogic_epi32::<MOST>(a, b, c));
    state[place(3)] = _mm512_add_epi32(d, first);
    state[place(7)] = _mm512_add_epi32(first, second);
}

#[inline]
#[target_feature(enable = "avx512f")]
fn odd(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<ODD>(a, b, c)
}

/// The words of one step of every message, each word's in one vector.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn words(messages: &[&[[u8; STEP]]; LANES], number: usize) -> [__m512i; 16] {
    let mut rows = [vector([0; LANES]); 16];
    for (row, steps) in rows.iter_mut().zip(messages) {
        *row = in_order(&steps[number]);
    }
    // Each pass has two halves of the messages change places in half of the vectors.
    for group in rows.as_chunks_mut::<2>().0 {
        let [a, b] = *group;
        *group = [_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b)];
    }
    for group in rows.as_chunks_mut::<4>().0 {
        let [a, b, c, d] = *group;
        *group = [
            _mm512_unpacklo_epi64(a, c),
            _mm512_unpackhi_epi64(a, c),
            _mm512_unpacklo_epi64(b, d),
            _mm512_unpackhi_epi64(b, d),
        ];
    }
    let mut words = rows;
    for number in 0..4 {
        let [a, b, c, d] = [rows[number], rows[number + 4], rows[number + 8], rows[number + 12]];
        let low = [_mm512_shuffle_i32x4::<0x44>(a, b), _mm512_shuffle_i32x4::<0x44>(c, d)];
        let high = [_mm512_shuffle_i32x4::<0xee>(a, b), _mm512_shuffle_i32x4::<0xee>(c, d)];
        words[number] = _mm512_shuffle_i32x4::<0x88>(low[0], low[1]);
        words[number + 4] = _mm512_shuffle_i32x4::<0xdd>(low[0], low[1]);
        words[number + 8] = _mm512_shuffle_i32x4::<0x88>(high[0], high[1]);
        words[number + 12] = _mm512_shuffle_i32x4::<0xdd>(high[0], high[1]);
    }
    words
}

/// The words of one step of one message.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn in_order(step: &[u8; STEP]) -> __m512i {
    let mut words = [0; 16];
    let bytes = step.as_chunks::<4>().0;
    for (word, bytes) in words.iter_mut().zip(bytes) {
        *word = u32::from_be_bytes(*bytes);
    }
    vector(words)
}

#[allow(unsafe_code)]
fn vector(numbers: [u32; LANES]) -> __m512i {
    // SAFETY: both are 512 bits, any of which may be set.
    unsafe { std::mem::transmute(numbers) }
}

#[allow(unsafe_code)]
fn numbers(vector: __m512i) -> [u32; LANES] {
    // SAFETY: both are 512 bits, any of which may be set.
    unsafe { std::mem::transmute(vector) }
}
