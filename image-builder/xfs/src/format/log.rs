//! The log of a filesystem that was left in order: one record, which says that it was unmounted.

use super::SECTOR;
use crate::bytes::{put, put32};

const MAGIC: u32 = 0xfeed_babe;
const CYCLE: u32 = 1;
const VERSION: u32 = 2;
const FORMAT_LITTLE_ENDIAN: u32 = 1;
/// Records are at most this long.
const RECORD_SIZE: u32 = 0x8000;
/// The number of the transaction; any would do.
const TRANSACTION: u32 = 0xb0c0_d0d0;
const CLIENT_LOG: u8 = 0xaa;
const FLAG_UNMOUNT: u8 = 0x20;
/// `Un`, in the order of bytes that the record says.
const UNMOUNT: [u8; 2] = *b"nU";

/// The first two sectors; all others are zeros.
pub(crate) fn unmounted(uuid: &[u8; 16]) -> [u8; 2 * SECTOR] {
    let mut bytes = [0; 2 * SECTOR];
    for (at, value) in [
        (0, MAGIC),
        (4, CYCLE),
        (8, VERSION),
        (12, SECTOR as u32),
        // This record, and the oldest that matters: both this one.
        (16, CYCLE),
        (24, CYCLE),
        // There is none before it.
        (36, u32::MAX),
        // It holds one thing.
        (40, 1),
        // A sector's first word is the cycle: what stood there is kept here.
        (44, TRANSACTION),
        (300, FORMAT_LITTLE_ENDIAN),
        (320, RECORD_SIZE),
        (SECTOR, CYCLE),
        (SECTOR + 4, 8),
    ] {
        put32(&mut bytes, at, value);
    }
    put(&mut bytes, 304, uuid);
    put(&mut bytes, SECTOR + 8, &[CLIENT_LOG, FLAG_UNMOUNT, 0, 0]);
    put(&mut bytes, SECTOR + 12, &UNMOUNT);
    bytes
}
