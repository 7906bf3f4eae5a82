//! The ar format, as far as packages use it: no long names, no symbol table.

use std::io::{self, BufRead};

use super::{ArchiveError, malformed};
use crate::decompress::Compression;

const MAGIC: &[u8; 8] = b"!<arch>\n";
const HEADER_BYTES: usize = 60;

/// What a member is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The format's version.
    Version,
    /// Control files.
    Control,
    /// Files to install.
    Data,
}

impl Role {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Version => "debian-binary",
            Self::Control => "control.tar",
            Self::Data => "data.tar",
        }
    }
}

/// One member's header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) size: u64,
}

/// Reads the archive's first bytes.
pub(super) fn read_magic(input: &mut dyn BufRead) -> Result<(), ArchiveError> {
    let mut magic = [0; MAGIC.len()];
    let count = read_up_to(input, &mut magic)?;
    match magic == *MAGIC && count == MAGIC.len() {
        true => Ok(()),
        false => Err(malformed("it is not an ar archive")),
    }
}

impl Header {
    /// Reads the next header; none at the archive's end.
    pub(super) fn read(input: &mut dyn BufRead) -> Result<Option<Self>, ArchiveError> {
        let mut bytes = [0; HEADER_BYTES];
        match read_up_to(input, &mut bytes)? {
            0 => Ok(None),
            HEADER_BYTES => Self::parse(&bytes).map(Some),
            _ => Err(malformed("bytes that are no member follow the last one")),
        }
    }

    fn parse(bytes: &[u8; HEADER_BYTES]) -> Result<Self, ArchiveError> {
        if &bytes[58..] != b"`\n" {
            return Err(malformed("a member's header does not end as it must"));
        }
        let name = bytes[..16].trim_ascii_end();
        // GNU ar ends names with a slash, BSD ar does not.
        let name = name.strip_suffix(b"/").unwrap_or(name);
        let is_plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b'/';
        if name.is_empty() || !name.iter().all(is_plain) {
            return Err(malformed(format!("member has the name {:?}", name.escape_ascii())));
        }
        let name = String::from_utf8_lossy(name).into_owned();
        let size = parse_size(&bytes[48..58])
            .ok_or_else(|| malformed(format!("member {name} has no proper size")))?;
        Ok(Self { name, size })
    }

    /// What the member is for; none if its name is not one that packages use.
    pub(super) fn role(&self) -> Option<Role> {
        match self.name.split_once(".tar") {
            None if self.name == Role::Version.name() => Some(Role::Version),
            Some(("control", _)) => Some(Role::Control),
            Some(("data", _)) => Some(Role::Data),
            None | Some(_) => None,
        }
    }

    /// Whether older programs are meant to pass over it.
    pub(super) fn is_private(&self) -> bool {
        self.name.starts_with('_')
    }

    /// How the member is compressed, by its name.
    pub(super) fn compression(&self) -> Result<Compression, ArchiveError> {
        let suffix = self.name.split_once(".tar").map_or("", |(_, suffix)| suffix);
        Compression::ALL
            .into_iter()
            .find(|compression| compression.suffix() == suffix)
            .ok_or_else(|| ArchiveError::Compression { member: self.name.clone() })
    }

    /// The error for finding this member where `role` must stand.
    pub(super) fn unexpected(&self, role: Role) -> ArchiveError {
        malformed(format!("found {} where {} must stand", self.name, role.name()))
    }

    /// Skips the byte that makes the next header begin at an even place.
    pub(super) fn skip_padding(&self, input: &mut dyn BufRead) -> Result<(), ArchiveError> {
        if self.size % 2 == 1 {
            // Some writers leave it out after the last member.
            read_up_to(input, &mut [0])?;
        }
        Ok(())
    }
}

fn parse_size(field: &[u8]) -> Option<u64> {
    let digits = field.trim_ascii_end();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Fills `buffer` unless the input ends before; returns how much came.
fn read_up_to(input: &mut dyn BufRead, buffer: &mut [u8]) -> Result<usize, ArchiveError> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(ArchiveError::Read(error)),
        }
    }
    Ok(filled)
}
