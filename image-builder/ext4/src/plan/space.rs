//! Free blocks, given away from the first to the last.

use std::ops::Range;

/// The blocks that metadata leaves free; behind its end there are as many as anyone wants.
#[derive(Debug)]
pub(crate) struct Space<'a> {
    taken: &'a [Range<u64>],
    cursor: u64,
}

impl<'a> Space<'a> {
    /// All blocks but those in `taken`, which is sorted.
    pub(crate) fn new(taken: &'a [Range<u64>]) -> Self {
        let mut space = Self { taken, cursor: 0 };
        space.skip_taken();
        space
    }

    /// Takes so many blocks, in as few runs as can be.
    pub(crate) fn take(&mut self, mut blocks: u64) -> Vec<Range<u64>> {
        let mut runs = Vec::new();
        while blocks > 0 {
            let end = self.taken.first().map_or(u64::MAX, |range| range.start);
            let count = blocks.min(end - self.cursor);
            runs.push(self.cursor..self.cursor + count);
            self.cursor += count;
            blocks -= count;
            self.skip_taken();
        }
        runs
    }

    /// All blocks before this are in use.
    pub(crate) fn cursor(&self) -> u64 {
        self.cursor
    }

    /// What is still taken behind the cursor.
    pub(crate) fn rest(&self) -> &'a [Range<u64>] {
        self.taken
    }

    fn skip_taken(&mut self) {
        while let Some((first, rest)) = self.taken.split_first()
            && first.start == self.cursor
        {
            self.cursor = first.end;
            self.taken = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_go_around_what_is_taken() {
        let taken = [0..5, 5..6, 10..12];
        let mut space = Space::new(&taken);
        assert_eq!(space.take(3), std::slice::from_ref(&(6..9)));
        assert_eq!(space.take(3), [9..10, 12..14]);
        assert_eq!(space.take(0), []);
        assert_eq!((space.cursor(), space.rest().len()), (14, 0));
    }
}
