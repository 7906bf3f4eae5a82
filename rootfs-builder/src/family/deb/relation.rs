//! Relations between packages, as in `Depends: libc6 (>= 2.36) | musl, python3:any`.

use std::cmp::Ordering;
use std::fmt;

use super::version;

/// The most relations that one field may have; Debian's longest has about 3,000.
const RELATIONS_MAX: usize = 50_000;

/// A field that is no list of relations.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelationError {
    /// One relation cannot be read.
    #[error("{text:?} is not a relation")]
    Malformed {
        /// The start of the relation.
        text: String,
    },
    /// More relations than any real field has.
    #[error("a field has more than {RELATIONS_MAX} relations")]
    TooMany,
}

/// How a version must compare with the one that a relation names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `<<`
    Earlier,
    /// `<=`, or the old `<`
    EarlierOrEqual,
    /// `=`
    Equal,
    /// `>=`, or the old `>`
    LaterOrEqual,
    /// `>>`
    Later,
}

/// Which architectures' packages can satisfy a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Qualifier<'a> {
    /// Nothing written: the architecture of the package that has the relation.
    Same,
    /// `:any`
    Any,
    /// `:native`
    Native,
    /// `:amd64` and the like.
    Named(&'a str),
}

/// One wanted, refused or provided package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Relation<'a> {
    /// The package's name, or a virtual one.
    pub name: &'a str,
    /// Which architectures count.
    pub qualifier: Qualifier<'a>,
    /// Which versions count; none if all do.
    pub bound: Option<(Operator, &'a str)>,
}

impl Relation<'_> {
    /// Tells whether a package of that version counts; a virtual one may have none.
    pub fn accepts(&self, candidate: Option<&str>) -> bool {
        match (self.bound, candidate) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some((operator, wanted)), Some(candidate)) => {
                operator.accepts(version::compare(candidate.as_bytes(), wanted.as_bytes()))
            }
        }
    }
}

impl Operator {
    fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::Earlier => order.is_lt(),
            Self::EarlierOrEqual => order.is_le(),
            Self::Equal => order.is_eq(),
            Self::LaterOrEqual => order.is_ge(),
            Self::Later => order.is_gt(),
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Earlier => "<<",
            Self::EarlierOrEqual => "<=",
            Self::Equal => "=",
            Self::LaterOrEqual => ">=",
            Self::Later => ">>",
        }
    }
}

impl fmt::Display for Relation<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)?;
        match self.qualifier {
            Qualifier::Same => {}
            Qualifier::Any => formatter.write_str(":any")?,
            Qualifier::Native => formatter.write_str(":native")?,
            Qualifier::Named(arch) => write!(formatter, ":{arch}")?,
        }
        match self.bound {
            Some((operator, version)) => write!(formatter, " ({} {version})", operator.sign()),
            None => Ok(()),
        }
    }
}

/// Reads a field: groups of which each wants one of its alternatives.
pub fn parse(field: &[u8]) -> Result<Vec<Vec<Relation<'_>>>, RelationError> {
    let mut groups = Vec::new();
    let mut count = 0;
    for group in field.split(|&byte| byte == b',') {
        if group.trim_ascii().is_empty() {
            continue;
        }
        let mut alternatives = Vec::with_capacity(1);
        for text in group.split(|&byte| byte == b'|') {
            alternatives.push(parse_one(text).ok_or_else(|| malformed(text))?);
            count += 1;
            if count > RELATIONS_MAX {
                return Err(RelationError::TooMany);
            }
        }
        groups.push(alternatives);
    }
    Ok(groups)
}

/// Reads one relation that has no alternatives, as in `Provides`.
pub fn parse_single(text: &[u8]) -> Result<Relation<'_>, RelationError> {
    parse_one(text).ok_or_else(|| malformed(text))
}

/// Tells whether `name` is a package's name; such a name is safe as part of a file name.
pub fn is_name(name: &[u8]) -> bool {
    name.first().is_some_and(u8::is_ascii_alphanumeric)
        && name.len() <= 200
        && name.iter().all(|&byte| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte))
}

fn malformed(text: &[u8]) -> RelationError {
    let text = String::from_utf8_lossy(text.trim_ascii()).chars().take(80).collect();
    RelationError::Malformed { text }
}

fn parse_one(text: &[u8]) -> Option<Relation<'_>> {
    let text = std::str::from_utf8(text.trim_ascii()).ok()?;
    let end = text.find(|sign: char| sign.is_ascii_whitespace() || "([<".contains(sign));
    let (head, rest) = text.split_at(end.unwrap_or(text.len()));
    let (name, qualifier) = match head.split_once(':') {
        None => (head, Qualifier::Same),
        Some((name, "any")) => (name, Qualifier::Any),
        Some((name, "native")) => (name, Qualifier::Native),
        Some((name, arch)) if is_name(arch.as_bytes()) => (name, Qualifier::Named(arch)),
        Some(_) => return None,
    };
    if !is_name(name.as_bytes()) {
        return None;
    }
    let (bound, rest) = parse_bound(rest.trim_ascii_start())?;
    // Architecture and profile restrictions belong to source packages; a binary has none left.
    let is_complete = rest.is_empty() || rest.starts_with(['[', '<']);
    is_complete.then_some(Relation { name, qualifier, bound })
}

type Bound<'a> = Option<(Operator, &'a str)>;

fn parse_bound(text: &str) -> Option<(Bound<'_>, &str)> {
    let Some(inner) = text.strip_prefix('(') else { return Some((None, text)) };
    let (inner, rest) = inner.split_once(')')?;
    let inner = inner.trim_ascii();
    let signs = inner.find(|sign| !"<>=".contains(sign)).unwrap_or(inner.len());
    let (sign, version) = inner.split_at(signs);
    let operator = match sign {
        "<<" => Operator::Earlier,
        "<=" | "<" => Operator::EarlierOrEqual,
        "=" | "" => Operator::Equal,
        ">=" | ">" => Operator::LaterOrEqual,
        ">>" => Operator::Later,
        _ => return None,
    };
    let version = version.trim_ascii();
    version::is_valid(version.as_bytes())
        .then_some((Some((operator, version)), rest.trim_ascii_start()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn listing(field: &str) -> String {
        let groups = match parse(field.as_bytes()) {
            Ok(groups) => groups,
            Err(error) => return error.to_string(),
        };
        let group = |group: Vec<Relation>| {
            group.iter().map(Relation::to_string).collect::<Vec<_>>().join(" | ")
        };
        groups.into_iter().map(group).collect::<Vec<_>>().join(", ")
    }

    fn check(field: &str, expected: &str) {
        assert_eq!(listing(field), expected);
    }

    #[test]
    fn spaces_and_line_breaks_do_not_matter() {
        check("a(>=1)|b\n ,  c ( << 2~ ) ,", "a (>= 1) | b, c (<< 2~)");
        check("", "");
    }

    #[test]
    fn old_signs_include_equality() {
        check("a (< 1), b (> 2), c (3)", "a (<= 1), b (>= 2), c (= 3)");
    }

    #[test]
    fn architectures_are_kept() {
        check(
            "python3:any, gcc:native, libc6:i386 (= 1:2.3-4)",
            "python3:any, gcc:native, libc6:i386 (= 1:2.3-4)",
        );
    }

    #[test]
    fn restrictions_of_source_packages_are_passed_over() {
        check("a [amd64 !i386] <!nocheck>, b (>= 1) [any]", "a, b (>= 1)");
    }

    #[test]
    fn nonsense_is_refused() {
        check("a, (>= 1)", "\"(>= 1)\" is not a relation");
        check("a (>= 1", "\"a (>= 1\" is not a relation");
        check("a (== 1)", "\"a (== 1)\" is not a relation");
        check("../../etc/passwd", "\"../../etc/passwd\" is not a relation");
        check("a b", "\"a b\" is not a relation");
        check("a |", "\"\" is not a relation");
    }

    #[test]
    fn a_field_without_end_is_refused() {
        check(&"a,".repeat(RELATIONS_MAX + 1), "a field has more than 50000 relations");
    }

    #[test]
    fn a_bound_needs_a_version() {
        let groups = parse(b"a (>= 2)").unwrap_or_default();
        let accepts = |version| groups[0][0].accepts(version);
        assert!(accepts(Some("2")) && accepts(Some("10")));
        assert!(!accepts(Some("2~rc1")) && !accepts(None));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(field: Vec<u8>) {
            let _ = parse(&field);
        }

        #[test]
        fn what_was_read_reads_again_the_same(field in "[ab:(<=>)1~|, \\[\\]]{0,40}") {
            if let Ok(groups) = parse(field.as_bytes()) {
                let written = listing(&field);
                prop_assert_eq!(parse(written.as_bytes()), Ok(groups));
            }
        }
    }
}
