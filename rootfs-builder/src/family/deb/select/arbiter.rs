//! Lets the solver judge what the walk chose.

use std::collections::BTreeSet;

use solver::{Catalogue, Need, Refusal};

use super::SelectError;
use super::graph::{Graph, Group, Kind};
use crate::family::deb::index::PackageId;

/// Returns `chosen` if it is sound; otherwise the closest sound set that has all of `requested`.
pub(super) fn judge(
    graph: &Graph<'_>,
    requested: &BTreeSet<PackageId>,
    chosen: &BTreeSet<PackageId>,
    unwanted: &[PackageId],
) -> Result<BTreeSet<PackageId>, SelectError> {
    let packages = Packages { graph, unwanted, favoured: chosen };
    let theirs: BTreeSet<_> = chosen.iter().map(|&package| solver::PackageId(package.0)).collect();
    let is_answer = requested.is_subset(chosen) && solver::is_sound(&packages, &theirs);
    let answer = if is_answer {
        Ok(theirs)
    } else {
        let wishes = theirs.iter().copied().collect();
        solver::solve(&packages, &solver::Request { needs: packages.request(requested), wishes })
    };
    if let Some(failure) = graph.take_failure() {
        return Err(SelectError::Index(failure));
    }
    let answer = answer.map_err(SelectError::Unsolvable)?;
    Ok(answer.into_iter().map(|package| PackageId(package.0)).collect())
}

/// The packages as the solver sees them.
struct Packages<'a, 'u> {
    graph: &'a Graph<'u>,
    unwanted: &'a [PackageId],
    /// What the walk chose is preferred among alternatives.
    favoured: &'a BTreeSet<PackageId>,
}

impl Packages<'_, '_> {
    fn request(&self, requested: &BTreeSet<PackageId>) -> Vec<Need> {
        let need = |&package: &PackageId| Need {
            text: self.graph.universe.package(package).full_name(),
            any_of: vec![solver::PackageId(package.0)],
            instead: String::new(),
        };
        requested.iter().map(need).collect()
    }

    fn need(&self, group: &Group<'_>) -> Need {
        let text: Vec<_> = group.alternatives.iter().map(|one| one.relation.to_string()).collect();
        let mut any_of: Vec<_> =
            group.targets().filter(|target| !self.unwanted.contains(target)).collect();
        any_of.sort_by_key(|target| !self.favoured.contains(target));
        let mut seen = BTreeSet::new();
        any_of.retain(|&target| seen.insert(target));
        let instead = if any_of.is_empty() { self.instead(group) } else { String::new() };
        let any_of = any_of.into_iter().map(|package| solver::PackageId(package.0)).collect();
        Need { text: text.join(" | "), any_of, instead }
    }

    /// What there is where nothing meets a need.
    fn instead(&self, group: &Group<'_>) -> String {
        if group.targets().next().is_some() {
            return "the request forbids it".to_owned();
        }
        let universe = self.graph.universe;
        let names = group.alternatives.iter().map(|alternative| alternative.relation.name);
        let near = names.flat_map(|name| self.graph.candidates_named(name)).map(|package| {
            let package = universe.package(package);
            match package.arch_rank() {
                0 if universe.archs().len() == 1 => package.version().to_owned(),
                _ => format!("{} for {}", package.version(), package.slot_arch()),
            }
        });
        match near.collect::<Vec<_>>() {
            near if near.is_empty() => "there is no such package".to_owned(),
            near => format!("only {} is available", near.join(", ")),
        }
    }

    fn refusal(&self, group: &Group<'_>) -> Option<Refusal> {
        let verb = match group.kind {
            Kind::Conflicts => "conflicts with",
            Kind::Breaks => "breaks",
            Kind::PreDepends | Kind::Depends | Kind::Recommends | Kind::Suggests => return None,
        };
        let relation = group.alternatives.first()?.relation;
        Some(Refusal {
            text: format!("{verb} {relation}"),
            packages: group.targets().map(|package| solver::PackageId(package.0)).collect(),
        })
    }
}

impl Catalogue for Packages<'_, '_> {
    fn name(&self, package: solver::PackageId) -> String {
        self.graph.universe.package(PackageId(package.0)).full_name()
    }

    fn version(&self, package: solver::PackageId) -> String {
        self.graph.universe.package(PackageId(package.0)).version().to_owned()
    }

    fn needs(&self, package: solver::PackageId) -> Vec<Need> {
        let links = self.graph.links(PackageId(package.0));
        let needs = links.iter().filter(|group| match group.kind {
            Kind::PreDepends | Kind::Depends => true,
            Kind::Conflicts | Kind::Breaks | Kind::Recommends | Kind::Suggests => false,
        });
        needs.map(|group| self.need(group)).collect()
    }

    fn refusals(&self, package: solver::PackageId) -> Vec<Refusal> {
        let links = self.graph.links(PackageId(package.0));
        links.iter().filter_map(|group| self.refusal(group)).collect()
    }
}
