//! Sets of tags of repositories.

use crate::family::apk::index::Universe;

/// A set of tags; the repositories without one count as a tag, too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tags(u64);

/// More tags than a set holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {} repository tags", Tags::MAX)]
pub struct TooManyTags;

impl Tags {
    /// No tag, not even that of the repositories without one.
    pub const NONE: Self = Self(0);
    /// The repositories without a tag.
    pub const UNTAGGED: Self = Self(1);
    const MAX: usize = 63;

    /// The tag of that number; none stands for the repositories without a tag.
    pub fn of(number: Option<usize>) -> Self {
        match number {
            None => Self::UNTAGGED,
            Some(number) if number < Self::MAX => Self(2 << number),
            Some(_) => Self::NONE,
        }
    }

    pub fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The numbers of the tags; the repositories without one are left out.
    pub fn numbers(self) -> impl Iterator<Item = usize> {
        (0..Self::MAX).filter(move |&number| self.meets(Self::of(Some(number))))
    }
}

/// Lists the tags of all indexes, each once.
pub(super) fn all(universe: &Universe) -> Result<Vec<&str>, TooManyTags> {
    let mut tags: Vec<&str> = Vec::new();
    for tag in universe.tags() {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    if tags.len() > Tags::MAX { Err(TooManyTags) } else { Ok(tags) }
}
