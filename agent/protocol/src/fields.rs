//! Reads and writes the fields of a payload.

use alloc::vec::Vec;

use crate::{HEADER_BYTES, Header, MAX_ITEMS, MAX_PAYLOAD, Malformed, Unsendable};

const SHORT: Malformed = Malformed::Payload("too short");

/// What is left of a payload.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(payload: &'a [u8]) -> Self {
        Self(payload)
    }

    pub(crate) fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.0)
    }

    /// Later versions may say more in a frame only where this is not asked.
    pub(crate) fn finish(&self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed::Payload("too long")) }
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (first, rest) = self.0.split_first_chunk().ok_or(SHORT)?;
        self.0 = rest;
        Ok(*first)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Malformed> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(crate) fn flag(&mut self) -> Result<bool, Malformed> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed::Payload("a flag is neither 0 nor 1")),
        }
    }

    pub(crate) fn string(&mut self) -> Result<Vec<u8>, Malformed> {
        let length = usize::try_from(self.u32()?).map_err(|_| SHORT)?;
        let (string, rest) = self.0.split_at_checked(length).ok_or(SHORT)?;
        if string.contains(&0) {
            return Err(Malformed::Payload("a zero byte in a string"));
        }
        self.0 = rest;
        Ok(string.to_vec())
    }

    pub(crate) fn list(&mut self) -> Result<Vec<Vec<u8>>, Malformed> {
        let count = usize::try_from(self.u32()?).map_err(|_| SHORT)?;
        if count > MAX_ITEMS {
            return Err(Malformed::Payload("too many items"));
        }
        (0..count).map(|_| self.string()).collect()
    }
}

/// Appends one frame; what went wrong first is said at the end.
pub(crate) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    problem: Option<Unsendable>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(kind: u8, channel: u32, out: &'a mut Vec<u8>) -> Self {
        let start = out.len();
        Header { kind, channel, length: 0 }.write(out);
        Self { out, start, problem: None }
    }

    /// Fills in the length, or takes back what was appended.
    pub(crate) fn finish(self) -> Result<(), Unsendable> {
        let length = self.out.len().saturating_sub(self.start + HEADER_BYTES);
        let checked = match (self.problem, u32::try_from(length)) {
            (None, Ok(checked)) if length <= MAX_PAYLOAD => Ok(checked),
            (Some(problem), _) => Err(problem),
            _ => Err(Unsendable::TooLarge),
        };
        match checked {
            Ok(checked) => {
                let place = self.start + HEADER_BYTES - 4..self.start + HEADER_BYTES;
                if let Some(place) = self.out.get_mut(place) {
                    place.copy_from_slice(&checked.to_le_bytes());
                }
                Ok(())
            }
            Err(problem) => {
                self.out.truncate(self.start);
                Err(problem)
            }
        }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        if bytes.len() > MAX_PAYLOAD {
            self.problem.get_or_insert(Unsendable::TooLarge);
        } else {
            self.out.extend_from_slice(bytes);
        }
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes(&value.to_le_bytes());
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.bytes(&value.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.bytes(&value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    pub(crate) fn flag(&mut self, value: bool) {
        self.u8(value.into());
    }

    pub(crate) fn string(&mut self, string: &[u8]) {
        if string.contains(&0) {
            self.problem.get_or_insert(Unsendable::Zero);
        }
        // A length that does not fit is refused with the bytes.
        self.u32(u32::try_from(string.len()).unwrap_or(u32::MAX));
        self.bytes(string);
    }

    pub(crate) fn list(&mut self, items: &[Vec<u8>]) {
        if items.len() > MAX_ITEMS {
            self.problem.get_or_insert(Unsendable::TooMany);
            return;
        }
        self.u32(u32::try_from(items.len()).unwrap_or(u32::MAX));
        for item in items {
            self.string(item);
        }
    }
}
