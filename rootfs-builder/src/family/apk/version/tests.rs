//! The order of versions: corner cases, a ladder, and versions whose order is known as they are made.

use std::cmp::Ordering::{Equal, Greater, Less};

use proptest::prelude::*;

use super::*;

fn check(left: &str, expected: Ordering, right: &str) {
    assert_eq!(compare(left, right), expected, "{left} {right}");
    assert_eq!(compare(right, left), expected.reverse(), "{right} {left}");
}

/// Every one is lower than those after it.
const LADDER: &[&str] = &[
    // Not versions: before all others, by their bytes.
    "",
    "-r1",
    "0.1__alpha",
    "0.1a1",
    "v1",
    // Versions.
    "0_alpha",
    "0",
    "0-r0",
    "0.0",
    "0.01",
    "0.1_alpha_pre2",
    "0.1_alpha",
    "0.1_alpha-r1",
    "0.1_alpha2",
    "0.1_alpha2_git",
    "0.1_alpha10",
    "0.1_beta",
    "0.1_pre20240101",
    "0.1_pre20240101121314151617",
    "0.1_rc9",
    "0.1_rc10-r3",
    "0.1",
    "0.1-r0",
    "0.1-r9",
    "0.1-r10",
    "0.1~00ff",
    "0.1~00ff-r1",
    "0.1~1",
    "0.1~a",
    "0.1~aa",
    "0.1_cvs",
    "0.1_svn",
    "0.1_git_alpha",
    "0.1_git",
    "0.1_git-r1",
    "0.1_git~abc",
    "0.1_git0",
    "0.1_git20240101",
    "0.1_git20240101_p1",
    "0.1_git_p",
    "0.1_hg",
    "0.1_p",
    "0.1_p1",
    "0.1_p1-r0",
    "0.1_p2",
    "0.1a_rc1",
    "0.1a",
    "0.1a-r1",
    "0.1a_p1",
    "0.1b",
    "0.1.0_rc1",
    "0.1.0",
    "0.1.00",
    "0.1.001",
    "0.1.002",
    "0.1.01",
    "0.1.09",
    "0.1.1",
    "0.1.9",
    "0.1.10",
    "0.1.18446744073709551616",
    "0.2",
    "0.10",
    "006",
    "6.0",
    "7",
    "20240101",
    "99999999999999999999999999",
];

#[test]
fn every_rung_of_the_ladder_is_above_those_below_it() {
    for (place, left) in LADDER.iter().enumerate() {
        check(left, Equal, left);
        for right in &LADDER[place + 1..] {
            check(left, Less, right);
        }
    }
}

#[test]
fn the_first_number_has_no_fraction() {
    check("006", Equal, "6");
    check("02.08.01b", Less, "4.77");
    check("087-r1", Less, "103");
    check("013", Less, "014-r1");
    check("0", Equal, "000");
}

#[test]
fn leading_zeros_after_a_dot_make_a_fraction() {
    check("8.2.0", Less, "8.2.001");
    check("8.2.0015", Less, "8.2.002");
    check("1.02.07", Less, "1.02.10-r1");
    check("1.10", Greater, "1.09");
    check("1.060", Less, "1.1");
    check("4.09-r1", Less, "4.10");
}

#[test]
fn numbers_behind_suffixes_and_revisions_are_numbers() {
    check("1.0_p10-r0", Greater, "1.0_p9-r0");
    check("1_p01", Equal, "1_p1");
    check("1-r007", Equal, "1-r7");
    check("9.3.2-r4", Less, "9.3.2-r11");
    check("1_pre20191002222144-r0", Less, "1_pre20210530193627-r0");
}

#[test]
fn what_is_known_to_be_a_version_is_one() {
    for text in [
        "1.2",
        "0.1_pre2",
        "0.1_pre2~1234abcd",
        "0.1_p1_pre2",
        "0.1_alpha1_pre2",
        "1a_p-r0",
        "0.1_git20240101_pre1",
        "1~0",
        "1.2.3.4.5.6.7.8.9",
    ] {
        assert!(is_valid(text), "{text}");
    }
}

#[test]
fn what_is_known_to_be_no_version_is_none() {
    let texts = [
        "",
        "0.1bc",
        "0.1bc1",
        "0.1a1",
        "0.1a.1",
        "0.1_pre2~",
        "0.1_pre2~1234xbcd",
        "0.1_pre2~1234abcd_pre1",
        "0.1_pre2-r1~1234xbcd",
        "0.1_foobar",
        "0.1_foobar1",
        "0.1-pre1.1",
        "0.1-r",
        "0.1-r2_pre1",
        "0.1-r2_p3_pre1",
        "0.1-r2-r3",
        "0.1-r2.1",
        ".1",
        "a",
        "_pre1",
        "-r1",
        "0.1_",
        "0.1_-r0",
        "0.1__alpha",
        "0.1_1_alpha",
        "1.",
        "1..2",
        "1.a",
        "1A",
        "1~ABC",
        "1 ",
        " 1",
        "1\n",
        "1/2",
        "1.é",
        "1_p_",
        "1~1~1",
        "+1",
        "1_alphabet",
        "1_pr",
    ];
    for text in texts {
        assert!(!is_valid(text), "{text}");
    }
    assert!(is_valid(&"1".repeat(256)) && !is_valid(&"1".repeat(257)));
}

#[test]
fn a_prefix_is_a_number_of_whole_parts() {
    for version in [
        "3.6",
        "3.6.0",
        "3.6.9",
        "3.6_pre1",
        "3.6.0_pre1",
        "3.6-r1",
        "3.6a",
        "3.6~ab",
        "3.6.9_post1",
    ] {
        assert!(matches_prefix(version, "3.6"), "{version}");
        assert!(!matches_prefix(version, "3.8"), "{version}");
    }
    assert!(matches_prefix("3.6-r10", "3.6-r10") && !matches_prefix("3.6-r10", "3.6-r1"));
    assert!(!matches_prefix("3.61", "3.6") && !matches_prefix("3", "3.6"));
    for version in ["3.8", "3.8.0", "3.8.0.1"] {
        assert!(!matches_prefix(version, "3.8.1"), "{version}");
    }
    assert!(matches_prefix("06.1", "6") && !matches_prefix("1.2", "") && !matches_prefix("x", "x"));
}

/// One part of a version and its place in the order of parts, which nothing has to read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Made {
    place: (u8, u64),
    text: String,
}

/// Puts versions together of parts, each with its rank.
struct Maker(u64);

impl Maker {
    /// A number below `limit`: the same series every time (Knuth's constants).
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn part(&mut self, parts: &mut Vec<Made>, class: u8, texts: &[&str]) {
        let rank = self.below(texts.len() as u64);
        parts.push(Made { place: (class, rank), text: texts[rank as usize].into() });
    }

    /// The lists are in order; the classes are in the order in which one part replaces another.
    fn version(&mut self) -> Vec<Made> {
        let mut parts = Vec::new();
        self.part(&mut parts, 9, &["0", "1", "2", "10"]);
        for _ in 0..self.below(3) {
            self.part(&mut parts, 8, &[".0", ".00", ".05", ".1", ".2", ".10", ".100"]);
        }
        if self.below(4) == 0 {
            self.part(&mut parts, 7, &["a", "b", "z"]);
        }
        for _ in 0..self.below(3) {
            match self.below(2) {
                0 => self.part(&mut parts, 0, &["_alpha", "_beta", "_pre", "_rc"]),
                _ => self.part(&mut parts, 6, &["_cvs", "_svn", "_git", "_hg", "_p"]),
            }
            if self.below(2) == 0 {
                self.part(&mut parts, 5, &["0", "1", "9", "10", "20240101"]);
            }
        }
        if self.below(4) == 0 {
            self.part(&mut parts, 4, &["~0", "~00", "~1f", "~a", "~ab"]);
        }
        if self.below(2) == 0 {
            self.part(&mut parts, 2, &["-r0", "-r1", "-r9", "-r10"]);
        }
        // Nothing more.
        parts.push(Made { place: (1, 0), text: String::new() });
        parts
    }
}

#[test]
fn generated_versions_have_the_order_that_they_were_made_in() {
    let mut maker = Maker(20_240_101);
    let mut made: Vec<Vec<Made>> = (0..400).map(|_| maker.version()).collect();
    made.sort_by(|left, right| places(left).cmp(places(right)));
    let texts: Vec<String> = made.iter().map(|parts| text(parts)).collect();
    let mut pairs = 0;
    for (place, left) in made.iter().enumerate() {
        assert!(is_valid(&texts[place]), "{}", texts[place]);
        for (other, right) in made.iter().enumerate() {
            let expected = places(left).cmp(places(right));
            assert_eq!(
                compare(&texts[place], &texts[other]),
                expected,
                "{} {}",
                texts[place],
                texts[other]
            );
            pairs += usize::from(expected.is_ne());
        }
    }
    assert!(pairs >= 100_000, "only {pairs} pairs");
}

fn places(parts: &[Made]) -> impl Iterator<Item = (u8, u64)> {
    parts.iter().map(|part| part.place)
}

fn text(parts: &[Made]) -> String {
    parts.iter().map(|part| part.text.as_str()).collect()
}

const ANY: &str = "[0-9]{0,3}(\\.0{0,2}[0-9]{1,2}){0,2}[a-c]?(_(alpha|pre|rc|git|p|x)[0-9]{0,2}){0,2}(~[0-9a-g]{0,2})?(-r?[0-9]{0,2})?";

proptest! {
    #[test]
    fn order_is_total(a in ANY, b in ANY, c in ANY) {
        prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
        if compare(&a, &b).is_le() && compare(&b, &c).is_le() {
            prop_assert!(compare(&a, &c).is_le());
        }
        if compare(&a, &b).is_eq() {
            prop_assert_eq!(compare(&a, &c), compare(&b, &c));
        }
    }

    #[test]
    fn any_text_has_an_order(a: String, b: String) {
        prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
        prop_assert_eq!(compare(&a, &a), Equal);
        prop_assert!(matches_prefix(&a, &a) == is_valid(&a));
    }
}
