//! What lies below a directory.

use std::collections::btree_map;
use std::ops::Bound;

use super::Tree;
use crate::node::Node;
use crate::path::GuestPath;

impl Tree {
    /// Goes through everything strictly below a directory, sorted.
    pub fn below(&self, directory: &GuestPath) -> btree_map::Range<'_, GuestPath, Node> {
        let (from, to) = bounds_below(directory);
        self.nodes.range::<[u8], _>((borrowed(&from), borrowed(&to)))
    }

    /// Takes out everything strictly below a directory.
    pub fn remove_below(&mut self, directory: &GuestPath) {
        let doomed: Vec<GuestPath> = self.below(directory).map(|(path, _)| path.clone()).collect();
        for path in &doomed {
            self.detach(path);
        }
    }
}

/// The paths below a directory are those that begin with its name and a slash.
fn bounds_below(directory: &GuestPath) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    if directory.is_root() {
        return (Bound::Excluded(Vec::new()), Bound::Unbounded);
    }
    let with_last = |last| [directory.as_bytes(), &[last]].concat();
    (Bound::Excluded(with_last(b'/')), Bound::Excluded(with_last(b'/' + 1)))
}

fn borrowed(bound: &Bound<Vec<u8>>) -> Bound<&[u8]> {
    bound.as_ref().map(Vec::as_slice)
}
