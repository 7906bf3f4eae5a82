//! Chooses packages: one model for every package family.
//!
//! A family says through [`Catalogue`] what each package needs and refuses, as lists of packages:
//! names, versions and architectures stay its own business. [`solve`] asks only about packages that
//! it reaches, chooses a sound set, or explains in words why there is none.

#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

mod explain;
mod provider;
mod suggest;

use std::collections::BTreeSet;

use resolvo::{ConditionalRequirement, Problem, Solver, UnsolvableOrCancelled};

pub use explain::{Explanation, Link, Reason};
pub use suggest::similar;

use provider::{Provider, ROOT};

/// A package, numbered by its catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageId(pub u32);

/// What a family knows about its packages.
pub trait Catalogue {
    /// The package's name, as a person would write it to ask for it.
    fn name(&self, package: PackageId) -> String;

    /// The package's version.
    fn version(&self, package: PackageId) -> String;

    /// Every version of the same package, itself included: at most one of them is chosen.
    fn versions(&self, package: PackageId) -> Vec<PackageId> {
        vec![package]
    }

    /// What the package cannot do without.
    fn needs(&self, package: PackageId) -> Vec<Need>;

    /// What cannot be chosen together with the package.
    fn refusals(&self, package: PackageId) -> Vec<Refusal>;
}

/// One thing that a package cannot do without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The need in the family's notation: `libc6 (>= 2.36) | musl`.
    pub text: String,
    /// The packages of which one must be chosen, the preferred one first.
    pub any_of: Vec<PackageId>,
    /// Where there is none: what there is instead, as the end of a sentence.
    pub instead: String,
}

/// One thing that a package cannot be chosen together with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The refusal as the end of a sentence: `conflicts with mail-transport-agent`.
    pub text: String,
    /// The packages of which none may be chosen.
    pub packages: Vec<PackageId>,
}

/// What is to be chosen.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// What the set must satisfy.
    pub needs: Vec<Need>,
    /// What the set should hold besides where that is possible, the most wanted first.
    pub wishes: Vec<PackageId>,
}

/// Chooses a set in which every need is met and no refusal is broken.
pub fn solve(
    catalogue: &impl Catalogue,
    request: &Request,
) -> Result<BTreeSet<PackageId>, Explanation> {
    let provider = Provider::new(catalogue, request);
    let (requirements, _) = provider.links(ROOT);
    let requirements = requirements.into_iter().map(ConditionalRequirement::from).collect();
    let wishes: Vec<_> = request.wishes.iter().map(|&wish| provider.intern(wish)).collect();
    let problem = Problem::new().requirements(requirements).soft_requirements(wishes);
    let mut solver = Solver::new(provider);
    match solver.solve(problem) {
        Ok(chosen) => {
            Ok(chosen.into_iter().map(|solvable| PackageId(solvable.into_raw())).collect())
        }
        Err(UnsolvableOrCancelled::Unsolvable(conflict)) => {
            let graph = conflict.graph(&solver);
            Err(explain::explain(solver.provider(), &graph))
        }
        Err(UnsolvableOrCancelled::Cancelled(_)) => Err(Explanation::default()),
    }
}

/// Tells whether `packages` is such a set by itself, with nothing to be added.
pub fn is_sound(catalogue: &impl Catalogue, packages: &BTreeSet<PackageId>) -> bool {
    packages.iter().all(|&package| {
        let holds = |other: &PackageId| packages.contains(other);
        let mut rivals = catalogue.versions(package).into_iter();
        catalogue.needs(package).iter().all(|need| need.any_of.iter().any(holds))
            && !catalogue.refusals(package).iter().any(|refusal| refusal.packages.iter().any(holds))
            && rivals.all(|other| other == package || !packages.contains(&other))
    })
}

#[cfg(test)]
mod tests;
