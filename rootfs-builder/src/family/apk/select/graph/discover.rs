//! Walks everything that a request can reach, so that what is decided first is known.
//!
//! Dependencies get their numbers before what depends on them, and conditions after what is
//! installed on them, as in apk. The walk keeps its own stack: an index may be deeper than ours.

use super::{Graph, NameId, Order};

/// What of a name is being walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// What its packages depend on.
    Depends,
    /// What is installed on a condition about it.
    Conditionals,
    /// What is installed on a condition about its packages, and what else they are called.
    Kin,
    /// What its packages' own conditions are about.
    Conditions,
}

#[derive(Debug)]
struct Frame {
    name: NameId,
    phase: Phase,
    provider: usize,
    item: usize,
}

impl<'u> Graph<'u> {
    /// Reaches everything that `requested` names lead to.
    pub fn discover(&mut self, requested: &[NameId]) {
        let mut is_requested = vec![false; self.len()];
        for name in requested {
            is_requested[name.index()] = true;
        }
        let mut count = 0;
        for &name in requested {
            let mut stack = Vec::new();
            self.enter(name, &mut stack);
            while let Some(frame) = stack.last_mut() {
                let next = self.next(frame);
                if next.is_none() && !self.advance(frame) {
                    stack.pop();
                } else if next.is_none() && frame.phase == Phase::Conditions && frame.provider == 0
                {
                    count += 1;
                    let name = frame.name;
                    self.number(name, is_requested.get(name.index()) == Some(&true), count);
                }
                if let Some(next) = next {
                    self.enter(next, &mut stack);
                }
            }
        }
        self.read_dependants();
    }

    fn enter(&mut self, name: NameId, stack: &mut Vec<Frame>) {
        if !std::mem::replace(&mut self.names[name.index()].is_reached, true) {
            self.load_providers(name);
            stack.push(Frame { name, phase: Phase::Depends, provider: 0, item: 0 });
        }
    }

    /// Returns the next name of where the frame stands; none if another provider or phase is next.
    fn next(&mut self, frame: &mut Frame) -> Option<NameId> {
        let provider = self.providers(frame.name).get(frame.provider).copied();
        // Whoever reaches a package first walks its dependencies.
        if frame.phase == Phase::Depends && frame.item == 0 && !self.load(provider?.package) {
            return None;
        }
        let item = frame.item;
        frame.item += 1;
        match frame.phase {
            Phase::Depends => self.depends(provider?.package).get(item).map(|link| link.name),
            Phase::Conditionals => self.conditionals(frame.name).get(item).copied(),
            Phase::Kin => {
                let calls = self.calls(provider?.package);
                let about = self.conditionals(calls.first()?.name);
                let others = calls[1..].iter().map(|call| call.name);
                about.iter().copied().chain(others).nth(item)
            }
            Phase::Conditions => self.conditions(provider?.package).get(item).map(|link| link.name),
        }
    }

    /// Goes to the next provider, or from the last one to the next phase; false after the last.
    fn advance(&self, frame: &mut Frame) -> bool {
        frame.item = 0;
        frame.provider += 1;
        let is_once = frame.phase == Phase::Conditionals;
        if !is_once && frame.provider < self.providers(frame.name).len() {
            return true;
        }
        frame.provider = 0;
        frame.phase = match frame.phase {
            Phase::Depends => Phase::Conditionals,
            Phase::Conditionals => Phase::Kin,
            Phase::Kin => Phase::Conditions,
            Phase::Conditions => return false,
        };
        true
    }

    fn number(&mut self, name: NameId, is_requested: bool, number: u32) {
        let is_a_package = self
            .providers(name)
            .iter()
            .any(|provider| self.node(provider.package).is_some_and(|node| node.name == name));
        self.names[name.index()].order = Order { is_requested, is_a_package, number };
    }

    /// Notes for every name whose packages depend on it.
    fn read_dependants(&mut self) {
        let names: Vec<_> = self.reached_names().collect();
        for name in names {
            for at in 0..self.providers(name).len() {
                let package = self.providers(name)[at].package;
                let Some(node) = &self.nodes[package.0 as usize] else { continue };
                for link in &self.links[node.depends.clone()] {
                    let dependants = &mut self.names[link.name.index()].dependants;
                    if dependants.last() != Some(&name) {
                        dependants.push(name);
                    }
                }
            }
        }
    }
}
