//! Which of two packages is the better answer to a name.

use std::cmp::{Ordering, Reverse};

use super::Walk;
use crate::family::apk::select::graph::{Graph, Provider};
use crate::family::apk::version;

impl<'u> Walk<'_, 'u> {
    /// Compares two packages that answer to the same name; the greater one is chosen.
    pub(super) fn compare(&self, left: Provider<'u>, right: Provider<'u>) -> Ordering {
        let standing = |provider: Provider<'u>| {
            let state = self.package(provider.package);
            let exclusions = Reverse(state.exclusions);
            (state.is_open, state.is_option, exclusions, state.is_allowed, state.is_preferred)
        };
        let standings = standing(left).cmp(&standing(right));
        standings.then_with(|| compare_offers(self.graph, left, right))
    }
}

/// Compares two packages that answer to the same name by what the indexes say alone.
pub(in crate::family::apk::select) fn compare_offers<'u>(
    graph: &Graph<'u>,
    left: Provider<'u>,
    right: Provider<'u>,
) -> Ordering {
    let as_asked = match (left.version, right.version) {
        (Some(left), Some(right)) => version::compare(left, right),
        (left, right) => left.is_some().cmp(&right.is_some()),
    };
    let nodes = graph.node(left.package).zip(graph.node(right.package));
    let Some((left_node, right_node)) = nodes else { return as_asked };
    let index = |provider: Provider<'u>| Reverse(graph.universe.package(provider.package).index());
    as_asked
        .then_with(|| match left_node.name == right_node.name {
            true => version::compare(left_node.version, right_node.version),
            false => Ordering::Equal,
        })
        .then_with(|| left_node.priority.cmp(&right_node.priority))
        .then_with(|| index(left).cmp(&index(right)))
}
