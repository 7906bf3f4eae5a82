//! The functions that the program has in place of a C library's do the same.

#![cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]

use std::arch::global_asm;
use std::cmp::Ordering;
use std::ffi::{c_char, c_int};

#[cfg(target_arch = "x86_64")]
global_asm!(include_str!("../src/memory/x86_64.s"));

#[cfg(target_arch = "aarch64")]
global_asm!(include_str!("../src/memory/aarch64.s"));

unsafe extern "C" {
    fn osb_memcpy(to: *mut u8, from: *const u8, count: usize) -> *mut u8;
    fn osb_memmove(to: *mut u8, from: *const u8, count: usize) -> *mut u8;
    fn osb_memset(to: *mut u8, byte: c_int, count: usize) -> *mut u8;
    fn osb_memcmp(one: *const u8, other: *const u8, count: usize) -> c_int;
    fn osb_bcmp(one: *const u8, other: *const u8, count: usize) -> c_int;
    fn osb_strlen(text: *const c_char) -> usize;
}

const BYTES: usize = 96;
const PLACES: [usize; 5] = [0, 1, 7, 16, 33];

#[test]
fn bytes_are_copied_and_moved() {
    for (from, to, count) in cases() {
        let mut expected = counting();
        expected.copy_within(from..from + count, to);
        let mut moved = counting();
        let start = moved.as_mut_ptr();
        // SAFETY: both places lie in the array.
        let end = unsafe { osb_memmove(start.add(to), start.add(from), count) };
        assert_eq!((moved, end), (expected, start.wrapping_add(to)), "{from} {to} {count}");

        let source = counting();
        let (mut copied, mut expected) = ([0; BYTES], [0; BYTES]);
        expected[to..to + count].copy_from_slice(&source[from..from + count]);
        let place = copied.as_mut_ptr().wrapping_add(to);
        // SAFETY: the places lie in two arrays.
        let end = unsafe { osb_memcpy(place, source.as_ptr().add(from), count) };
        assert_eq!((copied, end), (expected, place), "{from} {to} {count}");
    }
}

#[test]
fn bytes_are_set() {
    for (_, to, count) in cases() {
        let (mut set, mut expected) = (counting(), counting());
        expected[to..to + count].fill(0xfe);
        let place = set.as_mut_ptr().wrapping_add(to);
        // SAFETY: the place lies in the array. Only the lowest byte of the number counts.
        let end = unsafe { osb_memset(place, 0x7_63fe, count) };
        assert_eq!((set, end), (expected, place), "{to} {count}");
    }
}

#[test]
fn bytes_are_compared() {
    for (_, at, count) in cases() {
        let (one, mut other) = (counting(), counting());
        check(&one[at..at + count], &other[at..at + count]);
        for (place, byte) in [(0, 0), (count / 2, 0xff), (count.saturating_sub(1), 0x80)] {
            other[at + place] = byte;
            check(&one[at..at + count], &other[at..at + count]);
        }
    }
}

#[test]
fn strings_are_measured() {
    for length in 0..BYTES - 1 {
        let mut text = [b'x'; BYTES];
        text[length] = 0;
        // SAFETY: there is a zero.
        assert_eq!(unsafe { osb_strlen(text.as_ptr().cast()) }, length);
    }
}

fn check(one: &[u8], other: &[u8]) {
    // SAFETY: both have as many bytes.
    let (order, difference) = unsafe {
        let (a, b) = (one.as_ptr(), other.as_ptr());
        (osb_memcmp(a, b, one.len()), osb_bcmp(a, b, one.len()))
    };
    assert_eq!(order.cmp(&0), one.cmp(other), "{one:?} {other:?}");
    assert_eq!(difference == 0, one.cmp(other) == Ordering::Equal, "{one:?} {other:?}");
}

fn counting() -> [u8; BYTES] {
    std::array::from_fn(|index| (index as u8).wrapping_mul(3).wrapping_add(1))
}

/// From where, to where, how many.
fn cases() -> impl Iterator<Item = (usize, usize, usize)> {
    let places = PLACES.into_iter().flat_map(|from| PLACES.map(|to| (from, to)));
    places.flat_map(|(from, to)| (0..=BYTES - 33).map(move |count| (from, to, count)))
}
