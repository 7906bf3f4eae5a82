//! Which of several packages that would do is preferred.

use std::cell::RefCell;
use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;

use memchr::memmem::Finder;

use super::graph::Graph;
use super::walk::State;
use crate::family::deb::index::{MultiArch, PackageId, Universe};

/// Where the indexes first mention a package: the index, the paragraph, the field, the place in it.
type Mention = (usize, usize, usize, usize);

/// The fields that make apt know a package, in the order in which it reads them; the package's own
/// paragraph comes before them all.
const FIELDS: [&str; 9] = [
    "Pre-Depends",
    "Depends",
    "Conflicts",
    "Breaks",
    "Recommends",
    "Suggests",
    "Replaces",
    "Enhances",
    "Provides",
];

/// Where packages were mentioned first, found when asked for.
///
/// When nothing else tells two packages apart, apt prefers the one that it came to know last while
/// reading the indexes. That happens rarely, so the text is searched then, and no sooner.
#[derive(Default)]
pub(super) struct Mentions {
    known: RefCell<HashMap<PackageId, Mention>>,
}

/// Compares packages that provide `name`: the preferred one is less.
pub(super) fn compare(
    graph: &Graph<'_>,
    states: &[State],
    mentions: &Mentions,
    name: &str,
    (left, right): (PackageId, PackageId),
) -> Ordering {
    let universe = graph.universe;
    let key = |id: PackageId| {
        let package = universe.package(id);
        let state = states[id.0 as usize];
        let is_same = package.multi_arch() == MultiArch::Same;
        let has_sibling = is_same
            && graph.candidates_named(package.name()).any(|id| states[id.0 as usize].is_current);
        (
            Reverse(state.is_protected),
            Reverse(has_sibling),
            Reverse(state.is_current),
            Reverse(package.name() == name),
            Reverse(package.is_essential()),
            Reverse(package.is_important()),
            package.arch_rank(),
            package.priority(),
        )
    };
    key(left)
        .cmp(&key(right))
        .then_with(|| mentions.first(universe, right).cmp(&mentions.first(universe, left)))
}

impl Mentions {
    fn first(&self, universe: &Universe, package: PackageId) -> Mention {
        if let Some(&mention) = self.known.borrow().get(&package) {
            return mention;
        }
        let mention = find(universe, package).unwrap_or((usize::MAX, 0, 0, 0));
        self.known.borrow_mut().insert(package, mention);
        mention
    }
}

fn find(universe: &Universe, id: PackageId) -> Option<Mention> {
    let package = universe.package(id);
    let finder = Finder::new(package.name());
    for (number, text) in universe.texts().enumerate() {
        // The least place within the first paragraph that counts.
        let mut best: Option<(usize, usize, usize)> = None;
        for position in finder.find_iter(text) {
            if best.is_some_and(|(start, ..)| paragraph_end(text, start) < position) {
                break;
            }
            let length = package.name().len();
            let Some(place) = place(text, position, length, package.slot_arch()) else { continue };
            // An architecture's packages are made known by packages of that architecture.
            let is_own = paragraph_arch(text, place.0)
                .is_some_and(|arch| counts_as(arch, universe) == package.slot_arch());
            if is_own && best.is_none_or(|best| place < best) {
                best = Some(place);
            }
        }
        if let Some((paragraph, field, within)) = best {
            return Some((number, paragraph, field, within));
        }
    }
    None
}

fn counts_as<'a>(arch: &'a str, universe: &'a Universe) -> &'a str {
    if arch == "all" { &universe.archs()[0] } else { arch }
}

/// Returns the paragraph, the rank of the field and the place where a mention stands; none if the
/// bytes there are no whole name in a field that matters.
fn place(text: &[u8], position: usize, length: usize, arch: &str) -> Option<(usize, usize, usize)> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-._/".contains(byte);
    let before = position.checked_sub(1).and_then(|before| text.get(before));
    let after = &text[position + length..];
    if before.is_some_and(is_part) || after.first().is_some_and(is_part) {
        return None;
    }
    // With a qualifier, another name is meant, unless it is the package's own architecture.
    let qualifier = after.strip_prefix(b":");
    if qualifier.is_some_and(|qualifier| !qualifier.starts_with(arch.as_bytes())) {
        return None;
    }
    let (start, name) = field_of(text, position)?;
    let rank = match FIELDS.iter().position(|field| field.as_bytes() == name) {
        Some(rank) => rank + 1,
        None if name == b"Package" => 0,
        None => return None,
    };
    // A version within parentheses is no name.
    let written = &text[start..position];
    let is_version = memchr::memrchr(b'(', written) > memchr::memrchr(b')', written);
    (!is_version).then(|| (paragraph_start(text, position), rank, position))
}

/// Returns where the field around `position` starts, and its name.
fn field_of(text: &[u8], position: usize) -> Option<(usize, &[u8])> {
    let mut end = position;
    loop {
        let start = memchr::memrchr(b'\n', &text[..end]).map_or(0, |newline| newline + 1);
        match text.get(start) {
            Some(b' ' | b'\t') if start > 0 => end = start - 1,
            _ => {
                let colon = memchr::memchr(b':', &text[start..])?;
                return Some((start, &text[start..start + colon]));
            }
        }
    }
}

fn paragraph_start(text: &[u8], position: usize) -> usize {
    memchr::memmem::rfind(&text[..position], b"\n\n").map_or(0, |blank| blank + 2)
}

fn paragraph_end(text: &[u8], start: usize) -> usize {
    memchr::memmem::find(&text[start..], b"\n\n").map_or(text.len(), |blank| start + blank)
}

fn paragraph_arch(text: &[u8], start: usize) -> Option<&str> {
    let paragraph = &text[start..paragraph_end(text, start)];
    let value = memchr::memmem::find(paragraph, b"\nArchitecture:")? + "\nArchitecture:".len();
    let line = paragraph[value..].split(|&byte| byte == b'\n').next()?;
    std::str::from_utf8(line.trim_ascii()).ok()
}
