//! The graph of everything that took part in a conflict, and the shortest ways through it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use resolvo::conflict::{ConflictCause, ConflictEdge, ConflictGraph, ConflictNode};
use resolvo::{Requirement, SolvableId};

use super::{Link, Reason};
use crate::provider::Provider;
use crate::{Catalogue, PackageId};

/// How many choices a chain leaves open, then how long it is.
pub(super) type Weight = (usize, usize);

/// The graph with the shortest way from the request to each package.
pub(super) struct Map<'a, 'b, C> {
    provider: &'a Provider<'b, C>,
    nodes: Vec<Option<PackageId>>,
    edges: Vec<(usize, usize, ConflictEdge<SolvableId>)>,
    /// By which node and which of its requirements a node is reached.
    reached_by: BTreeMap<usize, (usize, Requirement)>,
    root: usize,
    dead_end: Option<usize>,
}

impl<'a, 'b, C: Catalogue> Map<'a, 'b, C> {
    pub(super) fn new(provider: &'a Provider<'b, C>, graph: &ConflictGraph<SolvableId>) -> Self {
        let nodes = graph.graph.raw_nodes().iter().map(|node| match node.weight {
            ConflictNode::Solvable(solvable) => Some(PackageId(solvable.into_raw())),
            ConflictNode::Root | ConflictNode::UnresolvedDependency | ConflictNode::Excluded(_) => {
                None
            }
        });
        let edges = graph.graph.raw_edges().iter();
        let mut map = Self {
            provider,
            nodes: nodes.collect(),
            edges: edges
                .map(|edge| (edge.source().index(), edge.target().index(), edge.weight))
                .collect(),
            reached_by: BTreeMap::new(),
            root: graph.root_node.index(),
            dead_end: graph.unresolved_node.map(|node| node.index()),
        };
        map.walk();
        map
    }

    fn walk(&mut self) {
        let mut waiting = VecDeque::from([self.root]);
        let mut seen = BTreeSet::from([self.root]);
        while let Some(node) = waiting.pop_front() {
            let mut next: Vec<_> = self
                .edges
                .iter()
                .filter_map(|&(source, target, edge)| match edge {
                    ConflictEdge::Requires(requirement) if source == node => {
                        Some((self.nodes[target], target, requirement))
                    }
                    ConflictEdge::Requires(_) | ConflictEdge::Conflict(_) => None,
                })
                .collect();
            next.sort_unstable();
            for (_, target, requirement) in next {
                if Some(target) != self.dead_end && seen.insert(target) {
                    self.reached_by.insert(target, (node, requirement));
                    waiting.push_back(target);
                }
            }
        }
    }

    pub(super) fn missing(&self) -> Vec<(Weight, Reason)> {
        let mut found = Vec::new();
        for &(source, target, edge) in &self.edges {
            let ConflictEdge::Requires(requirement) = edge else { continue };
            let Some((_, need)) = self.provider.need(requirement) else { continue };
            if Some(target) != self.dead_end {
                continue;
            }
            let (weight, mut chain) = self.chain(source);
            chain.push(self.link(source, need.text.clone()));
            found.push((weight, Reason::Missing { chain, instead: need.instead }));
        }
        found
    }

    pub(super) fn clashes(&self) -> Vec<(Weight, Reason)> {
        let mut refusals: BTreeMap<(usize, String), Vec<usize>> = BTreeMap::new();
        let mut found = Vec::new();
        for &(source, target, edge) in &self.edges {
            match edge {
                ConflictEdge::Conflict(ConflictCause::Constrains(set)) => {
                    let text = self.provider.refusal(set).unwrap_or_default();
                    refusals.entry((source, text)).or_default().push(target);
                }
                ConflictEdge::Conflict(ConflictCause::ForbidMultipleInstances) => {
                    let refusal = format!("{} cannot be there in two versions", self.name(source));
                    let first = self.nodes[source].min(self.nodes[target]);
                    let is_first = self.nodes[source] == first;
                    let (source, target) =
                        if is_first { (source, target) } else { (target, source) };
                    found.push(self.clash(refusal, source, &[target]));
                }
                ConflictEdge::Conflict(ConflictCause::Locked(_) | ConflictCause::Excluded)
                | ConflictEdge::Requires(_) => {}
            }
        }
        for ((source, text), mut targets) in refusals {
            targets.sort_by_key(|&target| self.nodes[target]);
            let names: Vec<String> = targets.iter().map(|&target| self.name(target)).collect();
            let is_named = names.iter().any(|name| text.split(' ').any(|word| word == name));
            let refusal = match is_named {
                true => format!("{} {text}", self.name(source)),
                false => format!("{} {text}, which is {}", self.name(source), either(&names)),
            };
            found.push(self.clash(refusal, source, &targets));
        }
        found
    }

    fn clash(&self, refusal: String, source: usize, targets: &[usize]) -> (Weight, Reason) {
        let ((choices, length), chain) = self.chain(source);
        let refused = targets.first().map(|&target| self.chain(target)).unwrap_or_default();
        let ((refused_choices, refused_length), refused_chain) = refused;
        // Several packages refused at once are the alternatives of one need: no choice is left.
        let refused_choices = refused_choices.saturating_sub(targets.len().saturating_sub(1));
        let weight = (choices + refused_choices, length + refused_length);
        (weight, Reason::Clash { refusal, chain, refused_chain })
    }

    /// Returns who needs what on the way from the request to a node, the request itself left out.
    fn chain(&self, mut node: usize) -> (Weight, Vec<Link>) {
        let (mut choices, mut chain) = (0, Vec::new());
        while let Some(&(before, requirement)) = self.reached_by.get(&node) {
            if let Some((_, need)) = self.provider.need(requirement) {
                choices += need.any_of.len().saturating_sub(1);
                if before != self.root {
                    chain.push(self.link(before, need.text));
                }
            }
            node = before;
        }
        chain.reverse();
        ((choices, chain.len()), chain)
    }

    fn link(&self, node: usize, what: String) -> Link {
        let who = match self.nodes[node] {
            Some(package) => self.provider.catalogue.name(package),
            None => "the request".to_owned(),
        };
        Link { who, what }
    }

    fn name(&self, node: usize) -> String {
        self.nodes[node].map(|package| self.provider.catalogue.name(package)).unwrap_or_default()
    }
}

/// Joins names as `a, b or c`.
fn either(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
