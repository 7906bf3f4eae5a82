//! Programs that are text, and what reads them.

use std::io::{self, Read};

use tree::{Content, GuestPath, Tree};

use super::shown;
use crate::guest;

/// More than the kernel reads.
const LINE_BYTES_MAX: u64 = 256;
/// Where a guest's init looks for programs.
const PATH: [&str; 6] = ["usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin"];

/// What follows `#!` in the first line of a script; none if it is no script.
pub(super) fn line(content: &Content) -> io::Result<Option<Vec<u8>>> {
    let mut start = Vec::new();
    content.open()?.take(LINE_BYTES_MAX).read_to_end(&mut start)?;
    let Some(rest) = start.strip_prefix(b"#!") else { return Ok(None) };
    Ok(rest.split(|byte| *byte == b'\n').next().map(<[u8]>::to_vec))
}

/// The program that reads a script, or the name of what is not there.
pub(super) fn interpreter(tree: &Tree, line: &[u8]) -> Result<GuestPath, String> {
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    let missing = || shown(first);
    if !first.starts_with(b"/") {
        return Err(missing());
    }
    let found = guest::program(tree, first).ok_or_else(missing)?;
    if first.rsplit(|byte| *byte == b'/').next() != Some(b"env") {
        return Ok(found);
    }
    let is_name = |word: &&[u8]| !word.starts_with(b"-") && !word.contains(&b'=');
    let Some(name) = words.find(is_name) else { return Ok(found) };
    if name.starts_with(b"/") {
        return guest::program(tree, name).ok_or_else(|| shown(name));
    }
    let in_folder = |folder: &&str| guest::program(tree, [folder.as_bytes(), b"/", name].concat());
    PATH.iter().find_map(in_folder).ok_or_else(|| shown(name))
}
