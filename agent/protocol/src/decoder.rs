//! Makes frames of bytes, however they are cut into pieces.

use alloc::vec::Vec;
use core::marker::PhantomData;

use crate::{HEADER_BYTES, Header, MAGIC, MAX_PAYLOAD, Malformed, Unsendable};

/// What one side sends.
pub trait Frame: Sized {
    /// The kind with which this side begins a session; its payload starts with the magic.
    const FIRST_KIND: u8;
    /// All kinds of this side. Others are refused before their payload is waited for.
    const KINDS: &'static [u8];

    /// Appends this frame; appends nothing if it cannot be sent.
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Unsendable>;

    /// Reads the payload of a frame.
    fn decode(header: Header, payload: &[u8]) -> Result<Self, Malformed>;
}

/// Takes bytes and gives frames; holds at most two frames' worth of bytes.
#[derive(Debug)]
pub struct Decoder<F> {
    buffer: Vec<u8>,
    /// What of the buffer was already given out.
    taken: usize,
    is_seeking: bool,
    frames: PhantomData<F>,
}

const LIMIT: usize = 2 * (HEADER_BYTES + MAX_PAYLOAD);

impl<F: Frame> Decoder<F> {
    /// For a stream of its own, such as a vsock connection.
    pub fn new() -> Self {
        Self { buffer: Vec::new(), taken: 0, is_seeking: false, frames: PhantomData }
    }

    /// For a stream on which others spoke before: all is discarded until a session's first frame.
    pub fn seeking() -> Self {
        Self { is_seeking: true, ..Self::new() }
    }

    /// Discards what comes until a session's first frame.
    pub fn seek(&mut self) {
        self.is_seeking = true;
    }

    /// Takes bytes, as many as there is room for; once `next` has given `None` that is at least
    /// a whole frame's.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        if self.taken > 0 {
            self.buffer.drain(..self.taken);
            self.taken = 0;
        }
        let count = bytes.len().min(LIMIT.saturating_sub(self.buffer.len()));
        self.buffer.extend_from_slice(bytes.get(..count).unwrap_or_default());
        count
    }

    /// The next frame, if all of it has come.
    ///
    /// # Errors
    ///
    /// If what came is none. The decoder does not get past it, except by [`Decoder::seek`].
    #[allow(clippy::should_implement_trait, reason = "an end here is not the end of the stream")]
    pub fn next(&mut self) -> Result<Option<F>, Malformed> {
        loop {
            if self.is_seeking && !self.find_first() {
                return Ok(None);
            }
            match self.first_waiting() {
                Ok(None) => return Ok(None),
                Ok(Some((frame, length))) => {
                    self.taken += length;
                    self.is_seeking = false;
                    return Ok(Some(frame));
                }
                Err(_) if self.is_seeking => self.taken += 1,
                Err(malformed) => return Err(malformed),
            }
        }
    }

    /// The frame at the front and how long it is.
    fn first_waiting(&self) -> Result<Option<(F, usize)>, Malformed> {
        let Some((header, rest)) = self.waiting().split_first_chunk() else { return Ok(None) };
        let header = Header::read(header)?;
        if !F::KINDS.contains(&header.kind) {
            return Err(Malformed::Kind(header.kind));
        }
        let length = header.payload_bytes();
        let Some(payload) = rest.get(..length) else { return Ok(None) };
        Ok(Some((F::decode(header, payload)?, HEADER_BYTES + length)))
    }

    fn waiting(&self) -> &[u8] {
        self.buffer.get(self.taken..).unwrap_or_default()
    }

    /// Skips to what may be a session's first frame; false if its beginning has not come.
    fn find_first(&mut self) -> bool {
        while !self.waiting().is_empty() && !could_be_first::<F>(self.waiting()) {
            self.taken += 1;
        }
        // The kind alone matches each byte of a file of ones; only with the magic is it certain.
        self.waiting().len() >= HEADER_BYTES + MAGIC.len()
    }
}

impl<F: Frame> Default for Decoder<F> {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether bytes, as far as they go, are the header and magic of a session's first frame.
fn could_be_first<F: Frame>(bytes: &[u8]) -> bool {
    let start = [F::FIRST_KIND, 0, 0, 0, 0, 0, 0, 0];
    let magic_start = bytes.get(HEADER_BYTES..).unwrap_or_default();
    let is_sound = bytes
        .first_chunk()
        .is_none_or(|header| Header::read(header).is_ok_and(|header| header.payload_bytes() >= 20));
    is_sound
        && bytes.iter().zip(&start).all(|(left, right)| left == right)
        && magic_start.iter().zip(&MAGIC).all(|(left, right)| left == right)
}

#[cfg(test)]
mod tests;
