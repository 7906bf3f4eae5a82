//! Puts packages and what they provide in the order in which they are looked up.

use super::{PackageId, Universe};
use crate::family::apk::version;

/// A number for a name, so that most comparisons need not look at the text: FNV-1a.
pub(super) fn key(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |key, byte| {
        (key ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Universe {
    pub(super) fn sort(&mut self) {
        let mut by_name = std::mem::take(&mut self.by_name);
        by_name.sort_by(|left, right| {
            left.key.cmp(&right.key).then_with(|| {
                let [one, other] = [left.id, right.id].map(|id| self.package(PackageId(id)));
                let names = one.name().cmp(other.name());
                let newer = || version::compare(other.version(), one.version());
                names.then_with(newer).then(left.id.cmp(&right.id))
            })
        });
        self.by_name = by_name;
        self.provides
            .sort_unstable_by_key(|provide| (provide.key, provide.owner, provide.word.start));
    }
}
