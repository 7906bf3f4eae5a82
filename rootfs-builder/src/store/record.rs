//! Small values that the store remembers under a key, and that notice being torn.

use std::io;

use super::{Shelf, Store, StoreError, mark_used};
use crate::digest::Digest;

// The digest in hexadecimal and a line end.
const HEADER_BYTES: usize = 65;

impl Store {
    /// Reads what was remembered under `key`; none if it is not there or is damaged.
    pub fn read_record(&self, shelf: Shelf, key: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.entry_path(shelf, key);
        let _gate = self.gate_shared()?;
        let mut bytes = match fs_err::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.error(error)),
        };
        if bytes.len() < HEADER_BYTES {
            return Ok(None);
        }
        let value = bytes.split_off(HEADER_BYTES);
        if bytes != header(&value).as_bytes() {
            return Ok(None);
        }
        mark_used(&path);
        Ok(Some(value))
    }

    /// Remembers `value` under `key` in place of what was there.
    pub fn write_record(&self, shelf: Shelf, key: Digest, value: &[u8]) -> Result<(), StoreError> {
        let fresh = self.session.fresh_path();
        let mut bytes = header(value).into_bytes();
        bytes.extend_from_slice(value);
        fs_err::write(&fresh, bytes).map_err(|error| self.error(error))?;
        self.place(&fresh, &self.entry_path(shelf, key))
    }
}

fn header(value: &[u8]) -> String {
    format!("{}\n", Digest::of(value))
}
