//! Which name is looked at next.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

use super::Walk;
use crate::family::apk::select::graph::{NameId, Order};

/// Names that have changed and names that are still to be decided.
#[derive(Debug)]
pub(super) struct Queues {
    changed: VecDeque<NameId>,
    is_changed: Vec<bool>,
    /// Where each undecided name stands.
    places: Vec<Option<Place>>,
    /// Names for which nothing more can be learnt.
    ripe: VecDeque<NameId>,
    with_default: BTreeMap<Reverse<Order>, NameId>,
    without_default: BTreeMap<Reverse<Order>, NameId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Ripe,
    WithDefault,
    WithoutDefault,
}

impl Queues {
    pub fn new(names: usize) -> Self {
        Self {
            changed: VecDeque::new(),
            is_changed: vec![false; names],
            places: vec![None; names],
            ripe: VecDeque::new(),
            with_default: BTreeMap::new(),
            without_default: BTreeMap::new(),
        }
    }

    pub fn next_changed(&mut self) -> Option<NameId> {
        while let Some(name) = self.changed.pop_front() {
            if std::mem::take(&mut self.is_changed[name.index()]) {
                return Some(name);
            }
        }
        None
    }

    pub fn next_undecided(&mut self) -> Option<NameId> {
        while let Some(name) = self.ripe.pop_front() {
            if self.places[name.index()].take().is_some() {
                return Some(name);
            }
        }
        let (_, name) =
            self.with_default.pop_first().or_else(|| self.without_default.pop_first())?;
        self.places[name.index()] = None;
        Some(name)
    }

    /// Takes a name that is decided out of everything.
    pub fn drop(&mut self, name: NameId, order: Order) {
        self.is_changed[name.index()] = false;
        self.take(name, order);
    }

    fn take(&mut self, name: NameId, order: Order) {
        match self.places[name.index()].take() {
            Some(Place::WithDefault) => self.with_default.remove(&Reverse(order)),
            Some(Place::WithoutDefault) => self.without_default.remove(&Reverse(order)),
            // It is passed over where it stands.
            Some(Place::Ripe) | None => None,
        };
    }

    fn put(&mut self, name: NameId, order: Order, place: Place) {
        self.places[name.index()] = Some(place);
        match place {
            Place::Ripe => self.ripe.push_back(name),
            Place::WithDefault => drop(self.with_default.insert(Reverse(order), name)),
            Place::WithoutDefault => drop(self.without_default.insert(Reverse(order), name)),
        }
    }
}

impl Walk<'_, '_> {
    /// Has a name narrowed anew.
    pub(super) fn queue_changed(&mut self, name: NameId) {
        let state = self.name(name);
        let is_needed = state.demands > 0 || state.has_new_conditions;
        if is_needed
            && state.decision.is_none()
            && !std::mem::replace(&mut self.queues.is_changed[name.index()], true)
        {
            self.queues.changed.push_back(name);
        }
    }

    /// Has a name decided, if that is needed; `anew` if it may stand in the wrong place.
    pub(super) fn queue_undecided(&mut self, name: NameId, anew: bool) {
        let state = *self.name(name);
        if state.decision.is_some() {
            return;
        }
        let is_ripe = state.is_last && state.demands > 0 && state.has_default && !state.has_options;
        match self.queues.places[name.index()] {
            Some(Place::Ripe) => return,
            Some(_) if !is_ripe && !anew => return,
            None if state.demands == 0 && !state.is_triggered && !state.is_awaited => return,
            Some(_) | None => {}
        }
        let place = match (is_ripe, state.has_default) {
            (true, _) => Place::Ripe,
            (false, true) => Place::WithDefault,
            (false, false) => Place::WithoutDefault,
        };
        let order = self.graph.order(name);
        self.queues.take(name, order);
        self.queues.put(name, order, place);
    }
}
