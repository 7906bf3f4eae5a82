//! Which modules must be loaded before which.

use std::collections::HashSet;

use crate::error::Error;
use crate::module::Module;
use crate::symbols::Symbols;

/// How many modules of a circle are named.
const NAMED_MAX: usize = 10;

/// The needs of all modules.
pub(crate) struct Dependencies {
    /// Which others each module needs itself, in the order in which it names their symbols.
    direct: Vec<Vec<usize>>,
    /// The place of each in an order where those come first that nobody needs.
    place: Vec<usize>,
}

impl Dependencies {
    pub(crate) fn of(modules: &[Module], symbols: &Symbols<'_>) -> Result<Self, Error> {
        let direct: Vec<Vec<usize>> =
            modules.iter().map(|module| needed(module, symbols)).collect();
        let place = sort(&direct);
        let lost = place.iter().enumerate().filter(|(_, place)| place.is_none());
        let circle: Vec<String> = lost
            .take(NAMED_MAX)
            .map(|(number, _)| String::from_utf8_lossy(&modules[number].name).into_owned())
            .collect();
        if !circle.is_empty() {
            return Err(Error::Circle { modules: circle });
        }
        let place = place.into_iter().map(Option::unwrap_or_default).collect();
        Ok(Self { direct, place })
    }

    /// All modules that one needs, itself or through others, the last to be loaded first.
    pub(crate) fn all(&self, module: usize) -> Vec<usize> {
        let mut found = HashSet::new();
        let mut pending = self.direct[module].clone();
        while let Some(next) = pending.pop() {
            if found.insert(next) {
                pending.extend(&self.direct[next]);
            }
        }
        let mut all: Vec<usize> = found.into_iter().collect();
        all.sort_by_key(|module| self.place[*module]);
        all
    }
}

fn needed(module: &Module, symbols: &Symbols<'_>) -> Vec<usize> {
    let mut needed = Vec::new();
    let mut seen = HashSet::new();
    for owner in module.facts.imports.iter().filter_map(|symbol| symbols.owner(symbol)) {
        if seen.insert(owner) {
            needed.push(owner);
        }
    }
    needed
}

/// Sorts so that a module comes before all that it needs; those in circles get no place.
///
/// Which of several possible orders it is shows in the lines of `modules.dep`: this is depmod's.
fn sort(direct: &[Vec<usize>]) -> Vec<Option<usize>> {
    let mut users = vec![0usize; direct.len()];
    for needed in direct.iter().flatten() {
        users[*needed] += 1;
    }
    let mut place = vec![None; direct.len()];
    let mut free: Vec<usize> = (0..direct.len()).filter(|module| users[*module] == 0).collect();
    let mut count = 0;
    while let Some(module) = free.pop() {
        place[module] = Some(count);
        count += 1;
        for needed in &direct[module] {
            users[*needed] -= 1;
            if users[*needed] == 0 {
                free.push(*needed);
            }
        }
    }
    place
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::elf::Facts;

    fn modules(needs: &[(&str, &[&str])]) -> Vec<Module> {
        let bytes = |text: &&str| text.as_bytes().to_vec();
        let module = |(name, imports): &(&str, &[&str])| Module {
            name: bytes(name),
            path: bytes(name),
            facts: Facts {
                exports: vec![bytes(name)],
                imports: imports.iter().map(bytes).collect(),
                ..Facts::default()
            },
        };
        needs.iter().map(module).collect()
    }

    #[test]
    fn what_is_needed_through_others_is_needed() {
        let modules =
            modules(&[("a", &["b", "c", ".b"]), ("b", &["d"]), ("c", &["d"]), ("d", &[])]);
        let symbols = Symbols::of(&modules);
        let dependencies = Dependencies::of(&modules, &symbols).unwrap();
        assert_eq!(dependencies.all(0), [2, 1, 3]);
        assert_eq!(dependencies.all(3), []);
    }

    #[test]
    fn a_circle_is_named() {
        let modules = modules(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"]), ("d", &[])]);
        let error = Dependencies::of(&modules, &Symbols::of(&modules)).err().unwrap();
        assert_eq!(error.to_string(), "modules need each other in a circle: b, c");
    }
}
