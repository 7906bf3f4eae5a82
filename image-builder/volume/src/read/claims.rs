//! What belongs to one part of an image alone.

use std::collections::HashSet;

use super::problem::{Problem, ensure};

/// Blocks that belong to one file or directory alone.
///
/// As no such block counts twice, no image can make its reader do more than its size allows.
#[derive(Debug, Default)]
pub struct Claims(HashSet<u64>);

impl Claims {
    /// Takes a block; that somebody has it already is an error.
    pub fn claim(&mut self, block: u64) -> Result<(), Problem> {
        ensure(self.0.insert(block), "a block of it belongs to something else too")
    }
}
