//! OpenPGP packets out of files, which may write them as text.

use std::io::Read;

use pgp::armor::{BlockType, Dearmor, DearmorOptions};
use pgp::errors::Error;

const BEGIN: &[u8] = b"-----BEGIN PGP ";

/// Returns the packets in a file: binary, or of every armored block of one kind.
pub(super) fn packets(bytes: &[u8], kind: BlockType) -> Result<Vec<u8>, Error> {
    // A packet begins with a byte that no text begins with.
    if bytes.first().is_some_and(|first| first & 0x80 != 0) {
        return Ok(bytes.to_vec());
    }
    let mut starts: Vec<usize> = memchr::memmem::find_iter(bytes, BEGIN).collect();
    starts.push(bytes.len());
    let mut packets = Vec::new();
    for block in starts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]) {
        let mut dearmor =
            Dearmor::with_options(block, DearmorOptions::new().set_limit(bytes.len()));
        dearmor.read_header()?;
        if dearmor.typ == Some(kind) {
            // At once, because the reader panics when it is asked again after an error.
            dearmor.read_to_end(&mut packets)?;
        }
    }
    Ok(packets)
}
