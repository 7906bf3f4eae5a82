//! The written list of differences that may be, each with its reason.

use std::cell::Cell;

use super::difference::{ASPECTS, Aspect, Difference};

/// The written list, and which of its lines were needed so far.
pub struct Allowed(Vec<Line>);

struct Line {
    text: String,
    pattern: String,
    aspects: Vec<Aspect>,
    is_used: Cell<bool>,
}

impl Allowed {
    /// Reads lines of `pattern | aspect, aspect | reason`; `#` begins a comment.
    pub fn read(text: &str) -> Self {
        let lines = text.lines().map(str::trim);
        Self(
            lines
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .map(Line::read)
                .collect(),
        )
    }

    /// The differences that no line allows.
    pub fn refuse<'a>(&self, differences: &'a [Difference]) -> Vec<&'a Difference> {
        differences.iter().filter(|difference| !self.allows(difference)).collect()
    }

    /// The lines that have allowed nothing.
    pub fn unused(&self) -> Vec<&str> {
        self.0.iter().filter(|line| !line.is_used.get()).map(|line| line.text.as_str()).collect()
    }

    fn allows(&self, difference: &Difference) -> bool {
        let line = self.0.iter().find(|line| {
            line.aspects.contains(&difference.aspect) && matches(&line.pattern, &difference.path)
        });
        line.inspect(|line| line.is_used.set(true)).is_some()
    }
}

impl Line {
    fn read(text: &str) -> Self {
        let [pattern, aspects, reason] = text.splitn(3, '|').map(str::trim).collect::<Vec<_>>()[..]
        else {
            panic!("not `pattern | aspects | reason`: {text}");
        };
        assert!(pattern.starts_with('/'), "not a path from the root: {text}");
        assert!(reason.ends_with('.'), "the reason is not a sentence: {text}");
        let aspect = |word: &str| {
            let known = ASPECTS.iter().find(|(name, _)| *name == word.trim());
            known.unwrap_or_else(|| panic!("unknown aspect {word}: {text}")).1
        };
        Self {
            text: text.to_owned(),
            pattern: pattern.to_owned(),
            aspects: aspects.split(',').map(aspect).collect(),
            is_used: Cell::new(false),
        }
    }
}

/// `*` is anything within a name, `**` is anything.
fn matches(pattern: &str, path: &str) -> bool {
    let Some(star) = pattern.find('*') else { return pattern == path };
    let (start, rest) = pattern.split_at(star);
    let Some(tail) = path.strip_prefix(start) else { return false };
    let (rest, limit) = match rest.strip_prefix("**") {
        Some(rest) => (rest, tail.len()),
        None => (&rest[1..], tail.find('/').unwrap_or(tail.len())),
    };
    (0..=limit).any(|length| tail.is_char_boundary(length) && matches(rest, &tail[length..]))
}

#[test]
fn patterns_stay_within_a_name_unless_told() {
    for (pattern, path, expected) in [
        ("/etc/passwd", "/etc/passwd", true),
        ("/etc/passwd", "/etc/passwd-", false),
        ("/etc/*", "/etc/apt/keys", false),
        ("/etc/**", "/etc/apt/keys", true),
        ("/**.pyc", "/usr/lib/a.pyc", true),
        ("/etc/rc*.d/*", "/etc/rc2.d/S01x", true),
        ("/etc/rc*.d/*", "/etc/rc2.d", false),
    ] {
        assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
    }
}
