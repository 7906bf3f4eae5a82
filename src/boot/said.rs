//! What a command in the guest says, as far as it is kept.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use crate::progress::visible;

const BYTES_MAX: usize = 4096;

/// The beginning of what a command in the guest says, fit to be seen.
#[derive(Debug, Clone, Default)]
pub struct Said(Arc<Mutex<Vec<u8>>>);

impl Said {
    /// All of it on one line.
    pub fn text(&self) -> String {
        visible(self.raw().trim())
    }

    /// Each line of it.
    pub fn lines(&self) -> Vec<String> {
        self.raw().lines().map(visible).collect()
    }

    fn raw(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = BYTES_MAX.saturating_sub(known.len()).min(bytes.len());
        known.extend_from_slice(&bytes[..room]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
