//! One 512-byte tar header block: where its fields are and how its numbers are spelt.

use std::ops::Range;

/// Everything in a tar archive is a multiple of this.
pub(super) const BLOCK_BYTES: usize = 512;

const NAME: Range<usize> = 0..100;
const MODE: Range<usize> = 100..108;
const UID: Range<usize> = 108..116;
const GID: Range<usize> = 116..124;
const SIZE: Range<usize> = 124..136;
const MTIME: Range<usize> = 136..148;
const CHECKSUM: Range<usize> = 148..156;
const TYPE: usize = 156;
const LINK_NAME: Range<usize> = 157..257;
const MAGIC: Range<usize> = 257..265;
const USER_NAME: Range<usize> = 265..297;
const GROUP_NAME: Range<usize> = 297..329;
const MAJOR: Range<usize> = 329..337;
const MINOR: Range<usize> = 337..345;
const PREFIX: Range<usize> = 345..500;

const MAGIC_USTAR: &[u8; 8] = b"ustar\x0000";
const MAGIC_GNU: &[u8; 8] = b"ustar  \0";

/// A header block. It is only ever handled whole.
#[derive(Clone)]
pub(super) struct Header(pub(super) [u8; BLOCK_BYTES]);

/// A numeric field of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Mode,
    Uid,
    Gid,
    Size,
    Mtime,
    Major,
    Minor,
}

impl Field {
    fn range(self) -> Range<usize> {
        match self {
            Self::Mode => MODE,
            Self::Uid => UID,
            Self::Gid => GID,
            Self::Size => SIZE,
            Self::Mtime => MTIME,
            Self::Major => MAJOR,
            Self::Minor => MINOR,
        }
    }

    /// The name for error messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Mode => "mode",
            Self::Uid => "uid",
            Self::Gid => "gid",
            Self::Size => "size",
            Self::Mtime => "mtime",
            Self::Major => "device major",
            Self::Minor => "device minor",
        }
    }

    /// The largest number that the field holds in octal.
    pub(super) fn max(self) -> u64 {
        let digits = self.range().len() as u32 - 1;
        (1 << (3 * digits)) - 1
    }
}

impl Header {
    /// An empty POSIX header of this type; numbers are zero, names empty.
    pub(super) fn new(kind: u8) -> Self {
        let mut header = Self([0; BLOCK_BYTES]);
        header.0[MAGIC].copy_from_slice(MAGIC_USTAR);
        header.0[TYPE] = kind;
        for field in [
            Field::Mode,
            Field::Uid,
            Field::Gid,
            Field::Size,
            Field::Mtime,
            Field::Major,
            Field::Minor,
        ] {
            header.set(field, 0);
        }
        header
    }

    pub(super) fn is_zero(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }

    /// Whether the checksum fits. Ancient writers summed signed bytes; both are accepted.
    pub(super) fn checksum_fits(&self) -> bool {
        let unsigned: u32 = self.summed().map(u32::from).sum();
        let signed: i32 = self.summed().map(|byte| i32::from(byte.cast_signed())).sum();
        let stored = parse_octal(&self.0[CHECKSUM]);
        stored.is_some_and(|stored| {
            stored == u64::from(unsigned) || i64::try_from(stored) == Ok(i64::from(signed))
        })
    }

    /// Closes a header that is complete otherwise.
    pub(super) fn seal(&mut self) {
        let sum: u32 = self.summed().map(u32::from).sum();
        self.0[CHECKSUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }

    /// The type flag.
    pub(super) fn kind(&self) -> u8 {
        self.0[TYPE]
    }

    /// Reads a number: octal, or the binary form of GNU; none if it is neither.
    pub(super) fn get(&self, field: Field) -> Option<i128> {
        let bytes = &self.0[field.range()];
        if bytes[0] & 0x80 == 0 {
            return parse_octal(bytes).map(i128::from);
        }
        // The first bit marks the form, the next is the sign.
        let first = i128::from(bytes[0] & 0x7f);
        let first = if bytes[0] & 0x40 == 0 { first } else { first - 0x80 };
        Some(bytes[1..].iter().fold(first, |value, byte| (value << 8) | i128::from(*byte)))
    }

    /// Writes a number, which must be at most the field's maximum.
    pub(super) fn set(&mut self, field: Field, value: u64) {
        let range = field.range();
        let digits = range.len() - 1;
        let text = format!("{value:0digits$o}\0");
        self.0[range].copy_from_slice(&text.as_bytes()[..digits + 1]);
    }

    /// The name, with the prefix that POSIX headers have.
    pub(super) fn name(&self) -> Vec<u8> {
        let name = until_nul(&self.0[NAME]);
        let prefix = until_nul(&self.0[PREFIX]);
        // Only POSIX headers have a prefix there; GNU's have times.
        if &self.0[MAGIC] == MAGIC_GNU || !self.0[MAGIC].starts_with(b"ustar") || prefix.is_empty()
        {
            return name.to_vec();
        }
        [prefix, b"/", name].concat()
    }

    /// Stores a name if it fits, cut at a slash when longer than the name field.
    pub(super) fn set_name(&mut self, name: &[u8]) -> bool {
        if name.len() <= NAME.len() {
            self.0[NAME][..name.len()].copy_from_slice(name);
            return true;
        }
        // The part after the slash must not be empty, and fit.
        let earliest = name.len() - 1 - NAME.len();
        let cut = (earliest..name.len() - 1).find(|at| name[*at] == b'/');
        let Some(cut) = cut.filter(|cut| (1..=PREFIX.len()).contains(cut)) else { return false };
        self.0[PREFIX][..cut].copy_from_slice(&name[..cut]);
        self.0[NAME][..name.len() - cut - 1].copy_from_slice(&name[cut + 1..]);
        true
    }

    /// Stores as much of a name as fits, for readers that do not know what follows.
    pub(super) fn set_name_cut(&mut self, name: &[u8]) {
        let length = name.len().min(NAME.len());
        self.0[NAME][..length].copy_from_slice(&name[..length]);
    }

    /// The owning user's name; empty where the header has none.
    pub(super) fn user_name(&self) -> &[u8] {
        self.owner_name(USER_NAME)
    }

    /// The owning group's name; empty where the header has none.
    pub(super) fn group_name(&self) -> &[u8] {
        self.owner_name(GROUP_NAME)
    }

    fn owner_name(&self, field: Range<usize>) -> &[u8] {
        let has_names = self.0[MAGIC].starts_with(b"ustar");
        if has_names { until_nul(&self.0[field]) } else { b"" }
    }

    pub(super) fn link_name(&self) -> &[u8] {
        until_nul(&self.0[LINK_NAME])
    }

    /// Stores a link's target, cut to the field; returns whether all of it fits.
    pub(super) fn set_link_name(&mut self, target: &[u8]) -> bool {
        let length = target.len().min(LINK_NAME.len());
        self.0[LINK_NAME][..length].copy_from_slice(&target[..length]);
        length == target.len()
    }

    /// The bytes that the checksum is over: it counts itself as blanks.
    fn summed(&self) -> impl Iterator<Item = u8> {
        let blanks = std::iter::repeat_n(b' ', CHECKSUM.len());
        self.0[..CHECKSUM.start]
            .iter()
            .copied()
            .chain(blanks)
            .chain(self.0[CHECKSUM.end..].iter().copied())
    }
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Octal digits between blanks, up to a NUL; an empty field is zero.
fn parse_octal(bytes: &[u8]) -> Option<u64> {
    let digits = until_nul(bytes).trim_ascii();
    digits.iter().try_fold(0u64, |value, digit| match digit {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_sealed_header_fits_its_checksum_and_no_other() {
        let mut header = Header::new(b'0');
        assert!(header.set_name(b"name"));
        header.seal();
        assert!(header.checksum_fits());
        header.0[0] ^= 1;
        assert!(!header.checksum_fits());
    }

    #[test]
    fn numbers_are_read_in_octal_and_in_binary() {
        let mut header = Header::new(b'0');
        header.set(Field::Uid, Field::Uid.max());
        assert_eq!(header.get(Field::Uid), Some(0o7777777));
        header.0[MTIME]
            .copy_from_slice(&[255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 254]);
        assert_eq!(header.get(Field::Mtime), Some(-2));
        header.0[SIZE].copy_from_slice(&[128, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
        assert_eq!(header.get(Field::Size), Some(1 << 34));
        header.0[GID].copy_from_slice(b"   12 \0 ");
        assert_eq!(header.get(Field::Gid), Some(0o12));
        header.0[GID].copy_from_slice(b"0x12\0\0\0\0");
        assert_eq!(header.get(Field::Gid), None);
    }

    #[test]
    fn a_long_name_is_cut_at_a_slash_or_refused() {
        let check = |name: String, fits: bool| {
            let mut header = Header::new(b'0');
            assert_eq!(header.set_name(name.as_bytes()), fits, "{name}");
            assert!(!fits || header.name() == name.as_bytes());
        };
        check("a".repeat(100), true);
        check("a".repeat(101), false);
        check(format!("{}/{}", "a".repeat(155), "b".repeat(100)), true);
        check(format!("{}/{}", "a".repeat(156), "b".repeat(100)), false);
        check(format!("{}/", "a".repeat(100)), false);
        check(format!("{}/b/", "a".repeat(100)), true);
    }
}
