//! Triggers: scripts that run once at the end, with the directories that they asked for.

use std::collections::BTreeSet;

use tree::GuestPath;

use super::package::{ApkPackage, ScriptKind};

/// The directories that a package's trigger is run with, sorted; all of them are new to it.
pub(crate) fn set_off(package: &ApkPackage, directories: &BTreeSet<GuestPath>) -> Vec<String> {
    if !package.scripts.contains_key(&ScriptKind::Trigger) {
        return Vec::new();
    }
    let patterns: Vec<&[u8]> = package
        .info
        .triggers
        .iter()
        .filter(|pattern| pattern.starts_with('/'))
        .map(|pattern| pattern.as_bytes())
        .collect();
    directories
        .iter()
        .map(|directory| [b"/", directory.as_bytes()].concat())
        .filter(|name| patterns.iter().any(|pattern| matches(pattern, name)))
        .filter_map(|name| String::from_utf8(name).ok())
        .collect()
}

/// Whether a path fits a pattern, component by component: `*`, `?` and `[...]` never match a slash.
pub(crate) fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let mut patterns = pattern.split(|byte| *byte == b'/');
    let mut names = path.split(|byte| *byte == b'/');
    loop {
        match (patterns.next(), names.next()) {
            (None, None) => return true,
            (Some(pattern), Some(name)) if fits(pattern, name) => {}
            _ => return false,
        }
    }
}

/// Whether a name fits a pattern. On a mismatch only the last `*` takes one byte more, so the work
/// is bounded by the product of the lengths.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut next) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while next < name.len() {
        match one(&pattern[at..], name[next]) {
            Some(length) => (at, next) = (at + length, next + 1),
            None if pattern.get(at) == Some(&b'*') => {
                star = Some((at + 1, next));
                at += 1;
            }
            None => match &mut star {
                Some((after, taken)) => {
                    *taken += 1;
                    (at, next) = (*after, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

/// How much of a pattern stands for this byte, if its beginning does; not for `*`.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [] | [b'*', ..] => None,
        [b'?', ..] => Some(1),
        [b'\\', escaped, ..] => (*escaped == byte).then_some(2),
        [b'[', rest @ ..] => match set(rest) {
            Some((members, is_negated, length)) => {
                (contains(members, byte) != is_negated).then_some(1 + length)
            }
            None => (byte == b'[').then_some(1),
        },
        [plain, ..] => (*plain == byte).then_some(1),
    }
}

/// The members of a set, whether it is negated, and its length with the closing bracket.
fn set(rest: &[u8]) -> Option<(&[u8], bool, usize)> {
    let is_negated = matches!(rest.first(), Some(b'!' | b'^'));
    let start = usize::from(is_negated);
    // A bracket that comes first is a member.
    let end = rest.iter().skip(start + 1).position(|byte| *byte == b']')? + start + 1;
    Some((&rest[start..end], is_negated, end + 1))
}

fn contains(members: &[u8], byte: u8) -> bool {
    let mut rest = members;
    while let Some((first, others)) = rest.split_first() {
        match others {
            [b'-', last, others @ ..] => {
                if (*first..=*last).contains(&byte) {
                    return true;
                }
                rest = others;
            }
            _ => {
                if *first == byte {
                    return true;
                }
                rest = others;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, path: &str, expected: bool) {
        assert_eq!(matches(pattern.as_bytes(), path.as_bytes()), expected, "{pattern} {path}");
    }

    #[test]
    fn a_star_stays_within_its_component() {
        check("/lib/modules/*", "/lib/modules/6.1", true);
        check("/lib/modules/*", "/lib/modules/6.1/kernel", false);
        check("/lib/modules/*", "/lib/modules", false);
        check("/usr/share/icons/*", "/usr/share/icons/", true);
        check("/a*b*c", "/axxbyybzc", true);
        check("/a*b*c", "/axxbyybz", false);
    }

    #[test]
    fn sets_and_single_bytes_match_as_in_a_shell() {
        check("/r[cd]?.d", "/rc0.d", true);
        check("/r[!c-e]", "/rc", false);
        check("/r[!c-e]", "/rf", true);
        check("/[]]", "/]", true);
        check("/[x", "/[x", true);
        check("/\\*", "/*", true);
        check("/\\*", "/x", false);
    }

    #[test]
    fn a_pattern_of_many_stars_ends_soon() {
        check(&format!("/{}", "*a".repeat(2000)), &format!("/{}b", "a".repeat(4000)), false);
    }
}
