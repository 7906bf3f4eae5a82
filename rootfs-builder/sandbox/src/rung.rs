//! The privilege ladder: what a host lets us be.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One way of having the rights that a build needs, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// Pure file work: nothing is run, nothing is needed.
    Files,
    /// A user namespace with subordinate ids.
    SubordinateIds,
    /// A user namespace with one id; other owners are recorded, not performed.
    SingleId,
    /// Root on this host, with namespaces for the tools.
    Root,
    /// Root without namespaces, as in an unprivileged container.
    Chroot,
}

impl Rung {
    /// All rungs, lowest first.
    pub const ALL: [Rung; 5] =
        [Rung::Files, Rung::SubordinateIds, Rung::SingleId, Rung::Root, Rung::Chroot];

    /// Tells whether tools on this rung get namespaces of their own.
    pub fn has_namespaces(self) -> bool {
        match self {
            Rung::SubordinateIds | Rung::SingleId | Rung::Root => true,
            Rung::Files | Rung::Chroot => false,
        }
    }

    /// Tells whether a build on this rung must first [`enter`](crate::enter) it.
    pub fn must_be_entered(self) -> bool {
        match self {
            Rung::SubordinateIds | Rung::SingleId => true,
            Rung::Files | Rung::Root | Rung::Chroot => false,
        }
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Rung::Files => "plain file work",
            Rung::SubordinateIds => "user namespace with subordinate ids",
            Rung::SingleId => "user namespace with a single id",
            Rung::Root => "root",
            Rung::Chroot => "root without namespaces",
        })
    }
}
