//! Indexes that were made to do harm.

use super::*;

fn refusal(text: impl Into<Vec<u8>>) -> IndexError {
    Universe::read("x86_64", vec![index(text)]).unwrap_err()
}

fn refused_field(text: String) -> &'static str {
    match refusal(text) {
        IndexError::Field { field, .. } => field,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_package_without_identity_is_refused() {
    for (letter, field) in [("C:", "checksum"), ("P:", "name"), ("V:", "version")] {
        let text = least("a", "1");
        let without: String = text
            .lines()
            .filter(|line| !line.starts_with(letter))
            .map(|line| format!("{line}\n"))
            .collect();
        assert_eq!(refused_field(without), field);
    }
}

#[test]
fn a_name_or_version_that_leaves_its_directory_is_refused() {
    for name in ["../a", ".a", "a/b", "", "-a", "a b", "a\u{1b}", "é", "a\r", &"a".repeat(260)] {
        assert_eq!(refused_field(least(name, "1")), "name", "{name}");
    }
    for version in ["1/../../2", "", "1 2", "1\r", "1%2f", "é"] {
        assert_eq!(refused_field(least("a", version)), "version", "{version}");
    }
}

#[test]
fn lies_about_numbers_are_refused() {
    for number in ["-1", "+1", "1e9", "0x10", " 1", "99999999999999999999999"] {
        assert_eq!(refused_field(least("a", "1") + &format!("S:{number}\n")), "size");
        assert_eq!(refused_field(least("a", "1") + &format!("I:{number}\n")), "installed size");
        assert_eq!(refused_field(least("a", "1") + &format!("k:{number}\n")), "provider priority");
    }
}

#[test]
fn the_place_of_the_fault_is_named() {
    let text = least("good", "1") + "\n" + &least("bad", "1/2");
    let message = refusal(text).to_string();
    assert_eq!(message, "main: the package at byte 45 has no valid version");
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let refused = refusal(b"P:a\n\xff".to_vec());
    assert!(matches!(refused, IndexError::NotText { position: 4, .. }), "{refused:?}");
}

#[test]
fn one_huge_line_costs_no_more_than_itself() {
    let long = "x".repeat(8 << 20);
    let text =
        least("a", "1") + "T:" + &long + "\nD:" + &"a ".repeat(100_000) + "\np:" + &long + "\n";
    let universe = universe(text);
    assert_eq!(universe.package(PackageId(0)).depends().unwrap().len(), 100_000);
    assert_eq!(universe.providers(&long).count(), 1);
}

#[test]
fn millions_of_short_lines_are_one_package_or_too_many() {
    let text = least("a", "1") + &"m:\n".repeat(2_000_000) + &"\n".repeat(2_000_000);
    assert_eq!(universe(text).len(), 1);
    let one = least("a", "1") + "\n";
    let refused = refusal(one.repeat((1 << 20) + 1));
    assert!(matches!(refused, IndexError::TooMany { what: "packages", .. }), "{refused:?}");
    let refused = refusal(least("a", "1") + "p:" + &"x ".repeat((1 << 23) + 1));
    assert!(matches!(refused, IndexError::TooMany { what: "provided names", .. }), "{refused:?}");
}

#[test]
fn thousands_of_packages_of_one_name_are_found_in_order() {
    let text: String = (0..20_000).map(|n| least("a", &format!("1.{n}")) + "p:b=1\n\n").collect();
    let universe = universe(text);
    let latest = universe.named("a").next().unwrap();
    assert_eq!(universe.package(latest).version(), "1.19999");
    assert_eq!(universe.providers("b").count(), 20_000);
}
