//! The table of owners: inodes name users and groups by their place in it.

use std::collections::HashMap;

use tree::GuestPath;

use crate::error::{Error, Refusal};
use crate::format::OWNERS_MAX;

/// Users and groups in the order in which they were first seen.
#[derive(Default)]
pub(crate) struct Owners {
    list: Vec<u32>,
    places: HashMap<u32, u16>,
}

impl Owners {
    /// The place of a user or group of the node at `path`.
    pub(crate) fn place(&mut self, owner: u32, path: &GuestPath) -> Result<u16, Error> {
        if let Some(place) = self.places.get(&owner) {
            return Ok(*place);
        }
        let place = u16::try_from(self.list.len()).ok().filter(|_| self.list.len() < OWNERS_MAX);
        let refused = || Error::Refused { path: path.clone(), source: Refusal::Owners };
        let place = place.ok_or_else(refused)?;
        self.list.push(owner);
        self.places.insert(owner, place);
        Ok(place)
    }

    pub(crate) fn count(&self) -> u16 {
        self.list.len() as u16
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.list.iter().flat_map(|owner| owner.to_le_bytes()).collect()
    }
}
