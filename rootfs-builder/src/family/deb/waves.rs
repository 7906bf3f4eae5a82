//! The order of installation: which packages are unpacked together.
//!
//! The essential system comes first, complete and configured, because every maintainer script
//! may use it. The rest follows at once, except that a package whose `preinst` may use another
//! one (`Pre-Depends`) waits until that one is configured, and so does whoever depends on it.

use std::collections::{BTreeMap, BTreeSet};

use super::package::DebPackage;

/// Groups packages into waves, each sorted by name; positions point into `packages`.
///
/// Every wave has what its packages depend on, in itself or before it.
pub(crate) fn waves(packages: &[DebPackage]) -> Vec<Vec<usize>> {
    let names = Names::new(packages);
    let essential = names.closure(
        (0..packages.len()).filter(|at| packages[*at].control.get("Essential") == Some(b"yes")),
    );
    let edges = edges(packages, &names, &essential);
    let mut levels: Vec<usize> =
        (0..packages.len()).map(|at| usize::from(!essential.contains(&at))).collect();
    // No circle of edges goes up, so that each round settles at least one more package.
    let mut has_changed = true;
    while has_changed {
        has_changed = false;
        for &Edge { from, to, step } in &edges {
            if levels[from] < levels[to] + step {
                levels[from] = levels[to] + step;
                has_changed = true;
            }
        }
    }
    let mut waves: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, level) in levels.into_iter().enumerate() {
        waves.entry(level).or_default().push(at);
    }
    let mut waves: Vec<_> = waves.into_values().collect();
    waves.iter_mut().for_each(|wave| wave.sort_by_key(|at| packages[*at].database_name()));
    waves
}

/// One package comes at least `step` waves after another.
struct Edge {
    from: usize,
    to: usize,
    step: usize,
}

fn edges(packages: &[DebPackage], names: &Names<'_>, essential: &BTreeSet<usize>) -> Vec<Edge> {
    let mut edges = Vec::new();
    for from in (0..packages.len()).filter(|from| !essential.contains(from)) {
        let has_preinst = packages[from].has_script("preinst");
        for field in ["Pre-Depends", "Depends"] {
            let needs = names.needs(from, &[field]);
            for to in needs.into_iter().filter(|to| *to != from && !essential.contains(to)) {
                let may_use = has_preinst && field == "Pre-Depends";
                // Within a circle nobody can come first, and dpkg does not insist either.
                let waits = may_use && !names.closure([to]).contains(&from);
                edges.push(Edge { from, to, step: usize::from(waits) });
            }
        }
    }
    edges
}

/// Who provides which name.
struct Names<'a> {
    packages: &'a [DebPackage],
    providers: BTreeMap<String, Vec<usize>>,
}

impl<'a> Names<'a> {
    fn new(packages: &'a [DebPackage]) -> Self {
        let mut providers: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, package) in packages.iter().enumerate() {
            let provided = package.control.text("Provides");
            for name in std::iter::once(package.name.as_str()).chain(names_in(&provided).flatten())
            {
                providers.entry(name.to_owned()).or_default().push(at);
            }
        }
        Self { packages, providers }
    }

    /// The packages that satisfy these fields of one package: for each clause, the first
    /// alternative that is being installed.
    fn needs(&self, at: usize, fields: &[&str]) -> Vec<usize> {
        let mut needs = Vec::new();
        for field in fields {
            let text = self.packages[at].control.text(field);
            for mut clause in names_in(&text) {
                needs
                    .extend(clause.find_map(|name| self.providers.get(name)).into_iter().flatten());
            }
        }
        needs
    }

    fn closure(&self, start: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
        let mut pending: Vec<usize> = start.into_iter().collect();
        let mut closure = BTreeSet::new();
        while let Some(at) = pending.pop() {
            if closure.insert(at) {
                pending.extend(self.needs(at, &["Pre-Depends", "Depends"]));
            }
        }
        closure
    }
}

/// The names in a relation field, clause by clause; versions and qualifiers do not matter among
/// packages that were chosen to fit together.
fn names_in(field: &str) -> impl Iterator<Item = impl Iterator<Item = &str>> {
    field.split(',').map(|clause| {
        clause.split('|').filter_map(|alternative| {
            let name = alternative.trim().split([' ', ':', '(', '\n', '\t', '[']).next()?;
            (!name.is_empty()).then_some(name)
        })
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::family::deb::paragraph::Paragraph;

    fn package(name: &str, fields: &str, scripts: &[&str]) -> DebPackage {
        let node = tree::Node { meta: tree::Meta::default(), kind: tree::Kind::Fifo };
        DebPackage {
            control: Paragraph::parse(format!("Package: {name}\n{fields}").as_bytes()).unwrap(),
            name: name.to_owned(),
            control_files: scripts.iter().map(|name| ((*name).to_owned(), node.clone())).collect(),
            entries: Vec::new(),
        }
    }

    fn check(packages: &[DebPackage], expected: &[&[&str]]) {
        let named: Vec<Vec<&str>> = waves(packages)
            .iter()
            .map(|wave| wave.iter().map(|at| packages[*at].name.as_str()).collect())
            .collect();
        assert_eq!(named, expected);
    }

    #[test]
    fn what_essential_packages_need_comes_with_them() {
        check(
            &[
                package("nginx", "Depends: libc6", &[]),
                package("libc6", "", &["preinst"]),
                package("dpkg", "Essential: yes\nPre-Depends: c-library | libc6 (>= 2)", &[]),
            ],
            &[&["dpkg", "libc6"], &["nginx"]],
        );
    }

    #[test]
    fn a_preinst_waits_for_what_it_pre_depends_on() {
        check(
            &[
                package("base", "Essential: yes", &[]),
                package("server", "Pre-Depends: users", &["preinst"]),
                package("adduser", "Provides: users\nDepends: passwd", &[]),
                package("passwd", "", &[]),
                package("other", "Pre-Depends: adduser", &[]),
            ],
            &[&["base"], &["adduser", "other", "passwd"], &["server"]],
        );
    }

    #[test]
    fn a_cycle_of_pre_depends_ends() {
        check(
            &[
                package("a", "Pre-Depends: b", &["preinst"]),
                package("b", "Pre-Depends: a", &["preinst"]),
            ],
            &[&["a", "b"]],
        );
    }

    #[test]
    fn a_circle_through_other_dependencies_stays_together() {
        check(
            &[
                package("a", "Pre-Depends: b", &["preinst"]),
                package("b", "Depends: c", &[]),
                package("c", "Depends: a", &[]),
            ],
            &[&["a", "b", "c"]],
        );
    }

    #[test]
    fn whoever_depends_on_a_later_package_comes_later_too() {
        check(
            &[
                package("app", "Depends: server", &[]),
                package("common", "", &[]),
                package("server", "Pre-Depends: common", &["preinst"]),
            ],
            &[&["common"], &["app", "server"]],
        );
    }

    #[test]
    fn pre_dependencies_in_a_row_make_waves_in_a_row() {
        check(
            &[
                package("a", "Pre-Depends: b", &["preinst"]),
                package("b", "Pre-Depends: c", &["preinst"]),
                package("c", "", &[]),
            ],
            &[&["c"], &["b"], &["a"]],
        );
    }
}
