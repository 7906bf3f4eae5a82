//! The parts of a version, whose order is the order of versions.

use std::cmp::Ordering;

/// Suffixes of what comes before a release, in order.
const BEFORE: [&str; 4] = ["alpha", "beta", "pre", "rc"];
/// Suffixes of what comes after a release, in order.
const AFTER: [&str; 5] = ["cvs", "svn", "git", "hg", "p"];

/// One part of a version.
///
/// Where two versions part, the part that stands earlier here is that of the lower version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part<'a> {
    /// Not a version from here on.
    Invalid,
    /// `_alpha` and its like.
    Before(usize),
    /// There is no further part.
    End,
    /// `-r1`
    Revision(Number<'a>),
    /// `~1234abcd`
    Hash(&'a [u8]),
    /// The number after a suffix.
    SuffixNumber(Number<'a>),
    /// `_p` and its like.
    After(usize),
    /// The letter after the numbers.
    Letter(u8),
    /// A number after a dot.
    Component(Component<'a>),
    /// The first number.
    First(Number<'a>),
}

/// Digits that count as a number, however many they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number<'a>(&'a [u8]);

/// Digits after a dot: a leading zero makes them a fraction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Component<'a>(&'a [u8]);

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right) = (trim_zeros(self.0), trim_zeros(other.0));
        left.len().cmp(&right.len()).then_with(|| left.cmp(right))
    }
}

impl Ord for Component<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.0, other.0) {
            ([b'0', ..], _) | (_, [b'0', ..]) => self.0.cmp(other.0),
            (left, right) => Number(left).cmp(&Number(right)),
        }
    }
}

/// What equal means and what order there is follow from `cmp`.
macro_rules! follows_from_cmp {
    ($name:ident) => {
        impl PartialOrd for $name<'_> {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl PartialEq for $name<'_> {
            fn eq(&self, other: &Self) -> bool {
                self.cmp(other).is_eq()
            }
        }

        impl Eq for $name<'_> {}
    };
}

follows_from_cmp!(Number);
follows_from_cmp!(Component);

fn trim_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    &digits[zeros..]
}

/// Goes through the parts of a version; the last one is `End` or `Invalid`.
#[derive(Debug, Clone)]
pub(super) struct Parts<'a> {
    rest: &'a [u8],
    last: Option<Part<'a>>,
}

impl<'a> Parts<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text.as_bytes(), last: None }
    }

    fn take(&mut self, belongs: impl Fn(&u8) -> bool) -> Option<&'a [u8]> {
        let length = self.rest.iter().take_while(|byte| belongs(byte)).count();
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        (length > 0).then_some(taken)
    }

    fn digits(&mut self) -> Option<&'a [u8]> {
        self.take(u8::is_ascii_digit)
    }

    fn read(&mut self) -> Option<Part<'a>> {
        let Some(last) = self.last else { return self.digits().map(Number).map(Part::First) };
        let Some((first, after)) = self.rest.split_first() else { return Some(Part::End) };
        let is_numeric = matches!(last, Part::First(_) | Part::Component(_));
        let is_past_suffixes = matches!(last, Part::Hash(_) | Part::Revision(_));
        if first.is_ascii_digit() {
            let is_suffix = matches!(last, Part::Before(_) | Part::After(_));
            return if is_suffix {
                self.digits().map(Number).map(Part::SuffixNumber)
            } else {
                None
            };
        }
        self.rest = after;
        match first {
            b'.' if is_numeric => self.digits().map(Component).map(Part::Component),
            b'a'..=b'z' if is_numeric => Some(Part::Letter(*first)),
            b'_' if !is_past_suffixes => suffix(self.take(u8::is_ascii_lowercase)?),
            b'~' if !is_past_suffixes => {
                self.take(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).map(Part::Hash)
            }
            b'-' if !matches!(last, Part::Revision(_)) => {
                self.rest = self.rest.strip_prefix(b"r")?;
                self.digits().map(Number).map(Part::Revision)
            }
            _ => None,
        }
    }
}

fn suffix(name: &[u8]) -> Option<Part<'_>> {
    let place = |names: &[&str]| names.iter().position(|known| known.as_bytes() == name);
    place(&BEFORE).map(Part::Before).or_else(|| place(&AFTER).map(Part::After))
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        if matches!(self.last, Some(Part::End | Part::Invalid)) {
            return None;
        }
        self.last = Some(self.read().unwrap_or(Part::Invalid));
        self.last
    }
}
