//! The algorithms: bytes in, fewer bytes out, and back.

mod compressor;
mod expander;

pub(crate) use compressor::{Compressor, description};
pub(crate) use expander::Expander;
