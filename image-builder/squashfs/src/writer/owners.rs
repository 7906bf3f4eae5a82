//! The table of owners: inodes name users and groups by their place in it.

use std::collections::HashMap;

use tree::{GuestPath, Meta};

use crate::error::{Error, Refusal};
use crate::format::OWNERS_MAX;

/// Users and groups in the order in which they were first seen.
#[derive(Default)]
pub(crate) struct Owners {
    list: Vec<u32>,
    places: HashMap<u32, u16>,
}

impl Owners {
    /// Takes in the owners of the node at `path`.
    pub(super) fn add(&mut self, path: &GuestPath, meta: &Meta) -> Result<(), Error> {
        for owner in [meta.uid, meta.gid] {
            if self.places.contains_key(&owner) {
                continue;
            }
            let place = u16::try_from(self.list.len()).ok();
            let place = place.filter(|_| self.list.len() < OWNERS_MAX);
            let refused = || Error::Refused { path: path.clone(), source: Refusal::Owners };
            self.places.insert(owner, place.ok_or_else(refused)?);
            self.list.push(owner);
        }
        Ok(())
    }

    /// The place of an owner that was taken in.
    pub(crate) fn place(&self, owner: u32) -> u16 {
        self.places.get(&owner).copied().unwrap_or_default()
    }

    pub(crate) fn count(&self) -> u16 {
        self.list.len() as u16
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.list.iter().flat_map(|owner| owner.to_le_bytes()).collect()
    }
}
