//! Packages, indexes and mirrors of the apk family, as its own tools write them.

mod index;
mod key;
mod mirror;
mod package;
mod real;
mod rebuilt;

pub use index::index_text;
pub use key::{Key, SignatureKind};
pub use mirror::Repository;
pub use package::{Apk, Package};
pub use real::{RELEASE, RealSystem};

use crate::{Compression, Entry, entry::posix_members};

/// A gzip member with a whole tar archive in it.
fn archive(entries: &[Entry], has_checksums: bool) -> Vec<u8> {
    let mut bytes = posix_members(entries, has_checksums);
    // tar writes records of twenty blocks.
    bytes.resize((bytes.len() + 1024).next_multiple_of(10_240), 0);
    Compression::Gz.compress(&bytes)
}

/// A gzip member with a tar archive that the next member continues.
fn segment(entries: &[Entry]) -> Vec<u8> {
    Compression::Gz.compress(&posix_members(entries, false))
}

/// The SHA-1 of some bytes as indexes and databases have it: `Q1` and base64.
pub fn checksum(bytes: &[u8]) -> String {
    use sha1::Digest;
    format!("Q1{}", base64(&sha1::Sha1::digest(bytes)))
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let at = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let number = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let digit = ALPHABET[(number >> (18 - 6 * place)) as usize & 63];
            text.push(if place > group.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{base64, checksum};

    #[test]
    fn base64_is_padded() {
        assert_eq!(base64(b""), "");
        assert_eq!(base64(b"f"), "Zg==");
        assert_eq!(base64(b"fo"), "Zm8=");
        assert_eq!(base64(b"foobar"), "Zm9vYmFy");
    }

    #[test]
    fn checksum_of_nothing_is_known() {
        assert_eq!(checksum(b""), "Q12jmj7l5rSw0yVb/vlWAYkK/YBwk=");
    }
}
