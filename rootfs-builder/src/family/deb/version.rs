//! The order of Debian versions.

use std::cmp::Ordering;

/// Compares two versions as dpkg does: epoch, then upstream version, then revision.
///
/// Any bytes are accepted and ordered; whether a version is well formed is [`is_valid`]'s question.
pub fn compare(left: &[u8], right: &[u8]) -> Ordering {
    if left == right {
        return Ordering::Equal;
    }
    let (left_epoch, left_rest) = split_epoch(left);
    let (right_epoch, right_rest) = split_epoch(right);
    let (left_upstream, left_revision) = split_revision(left_rest);
    let (right_upstream, right_revision) = split_revision(right_rest);
    compare_part(left_epoch, right_epoch)
        .then_with(|| compare_part(left_upstream, right_upstream))
        .then_with(|| compare_part(left_revision, right_revision))
}

/// Tells whether `version` has only the characters that a version may have, so that it is safe in
/// a file name once its colon is escaped.
pub fn is_valid(version: &[u8]) -> bool {
    version.first().is_some_and(u8::is_ascii_alphanumeric)
        && version.len() <= 256
        && version.iter().all(|&byte| byte.is_ascii_alphanumeric() || b".+-~:".contains(&byte))
}

fn split_epoch(version: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b':', version) {
        Some(colon) => (&version[..colon], &version[colon + 1..]),
        None => (&[], version),
    }
}

fn split_revision(version: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memrchr(b'-', version) {
        Some(hyphen) => (&version[..hyphen], &version[hyphen + 1..]),
        None => (version, &[]),
    }
}

/// Compares runs of other characters and runs of digits in turn, as policy section 5.6.12 says.
fn compare_part(mut left: &[u8], mut right: &[u8]) -> Ordering {
    while !left.is_empty() || !right.is_empty() {
        let left_words = take_while(&mut left, |byte| !byte.is_ascii_digit());
        let right_words = take_while(&mut right, |byte| !byte.is_ascii_digit());
        let left_number = trim_zeros(take_while(&mut left, u8::is_ascii_digit));
        let right_number = trim_zeros(take_while(&mut right, u8::is_ascii_digit));
        let order = compare_words(left_words, right_words)
            .then_with(|| left_number.len().cmp(&right_number.len()))
            .then_with(|| left_number.cmp(right_number));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

fn take_while<'a>(rest: &mut &'a [u8], belongs: impl Fn(&u8) -> bool) -> &'a [u8] {
    let length = rest.iter().take_while(|&byte| belongs(byte)).count();
    let (taken, left) = rest.split_at(length);
    *rest = left;
    taken
}

fn trim_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    &digits[zeros..]
}

fn compare_words(left: &[u8], right: &[u8]) -> Ordering {
    for index in 0..left.len().max(right.len()) {
        let order = weight(left.get(index)).cmp(&weight(right.get(index)));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// A tilde sorts before the end of the part, letters before everything else.
fn weight(byte: Option<&u8>) -> u16 {
    match byte {
        Some(b'~') => 0,
        None => 1,
        Some(letter) if letter.is_ascii_alphabetic() => 2 + u16::from(*letter),
        Some(other) => 300 + u16::from(*other),
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering::{Equal, Greater, Less};

    use proptest::prelude::*;

    use super::*;

    fn check(left: &str, expected: Ordering, right: &str) {
        assert_eq!(compare(left.as_bytes(), right.as_bytes()), expected, "{left} {right}");
        assert_eq!(compare(right.as_bytes(), left.as_bytes()), expected.reverse());
    }

    #[test]
    fn newer_epoch_wins() {
        check("1:1.0-1", Greater, "2.0-1");
        check("10:1", Greater, "9:1");
    }

    #[test]
    fn no_epoch_is_epoch_zero() {
        check("0:1.0", Equal, "1.0");
    }

    #[test]
    fn numbers_compare_as_numbers() {
        check("1.10", Greater, "1.9");
        check("1.01", Equal, "1.1");
        check("1.00000000000000000000000000000001", Less, "1.2");
    }

    #[test]
    fn tilde_comes_before_the_end() {
        check("1.0~rc1", Less, "1.0");
        check("1.0~~", Less, "1.0~");
        check("1.0~~a", Less, "1.0~");
        check("1.0-1~bpo12+1", Less, "1.0-1");
    }

    #[test]
    fn letters_come_before_other_signs() {
        check("1.0a", Less, "1.0+");
        check("1.0a", Less, "1.0.1");
        check("1.0+dfsg", Greater, "1.0");
    }

    #[test]
    fn no_revision_is_revision_zero() {
        check("1.0-0", Equal, "1.0");
        check("1.0-1", Greater, "1.0");
        check("1-2-3", Greater, "1-1-9");
    }

    #[test]
    fn a_slash_is_no_part_of_a_version() {
        assert!(is_valid(b"1:2.3-4~bpo12+1"));
        assert!(!is_valid(b"1/../2"));
        assert!(!is_valid(b""));
    }

    proptest! {
        #[test]
        fn order_is_total(a in "[0-9a-b~+.:-]{0,8}", b in "[0-9a-b~+.:-]{0,8}", c in "[0-9a-b~+.:-]{0,8}") {
            let (a, b, c) = (a.as_bytes(), b.as_bytes(), c.as_bytes());
            prop_assert_eq!(compare(a, b), compare(b, a).reverse());
            if compare(a, b).is_le() && compare(b, c).is_le() {
                prop_assert!(compare(a, c).is_le());
            }
            if compare(a, b).is_eq() {
                prop_assert_eq!(compare(a, c), compare(b, c));
            }
        }

        #[test]
        fn any_bytes_have_an_order(a: Vec<u8>, b: Vec<u8>) {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
        }
    }
}
