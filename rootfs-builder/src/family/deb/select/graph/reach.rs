//! Which packages a relation can mean.

use super::Kind;
use crate::family::deb::index::{MultiArch, Package, Universe};
use crate::family::deb::relation::{Qualifier, Relation};

/// Which packages one relation of one package can mean.
pub(super) struct Reach<'a> {
    owner: Package<'a>,
    relation: &'a Relation<'a>,
    is_negative: bool,
    /// The only architecture that counts; none if the qualifier leaves it open.
    arch: Option<&'a str>,
}

impl<'a> Reach<'a> {
    pub(super) fn new(
        universe: &'a Universe,
        owner: Package<'a>,
        kind: Kind,
        relation: &'a Relation<'a>,
    ) -> Self {
        let is_negative = kind.is_negative();
        let arch = match relation.qualifier {
            // What is refused is refused for every architecture.
            Qualifier::Same if is_negative => None,
            Qualifier::Same => Some(owner.slot_arch()),
            Qualifier::Any => None,
            Qualifier::Native => Some(universe.archs()[0].as_str()),
            Qualifier::Named(arch) => Some(arch),
        };
        Self { owner, relation, is_negative, arch }
    }

    pub(super) fn takes_package(&self, package: Package<'_>) -> bool {
        if self.is_negative && package.name() == self.owner.name() {
            let is_itself = package.arch_rank() == self.owner.arch_rank();
            if is_itself || self.owner.multi_arch() == MultiArch::Same {
                return false;
            }
        }
        self.takes_arch(package) && self.relation.accepts(Some(package.version()))
    }

    pub(super) fn takes_provider(&self, provider: Package<'_>, provided: &Relation<'_>) -> bool {
        if self.is_negative && provider.name() == self.owner.name() {
            return false;
        }
        let version = provided.bound.map(|(_, version)| version);
        let takes_arch = match provided.qualifier {
            Qualifier::Same => self.takes_arch(provider),
            Qualifier::Any => self.relation.qualifier == Qualifier::Any,
            Qualifier::Named(arch) => self.arch == Some(arch),
            Qualifier::Native => false,
        };
        takes_arch && self.relation.accepts(version)
    }

    fn takes_arch(&self, package: Package<'_>) -> bool {
        match (self.relation.qualifier, self.arch) {
            (Qualifier::Any, _) => package.multi_arch() == MultiArch::Allowed,
            (Qualifier::Same, Some(arch)) => package.serves(arch),
            (_, Some(arch)) => package.slot_arch() == arch,
            (_, None) => true,
        }
    }
}
