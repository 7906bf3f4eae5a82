//! The order of apk versions: `number{.number}{letter}{_suffix{number}}{~hash}{-rnumber}`.

mod part;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use part::{Part, Parts};

/// Longer ones are not versions.
const BYTES_MAX: usize = 256;

/// Compares two versions as apk does, part by part.
///
/// Invalid ones sort below valid ones, and among each other by their bytes.
pub fn compare(left: &str, right: &str) -> Ordering {
    if left == right {
        return Ordering::Equal;
    }
    match (is_valid(left), is_valid(right)) {
        (true, true) => Parts::new(left).cmp(Parts::new(right)),
        (false, false) => left.cmp(right),
        (left, right) => left.cmp(&right),
    }
}

/// Whether `text` is a version; then it is safe in a file name, too.
pub fn is_valid(text: &str) -> bool {
    text.len() <= BYTES_MAX && Parts::new(text).last() == Some(Part::End)
}

/// Whether `version` begins with all parts of `prefix`, as apk's `~` asks.
pub fn matches_prefix(version: &str, prefix: &str) -> bool {
    let is_part = |part: &Part<'_>| *part != Part::End;
    let mut parts = Parts::new(version);
    is_valid(prefix)
        && Parts::new(prefix).take_while(is_part).all(|part| parts.next() == Some(part))
}
