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
        let mut versions: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        let mut found = Vec::new();
        for &(source, target, edge) in &self.edges {
            match edge {
                ConflictEdge::Conflict(ConflictCause::Constrains(set)) => {
                    let text = self.provider.refusal(set).unwrap_or_default();
                    refusals.entry((source, text)).or_default().push(target);
                }
                ConflictEdge::Conflict(ConflictCause::ForbidMultipleInstances) => {
                    let versions = versions.entry(self.name(source)).or_default();
                    versions.extend([source, target]);
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
        found.extend(versions.into_iter().filter_map(|(name, nodes)| self.versions(&name, nodes)));
        found
    }

    /// Tells who wants which version of a package; the pair that leaves the least choice is told.
    ///
    /// The graph says only which versions took part, in no order that means anything.
    fn versions(&self, name: &str, nodes: BTreeSet<usize>) -> Option<(Weight, Reason)> {
        let refusal = format!("{name} cannot be there in two versions");
        let mut nodes: Vec<_> = nodes.into_iter().collect();
        nodes.sort_by_key(|&node| self.nodes[node]);
        let pairs = (1..nodes.len()).flat_map(|end| (0..end).map(move |start| (start, end)));
        let clashes = pairs.map(|(first, second)| {
            let (first, second) = (nodes[first], nodes[second]);
            let ((choices, length), chain) = self.chain_past(first, second);
            let ((other_choices, other_length), refused_chain) = self.chain_past(second, first);
            let weight = (choices + other_choices, length + other_length);
            (weight, Reason::Clash { refusal: refusal.clone(), chain, refused_chain })
        });
        clashes.min_by_key(|(weight, _)| *weight)
    }

    /// Returns who needs what up to a node, by a need that `other` does not meet.
    fn chain_past(&self, node: usize, other: usize) -> (Weight, Vec<Link>) {
        let ways = self.edges.iter().filter_map(|&(source, target, edge)| {
            let ConflictEdge::Requires(requirement) = edge else { return None };
            let (_, need) = self.provider.need(requirement).filter(|_| target == node)?;
            let is_met = self.nodes[other].is_some_and(|other| need.any_of.contains(&other));
            let ((choices, length), mut chain) = self.chain(source);
            if source != self.root || need.text != self.name(node) {
                chain.push(self.link(source, need.text));
            }
            let weight = (choices + need.any_of.len().saturating_sub(1), length + 1);
            (!is_met).then_some((weight, chain))
        });
        let shortest = ways.min_by_key(|(weight, _)| *weight);
        shortest.unwrap_or_else(|| self.chain(node))
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
