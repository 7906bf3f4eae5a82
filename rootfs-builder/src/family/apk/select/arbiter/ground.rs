//! Tells apart what is chosen for a reason from what only happened to be one of several.

use std::collections::BTreeSet;

use solver::Catalogue;

use super::catalogue::Packages;
use crate::family::apk::index::PackageId;
use crate::family::apk::select::NameError;
use crate::family::apk::select::graph::Link;

/// A need for one of several packages, none of which is there for a reason of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gap<'u> {
    owner: Option<PackageId>,
    link: Link<'u>,
}

impl<'u> Packages<'_, 'u> {
    /// What of a set follows from the request without a choice that only a person can make.
    pub fn grounded(
        &self,
        chosen: &BTreeSet<PackageId>,
        besides: &[PackageId],
    ) -> BTreeSet<PackageId> {
        let mut grounded = BTreeSet::new();
        let mut waiting: Vec<_> = besides.to_vec();
        let request = self.wanted.iter();
        waiting.extend(request.flat_map(|wanted| self.defaults(None, &wanted.link, chosen)));
        while let Some(package) = waiting.pop() {
            if grounded.insert(package) {
                let links = self.graph.depends(package).iter();
                waiting.extend(links.flat_map(|link| self.defaults(Some(package), link, chosen)));
            }
        }
        grounded
    }

    fn defaults(
        &self,
        owner: Option<PackageId>,
        link: &Link<'u>,
        chosen: &BTreeSet<PackageId>,
    ) -> Vec<PackageId> {
        if link.word.is_conflict {
            return vec![];
        }
        let providers = self.graph.providers(link.name).iter().filter(|one| {
            chosen.contains(&one.package)
                && self.is_default(**one)
                && self.graph.fits(owner, &link.word, **one)
        });
        providers.map(|one| one.package).collect()
    }

    /// The first need that the set leaves open.
    pub fn gap(&self, grounded: &BTreeSet<PackageId>) -> Option<Gap<'u>> {
        let request = self.wanted.iter().map(|wanted| Gap { owner: None, link: wanted.link });
        let packages = grounded.iter().flat_map(|&package| {
            let links = self.graph.depends(package).iter();
            links.map(move |&link| Gap { owner: Some(package), link })
        });
        request.chain(packages).find(|gap| !self.is_met(gap.owner, &gap.link, grounded))
    }

    pub fn virtual_error(&self, gap: Gap<'u>) -> NameError {
        let providers = self.graph.providers(gap.link.name).iter();
        let mut providers: Vec<_> = providers.map(|one| self.name(one.package)).collect();
        providers.sort_unstable();
        providers.dedup();
        NameError::Virtual {
            name: gap.link.word.name.to_owned(),
            wanted_by: gap.owner.map(|owner| self.name(owner)),
            providers,
        }
    }

    /// What is to be installed because everything that it waits for is there.
    pub fn triggered(&self, chosen: &BTreeSet<PackageId>) -> Vec<PackageId> {
        let reached = self.graph.reached().map(|(package, _)| package);
        let ready = reached.filter(|&package| {
            let conditions = self.graph.conditions(package);
            !conditions.is_empty()
                && !chosen.contains(&package)
                && !self.is_out(package)
                && conditions.iter().all(|link| self.is_met(Some(package), link, chosen))
        });
        let mut ready: Vec<_> = ready.collect();
        // Of several versions of one package, the latest is tried first.
        ready.sort_by_key(|&package| self.rank(package));
        ready
    }

    fn rank(&self, package: PackageId) -> (String, usize) {
        let name = self.name(package);
        let mut versions = self.graph.universe.named(&name);
        let place = versions.position(|other| other == package).unwrap_or(usize::MAX);
        drop(versions);
        (name, place)
    }
}
