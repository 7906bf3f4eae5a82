//! Reads packages and looks up who answers to a name.

use super::{Call, Graph, Name, NameId, Node, Provider};
use crate::family::apk::dependency::Operator;
use crate::family::apk::index::{Package, PackageId};
use crate::family::apk::select::tags::Tags;

impl<'u> Graph<'u> {
    pub(super) fn intern(&mut self, text: &'u str) -> NameId {
        let next = NameId(u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        let number = *self.numbers.entry(text).or_insert(next);
        if number == next {
            self.names.push(Name { text, ..Name::default() });
        }
        number
    }

    /// Notes for every name which packages have a condition about it.
    pub(super) fn read_conditions(&mut self) {
        let universe = self.universe;
        for id in universe.conditional() {
            let package = universe.package(id);
            let (Ok(conditions), Ok(provides)) = (package.install_if(), package.provides()) else {
                continue;
            };
            let own = self.intern(package.name());
            let names = provides.iter().map(|word| self.intern(word.name));
            let names: Vec<_> = std::iter::once(own).chain(names).collect();
            for condition in conditions {
                let about = self.intern(condition.name);
                self.names[about.index()].conditionals.extend(&names);
            }
        }
        for name in &mut self.names {
            name.conditionals.sort_unstable();
            name.conditionals.dedup();
        }
    }

    /// Looks up who answers to a name, once.
    pub(super) fn load_providers(&mut self, name: NameId) {
        if std::mem::replace(&mut self.names[name.index()].has_providers, true) {
            return;
        }
        let universe = self.universe;
        let text = self.text(name);
        let own = universe.named(text).map(|package| {
            let version = Some(universe.package(package).version());
            Provider { package, version }
        });
        let others = universe.providers(text);
        let others = others.map(|(package, version)| Provider { package, version });
        let mut providers: Vec<_> = own
            .chain(others)
            .filter(|provider| self.twins(provider.package).next() == Some(provider.package))
            .collect();
        // The sort is stable: what a package says twice stays in its order.
        providers.sort_by_key(|provider| provider.package);
        self.names[name.index()].providers = providers;
    }

    /// Reads a package, unless that is done; tells whether it was to be done.
    pub(super) fn load(&mut self, id: PackageId) -> bool {
        let slot = id.0 as usize;
        if self.nodes[slot].is_some() {
            return false;
        }
        let package = self.universe.package(id);
        let name = self.intern(package.name());
        self.load_providers(name);
        let (calls_start, links_start) = (self.calls.len(), self.links.len());
        self.calls.push(Call { name, version: Some(package.version()) });
        let is_legible = self.read_words(package);
        let depends_end = self.links.len();
        // A condition that cannot be read never comes true.
        for word in package.install_if().unwrap_or_default() {
            let link = self.link(word);
            self.links.push(link);
        }
        let mut tags = Tags::NONE;
        for twin in self.twins(id) {
            tags.add(self.tag_of(twin));
        }
        self.nodes[slot] = Some(Node {
            name,
            version: package.version(),
            tags,
            is_empty: package.installed_size() == 0,
            is_legible,
            priority: package.provider_priority().unwrap_or(0),
            calls: calls_start..self.calls.len(),
            depends: links_start..depends_end,
            conditions: depends_end..self.links.len(),
        });
        true
    }

    fn read_words(&mut self, package: Package<'u>) -> bool {
        let (Ok(provides), Ok(depends)) = (package.provides(), package.depends()) else {
            return false;
        };
        for word in provides {
            let version = match word.bound {
                Some((Operator::Equal, version)) => Some(version),
                None if !word.is_conflict => None,
                // As in the universe, nothing is provided by such a word.
                Some(_) | None => continue,
            };
            let name = self.intern(word.name);
            self.calls.push(Call { name, version });
        }
        for word in depends {
            let link = self.link(word);
            self.links.push(link);
        }
        true
    }

    /// The same package in each repository that has it.
    fn twins(&self, id: PackageId) -> impl Iterator<Item = PackageId> + use<'u> {
        let universe = self.universe;
        let package = universe.package(id);
        let (version, checksum) = (package.version(), package.checksum());
        let is_same = move |other: &PackageId| {
            let other = universe.package(*other);
            other.version() == version && other.checksum() == checksum
        };
        universe.named(package.name()).filter(is_same)
    }

    fn tag_of(&self, id: PackageId) -> Tags {
        let tag = self.universe.package(id).tag();
        Tags::of(tag.and_then(|tag| self.tags.iter().position(|other| *other == tag)))
    }
}
