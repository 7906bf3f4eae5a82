//! Puts packages and what they provide in the order in which they are looked up.

use std::cmp::Ordering;

use super::{PackageId, Universe};
use crate::family::deb::version;

/// The first bytes of a name, so that most comparisons need not look into the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key([u8; 16]);

impl Key {
    pub(super) fn new(name: &[u8]) -> Self {
        let mut key = [0; 16];
        let length = name.len().min(key.len());
        key[..length].copy_from_slice(&name[..length]);
        Self(key)
    }
}

impl Universe {
    pub(super) fn sort(&mut self) {
        let mut by_name: Vec<u32> = (0..).take(self.records.len()).collect();
        by_name.sort_by(|&left, &right| {
            let record = |id: u32| &self.records[id as usize];
            let (left_record, right_record) = (record(left), record(right));
            let keys = left_record.name_key.cmp(&right_record.name_key);
            keys.then_with(|| self.name_bytes(left).cmp(self.name_bytes(right)))
                .then(left_record.arch.cmp(&right_record.arch))
                .then_with(|| self.preference(left, right))
        });
        let is_other = |pair: &[u32]| {
            let records = [pair[0], pair[1]].map(|id| &self.records[id as usize]);
            records[0].arch != records[1].arch
                || self.name_bytes(pair[0]) != self.name_bytes(pair[1])
        };
        let later = by_name.windows(2).filter(|pair| is_other(pair)).map(|pair| pair[1]);
        for id in by_name.first().copied().into_iter().chain(later.collect::<Vec<_>>()) {
            self.records[id as usize].is_candidate = true;
        }
        self.by_name = by_name;
        let mut provides = std::mem::take(&mut self.provides);
        provides.sort_by(|left, right| {
            let keys = left.name_key.cmp(&right.name_key);
            keys.then_with(|| self.provided_name(left).cmp(self.provided_name(right)))
                .then(left.owner.cmp(&right.owner))
        });
        self.provides = provides;
    }

    /// Puts the candidate first: the best rank, then the latest version, then the earliest index.
    fn preference(&self, left: u32, right: u32) -> Ordering {
        let (left_package, right_package) =
            (self.package(PackageId(left)), self.package(PackageId(right)));
        let (left_version, right_version) = (left_package.version(), right_package.version());
        let versions = version::compare(right_version.as_bytes(), left_version.as_bytes());
        right_package.pin().cmp(&left_package.pin()).then(versions).then(left.cmp(&right))
    }
}
