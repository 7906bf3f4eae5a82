//! Chooses packages as apk does when it fills an empty root from the same indexes.
//!
//! A walk in apk's manner says what is preferred; the solver says whether that holds together, and
//! has the last word where it does not.

mod arbiter;
mod graph;
mod tags;
mod walk;
mod wanted;

use std::collections::BTreeSet;

use super::index::{PackageId, Universe};
use graph::Graph;
use walk::{Walk, Wanted};

pub use tags::TooManyTags;
pub use wanted::NameError;

/// What is to be installed.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The words, as `/etc/apk/world` has them: `name`, `name@tag`, `name>=version`, or `!name` for
    /// one that must not be installed. The last word about a name counts.
    pub packages: Vec<String>,
}

/// The packages chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// The packages, sorted by name.
    pub packages: Vec<Chosen>,
}

/// One package of a selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chosen {
    /// The package.
    pub id: PackageId,
    /// Whether the request wants it by itself; false if something else brought it in.
    pub is_requested: bool,
}

/// A request that cannot be met.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// Some of the words mean no package.
    #[error("{}", lines(.0))]
    Names(Vec<NameError>),
    /// The packages cannot be had together.
    #[error("{0}")]
    Unsolvable(solver::Explanation),
    /// There are more repositories of different kinds than anyone has.
    #[error("read the repositories' tags")]
    Tags(#[source] TooManyTags),
}

/// Chooses the packages that `request` wants, everything that they depend on, and what is installed
/// as soon as those are.
pub fn select(universe: &Universe, request: &Request) -> Result<Selection, SelectError> {
    let mut graph = Graph::new(universe).map_err(SelectError::Tags)?;
    let wanted = wanted::resolve(&mut graph, request).map_err(SelectError::Names)?;
    let names: Vec<_> = wanted.iter().map(|wanted| wanted.link.name).collect();
    graph.discover(&names);
    wanted::check(&graph, &wanted).map_err(SelectError::Names)?;
    let outcome = Walk::new(&graph).run(&wanted);
    let chosen = arbiter::judge(&graph, &wanted, &outcome)?;
    let mut packages: Vec<_> = chosen.into_iter().collect();
    packages.sort_by_key(|&id| universe.package(id).name());
    let requested = requested(&graph, &wanted);
    let packages =
        packages.into_iter().map(|id| Chosen { id, is_requested: requested.contains(&id) });
    Ok(Selection { packages: packages.collect() })
}

/// Everything that a word of the request can mean.
fn requested(graph: &Graph<'_>, wanted: &[Wanted<'_>]) -> BTreeSet<PackageId> {
    let words = wanted.iter().filter(|wanted| !wanted.link.word.is_conflict);
    let meant = words.flat_map(|wanted| {
        let providers = graph.providers(wanted.link.name).iter();
        providers.filter(|provider| graph.fits(None, &wanted.link.word, **provider))
    });
    meant.map(|provider| provider.package).collect()
}

fn lines(errors: &[NameError]) -> String {
    errors.iter().map(NameError::to_string).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
