//! The order of installation: what a package needs comes before it, where that is possible.

use std::collections::{BTreeMap, BTreeSet};

use super::package::{ApkPackage, name_in};

/// Puts packages in the order in which apk installs them; positions point into `packages`.
///
/// It is the order of a walk that begins with the names that were asked for, sorted, and reports a
/// package after everything it needs. In a circle, whoever is reached first comes last. A package
/// that is there because of others follows the last of these.
pub(crate) fn order(asked_for: &[&str], packages: &[ApkPackage]) -> Vec<usize> {
    let mut walk = Walk::new(packages);
    let mut begin: Vec<&str> = asked_for.to_vec();
    begin.sort_by_key(|name| display_key(name));
    // Whatever nobody leads to comes last.
    let mut rest: Vec<&str> = packages.iter().map(|package| package.info.name.as_str()).collect();
    rest.sort_by_key(|name| display_key(name));
    begin.extend(rest);
    for name in begin {
        walk.run(name);
    }
    walk.order
}

/// What apk sorts names by: case matters only among names that are equal otherwise.
pub(crate) fn display_key(name: &str) -> (String, &str) {
    (name.to_ascii_lowercase(), name)
}

struct Walk<'a> {
    packages: &'a [ApkPackage],
    chosen: BTreeMap<&'a str, usize>,
    /// Packages that wait for a name, by that name.
    waiting: BTreeMap<&'a str, Vec<usize>>,
    reached: BTreeSet<&'a str>,
    is_taken: Vec<bool>,
    order: Vec<usize>,
}

enum Step<'a> {
    Reach(&'a str),
    Report(usize),
    Reconsider(usize),
}

impl<'a> Walk<'a> {
    fn new(packages: &'a [ApkPackage]) -> Self {
        let mut chosen = BTreeMap::new();
        let mut waiting: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut sorted: Vec<usize> = (0..packages.len()).collect();
        sorted.sort_by_key(|at| display_key(&packages[*at].info.name));
        for at in &sorted {
            chosen.insert(packages[*at].info.name.as_str(), *at);
        }
        for at in sorted {
            let info = &packages[at].info;
            for provided in &info.provides {
                chosen.entry(name_in(provided)).or_insert(at);
            }
            for word in &info.install_if {
                waiting.entry(name_in(word)).or_default().push(at);
            }
        }
        let is_taken = vec![false; packages.len()];
        Self { packages, chosen, waiting, reached: BTreeSet::new(), is_taken, order: Vec::new() }
    }

    fn run(&mut self, begin: &'a str) {
        // A stack of our own: a chain of dependencies may be longer than that of calls.
        let mut steps = vec![Step::Reach(begin)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Reach(name) => self.reach(name, &mut steps),
                Step::Report(at) => self.report(at, &mut steps),
                Step::Reconsider(at) if self.is_wanted(at) => {
                    steps.push(Step::Reach(&self.packages[at].info.name));
                }
                Step::Reconsider(_) => {}
            }
        }
    }

    fn reach(&mut self, name: &'a str, steps: &mut Vec<Step<'a>>) {
        if !self.reached.insert(name) {
            return;
        }
        let Some(&at) = self.chosen.get(name) else { return };
        if std::mem::replace(&mut self.is_taken[at], true) {
            return;
        }
        let info = &self.packages[at].info;
        self.reached.insert(&info.name);
        self.reached.extend(info.provides.iter().map(|word| name_in(word)));
        steps.push(Step::Report(at));
        steps.extend(info.depends.iter().rev().map(|word| Step::Reach(name_in(word))));
    }

    fn report(&mut self, at: usize, steps: &mut Vec<Step<'a>>) {
        self.order.push(at);
        let info = &self.packages[at].info;
        let names = std::iter::once(info.name.as_str())
            .chain(info.provides.iter().map(|word| name_in(word)));
        let waiting: Vec<usize> =
            names.filter_map(|name| self.waiting.get(name)).flatten().copied().collect();
        steps.extend(waiting.into_iter().rev().map(Step::Reconsider));
    }

    /// Whether everything that a package waits for was reached.
    fn is_wanted(&self, at: usize) -> bool {
        let mut words = self.packages[at].info.install_if.iter().map(|word| name_in(word));
        words.all(|name| self.reached.contains(name) && self.chosen.contains_key(name))
    }
}
