//! One word of `D:`, `p:`, `i:`, `r:` or of `/etc/apk/world`: `[!]name[@tag][operator version]`.

#[cfg(test)]
mod tests;

use std::fmt;

use super::checksum::Checksum;
use super::version;

/// How a version must stand to the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// `=`
    Equal,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `~`: the version begins with the bound.
    Fuzzy,
    /// `<~`: the version begins with the bound, or is lower.
    FuzzyLess,
    /// `>~`: the version begins with the bound, or is higher.
    FuzzyGreater,
    /// `><`: the bound is the package's [`Checksum`].
    Checksum,
}

/// What a package needs, provides, replaces or refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dependency<'a> {
    /// The name of a package or of something provided.
    pub name: &'a str,
    /// Whether it is refused instead of needed: `!name`.
    pub is_conflict: bool,
    /// The versions that are meant.
    pub bound: Option<(Operator, &'a str)>,
    /// The repositories that it may come from besides those without a tag: `name@edge`.
    pub tag: Option<&'a str>,
}

/// Why a word is not a dependency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DependencyError {
    /// There is no name, or one that nothing can have.
    #[error("{0:?} has no proper name")]
    Name(String),
    /// The signs between name and version mean nothing.
    #[error("{0:?} compares versions in a way that is not known")]
    Operator(String),
    /// What follows the operator is not a version.
    #[error("{0:?} has no proper version")]
    Version(String),
    /// What follows `><` is not a checksum.
    #[error("{0:?} has no proper checksum")]
    Checksum(String),
    /// There is no tag behind the `@`.
    #[error("{0:?} has no proper tag")]
    Tag(String),
}

impl<'a> Dependency<'a> {
    /// Reads one word.
    pub fn parse(word: &'a str) -> Result<Self, DependencyError> {
        let shown = || word.chars().take(80).collect::<String>();
        let (is_conflict, rest) = match word.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, word),
        };
        let at = rest.find(is_comparer).unwrap_or(rest.len());
        let (full_name, bound) = rest.split_at(at);
        let (name, tag) = match full_name.split_once('@') {
            Some((name, tag)) => (name, Some(tag)),
            None => (full_name, None),
        };
        if !is_name(name) {
            return Err(DependencyError::Name(shown()));
        }
        if tag.is_some_and(|tag| !is_name(tag)) {
            return Err(DependencyError::Tag(shown()));
        }
        let bound = if bound.is_empty() { None } else { Some(parse_bound(bound, shown)?) };
        Ok(Self { name, is_conflict, bound, tag })
    }

    /// Whether the versions that are meant include `version`; whether they are needed or refused
    /// is not looked at.
    ///
    /// Something provided without a version fits only where no version is named.
    pub fn accepts(&self, version: Option<&str>) -> bool {
        let Some((operator, bound)) = self.bound else { return true };
        let Some(version) = version else { return false };
        let begins = || version::matches_prefix(version, bound);
        let order = || version::compare(version, bound);
        match operator {
            Operator::Equal => order().is_eq(),
            Operator::Less => order().is_lt(),
            Operator::LessEqual => order().is_le(),
            Operator::Greater => order().is_gt(),
            Operator::GreaterEqual => order().is_ge(),
            Operator::Fuzzy => begins(),
            Operator::FuzzyLess => begins() || order().is_lt(),
            Operator::FuzzyGreater => begins() || order().is_gt(),
            Operator::Checksum => false,
        }
    }

    /// Like [`Dependency::accepts`] for a package itself, whose checksum may be the bound.
    pub fn accepts_package(&self, version: &str, checksum: &Checksum) -> bool {
        match self.bound {
            Some((Operator::Checksum, bound)) => bound.parse() == Ok(*checksum),
            _ => self.accepts(Some(version)),
        }
    }
}

impl Operator {
    /// How it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Fuzzy => "~",
            Self::FuzzyLess => "<~",
            Self::FuzzyGreater => ">~",
            Self::Checksum => "><",
        }
    }

    /// Reads the signs in any order, as apk does.
    fn parse(signs: &str) -> Option<Self> {
        let has = |sign| signs.contains(sign);
        match (has('<'), has('>'), has('~'), has('=')) {
            (false, false, true, _) => Some(Self::Fuzzy),
            (false, false, false, true) => Some(Self::Equal),
            (true, false, true, _) => Some(Self::FuzzyLess),
            (true, false, false, true) => Some(Self::LessEqual),
            (true, false, false, false) => Some(Self::Less),
            (false, true, true, _) => Some(Self::FuzzyGreater),
            (false, true, false, true) => Some(Self::GreaterEqual),
            (false, true, false, false) => Some(Self::Greater),
            (true, true, false, false) => Some(Self::Checksum),
            (true, true, _, _) | (false, false, false, false) => None,
        }
    }
}

impl fmt::Display for Dependency<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refusal = if self.is_conflict { "!" } else { "" };
        write!(formatter, "{refusal}{}", self.name)?;
        if let Some(tag) = self.tag {
            write!(formatter, "@{tag}")?;
        }
        match self.bound {
            Some((operator, version)) => write!(formatter, "{}{version}", operator.sign()),
            None => Ok(()),
        }
    }
}

fn parse_bound(
    bound: &str,
    shown: impl Fn() -> String,
) -> Result<(Operator, &str), DependencyError> {
    let version = bound.trim_start_matches(is_comparer);
    let signs = &bound[..bound.len() - version.len()];
    let operator = Operator::parse(signs).ok_or_else(|| DependencyError::Operator(shown()))?;
    match operator {
        Operator::Checksum if version.parse::<Checksum>().is_err() => {
            Err(DependencyError::Checksum(shown()))
        }
        Operator::Checksum => Ok((operator, version)),
        _ if !version::is_valid(version) => Err(DependencyError::Version(shown())),
        _ => Ok((operator, version)),
    }
}

fn is_comparer(sign: char) -> bool {
    matches!(sign, '<' | '>' | '=' | '~')
}

/// apk takes almost anything; a blank would be two words, and a control character an attack.
fn is_name(name: &str) -> bool {
    let is_fit = |sign: char| !sign.is_whitespace() && !sign.is_control() && sign != '@';
    !name.is_empty() && !name.starts_with('!') && name.chars().all(is_fit)
}
