//! Chooses packages as apt does from the same indexes.
//!
//! A walk in apt's manner says what is preferred; the solver says whether that holds together, and
//! has the last word where it does not.

mod arbiter;
mod graph;
mod rank;
mod sweep;
mod walk;
mod wanted;

use std::collections::BTreeSet;

use super::index::{IndexError, PackageId, Priority, Universe};
use graph::Graph;
use walk::Walk;
pub use wanted::NameError;

/// The walk follows dependencies as deep as apt does, which needs more than a thread's usual stack.
const STACK_BYTES: usize = 64 << 20;

/// What is to be installed.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// What is installed one after the other: what an earlier stage installed is preferred in a
    /// later one.
    pub stages: Vec<Stage>,
    /// Whether recommended packages are installed too.
    pub recommends: bool,
}

/// What is installed in one go.
#[derive(Debug, Clone, Default)]
pub struct Stage {
    /// Whether every essential package of the native architecture is wanted.
    pub essential: bool,
    /// The priorities of which every package of the native architecture is wanted.
    pub priorities: Vec<Priority>,
    /// More packages, as apt's command line takes them: `name`, `name:arch`, `name=version`, or
    /// `name-` for one that must not be installed.
    pub packages: Vec<String>,
}

/// The packages chosen, by name and architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// The packages, sorted by name, then architecture.
    pub packages: Vec<Chosen>,
}

/// One package of a selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chosen {
    /// The package.
    pub id: PackageId,
    /// Whether the request wants it by itself; false if it is only depended upon.
    pub is_requested: bool,
    /// Whether the package is marked essential.
    pub is_essential: bool,
}

/// A request that cannot be met.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// Some of the names mean no package.
    #[error("{}", lines(.0))]
    Names(Vec<NameError>),
    /// The packages cannot be had together.
    #[error("{0}")]
    Unsolvable(solver::Explanation),
    /// A package on the way cannot be read.
    #[error("read the dependencies of a package")]
    Index(#[source] IndexError),
    /// The system gave no thread to work in.
    #[error("start a thread")]
    Thread(#[source] std::io::Error),
}

/// Chooses the packages that `request` wants and everything that they depend on.
pub fn select(universe: &Universe, request: &Request) -> Result<Selection, SelectError> {
    std::thread::scope(|scope| {
        let work = std::thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || choose(universe, request))
            .map_err(SelectError::Thread)?;
        // A panic goes on where it would have without the thread.
        work.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn choose(universe: &Universe, request: &Request) -> Result<Selection, SelectError> {
    let mut graph = Graph::new(universe);
    let mut wanted = Vec::new();
    for stage in &request.stages {
        wanted.push(wanted::resolve(&mut graph, stage).map_err(SelectError::Names)?);
    }
    let mut walk = Walk::new(&graph, request.recommends);
    let mut requested = BTreeSet::new();
    let mut chosen = BTreeSet::new();
    for stage in &wanted {
        requested.extend(stage.packages.iter().copied());
        chosen = walk.run(stage);
        requested.retain(|package| !stage.unwanted.contains(package));
        chosen = arbiter::judge(&graph, &requested, &chosen, &stage.unwanted)?;
        walk.settle(&chosen);
    }
    let mut packages: Vec<_> = chosen.into_iter().collect();
    packages.sort_by_key(|&id| {
        let package = universe.package(id);
        (package.name(), package.arch_rank())
    });
    let packages = packages.into_iter().map(|id| Chosen {
        id,
        is_requested: requested.contains(&id),
        is_essential: universe.package(id).is_essential(),
    });
    Ok(Selection { packages: packages.collect() })
}

fn lines(errors: &[NameError]) -> String {
    errors.iter().map(NameError::to_string).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
