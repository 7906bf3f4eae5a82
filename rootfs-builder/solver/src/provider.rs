//! Puts a catalogue into the solver crate's terms.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Display;

use resolvo::{
    Candidates, Condition, ConditionId, Dependencies, DependencyProvider, Interner,
    KnownDependencies, NameId, Requirement, SolvableId, SolverCache, StringId, VersionSetId,
    VersionSetUnionId,
};

use crate::{Catalogue, Need, PackageId, Request};

/// Whose needs the request's are.
pub(crate) const ROOT: Option<PackageId> = None;

/// The name of the package that nothing is.
const NOTHING: u32 = 0;

/// A solvable is a package's number; a name is one more than the lowest among its versions' numbers.
///
/// The solver keeps tables as long as the highest number, so that no number may be made up.
pub(crate) struct Provider<'a, C> {
    pub(crate) catalogue: &'a C,
    request: &'a Request,
    tables: RefCell<Tables>,
}

#[derive(Default)]
struct Tables {
    sets: Vec<Set>,
    unions: Vec<Vec<VersionSetId>>,
    /// Whose need a requirement is, and which of its needs.
    needs: BTreeMap<Requirement, (Option<PackageId>, usize)>,
    /// Whose refusal a set is, and which of its refusals.
    refusals: BTreeMap<VersionSetId, (PackageId, usize)>,
}

/// Packages of one name.
#[derive(Clone)]
struct Set {
    name: u32,
    rule: Rule,
}

#[derive(Clone)]
enum Rule {
    Nothing,
    Only(PackageId),
    AllBut(PackageId),
}

impl<'a, C: Catalogue> Provider<'a, C> {
    pub(crate) fn new(catalogue: &'a C, request: &'a Request) -> Self {
        Self { catalogue, request, tables: RefCell::default() }
    }

    pub(crate) fn intern(&self, package: PackageId) -> SolvableId {
        SolvableId::from_raw(package.0)
    }

    /// Returns the requirements and constraints of a package, or of the request.
    pub(crate) fn links(
        &self,
        package: Option<PackageId>,
    ) -> (Vec<Requirement>, Vec<VersionSetId>) {
        let needs = self.needs(package).into_iter().enumerate();
        let requirements = needs.map(|(number, need)| self.require(package, number, &need));
        let requirements = requirements.collect();
        let mut constraints = Vec::new();
        let Some(package) = package else { return (requirements, constraints) };
        for (number, refusal) in self.catalogue.refusals(package).into_iter().enumerate() {
            for refused in refusal.packages {
                let set = self.set(self.name_of(refused), Rule::AllBut(refused));
                self.tables.borrow_mut().refusals.insert(set, (package, number));
                constraints.push(set);
            }
        }
        (requirements, constraints)
    }

    /// Returns whose need a requirement is, and the need itself.
    pub(crate) fn need(&self, requirement: Requirement) -> Option<(Option<PackageId>, Need)> {
        let (package, number) = *self.tables.borrow().needs.get(&requirement)?;
        let need = self.needs(package).into_iter().nth(number)?;
        Some((package, need))
    }

    /// Returns the words of the refusal that a set stands for.
    pub(crate) fn refusal(&self, set: VersionSetId) -> Option<String> {
        let (package, number) = *self.tables.borrow().refusals.get(&set)?;
        let refusal = self.catalogue.refusals(package).into_iter().nth(number)?;
        Some(refusal.text)
    }

    fn needs(&self, package: Option<PackageId>) -> Vec<Need> {
        match package {
            Some(package) => self.catalogue.needs(package),
            None => self.request.needs.clone(),
        }
    }

    fn require(&self, package: Option<PackageId>, number: usize, need: &Need) -> Requirement {
        let sets = need.any_of.iter().map(|&one| self.set(self.name_of(one), Rule::Only(one)));
        let sets: Vec<_> = sets.collect();
        let requirement = match sets[..] {
            [] => self.set(NOTHING, Rule::Nothing).into(),
            [set] => set.into(),
            _ => {
                let mut tables = self.tables.borrow_mut();
                let number = u32::try_from(tables.unions.len()).unwrap_or(u32::MAX);
                tables.unions.push(sets);
                VersionSetUnionId(number).into()
            }
        };
        self.tables.borrow_mut().needs.insert(requirement, (package, number));
        requirement
    }

    fn set(&self, name: u32, rule: Rule) -> VersionSetId {
        let mut tables = self.tables.borrow_mut();
        let number = u32::try_from(tables.sets.len()).unwrap_or(u32::MAX);
        tables.sets.push(Set { name, rule });
        VersionSetId(number)
    }

    fn name_of(&self, package: PackageId) -> u32 {
        let versions = self.catalogue.versions(package);
        versions.iter().copied().min().unwrap_or(package).0 + 1
    }

    fn set_of(&self, set: VersionSetId) -> Set {
        self.tables.borrow().sets[set.0 as usize].clone()
    }

    fn text_of(&self, set: VersionSetId) -> String {
        match self.set_of(set).rule {
            Rule::Nothing => "nothing".to_owned(),
            Rule::Only(package) => self.catalogue.version(package),
            Rule::AllBut(package) => format!("not {}", self.catalogue.version(package)),
        }
    }
}

// The texts below appear only in the solver crate's own trace logs.
impl<C: Catalogue> Interner for Provider<'_, C> {
    type NameId = NameId;
    type SolvableId = SolvableId;

    fn display_solvable(&self, solvable: SolvableId) -> impl Display + '_ {
        let package = PackageId(solvable.into_raw());
        format!("{} {}", self.catalogue.name(package), self.catalogue.version(package))
    }

    fn display_name(&self, name: NameId) -> impl Display + '_ {
        match name.into_raw() {
            NOTHING => "nothing".to_owned(),
            name => self.catalogue.name(PackageId(name - 1)),
        }
    }

    fn display_version_set(&self, set: VersionSetId) -> impl Display + '_ {
        self.text_of(set)
    }

    fn display_string(&self, _: StringId) -> impl Display + '_ {
        ""
    }

    fn version_set_name(&self, set: VersionSetId) -> NameId {
        NameId::from_raw(self.set_of(set).name)
    }

    fn solvable_name(&self, solvable: SolvableId) -> NameId {
        NameId::from_raw(self.name_of(PackageId(solvable.into_raw())))
    }

    fn version_sets_in_union(
        &self,
        union: VersionSetUnionId,
    ) -> impl Iterator<Item = VersionSetId> {
        self.tables.borrow().unions[union.0 as usize].clone().into_iter()
    }

    fn resolve_condition(&self, _: ConditionId) -> Condition {
        // No requirement is made with a condition, so that nothing ever asks.
        Condition::Requirement(VersionSetId(0))
    }
}

impl<C: Catalogue> DependencyProvider for Provider<'_, C> {
    async fn filter_candidates(
        &self,
        candidates: &[SolvableId],
        set: VersionSetId,
        inverse: bool,
    ) -> Vec<SolvableId> {
        let rule = self.set_of(set).rule;
        let is_in = |solvable: &SolvableId| match rule {
            Rule::Nothing => false,
            Rule::Only(package) => solvable.into_raw() == package.0,
            Rule::AllBut(package) => solvable.into_raw() != package.0,
        };
        candidates.iter().copied().filter(|solvable| is_in(solvable) != inverse).collect()
    }

    async fn get_candidates(&self, name: NameId) -> Option<Candidates<SolvableId>> {
        let versions = match name.into_raw() {
            NOTHING => return None,
            name => self.catalogue.versions(PackageId(name - 1)),
        };
        let candidates = versions.into_iter().map(|package| self.intern(package)).collect();
        Some(Candidates { candidates, ..Candidates::default() })
    }

    async fn sort_candidates(&self, _: &SolverCache<Self>, solvables: &mut [SolvableId]) {
        // A set that is ever required holds one package, so that a need's own order decides.
        solvables.sort_by_key(|solvable| solvable.into_raw());
    }

    async fn get_dependencies(&self, solvable: SolvableId) -> Dependencies {
        let (requirements, constrains) = self.links(Some(PackageId(solvable.into_raw())));
        let requirements = requirements.into_iter().map(Into::into).collect();
        Dependencies::Known(KnownDependencies { requirements, constrains })
    }
}
