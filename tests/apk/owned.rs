//! Files that two packages have.

use test_support::apk::Package;

use super::made::{Target, mirror};

fn with_file(name: &str) -> Package {
    Package::new(name, "1.0-r0").file("usr/bin/shared", name, 0o755)
}

#[test]
fn a_file_of_two_packages_is_refused_by_name() {
    let target = Target::new(mirror(&[with_file("first"), with_file("second")]));
    let outcome = target.build(&["first", "second"]);
    assert!(outcome.code.is_some_and(|code| code != 0), "{outcome}");
    for word in ["first", "second", "usr/bin/shared"] {
        assert!(outcome.stderr.contains(word), "{word}: {outcome}");
    }
    assert!(!target.osb.directory().join("out.tar").exists());
}

#[test]
fn the_package_that_replaces_the_other_keeps_the_file() {
    let pairs = [("first", "second"), ("second", "first")];
    for (winner, loser) in pairs {
        let packages = [with_file(winner).replaces(loser), with_file(loser)];
        let target = Target::new(mirror(&packages));
        target.build(&["first", "second"]).succeeds();
        assert_eq!(target.text("usr/bin/shared"), winner);
        let installed = target.text("lib/apk/db/installed");
        assert_eq!(installed.matches("R:shared\n").count(), 1, "{installed}");
    }
}

#[test]
fn of_two_that_replace_each_other_the_higher_priority_wins() {
    let pairs = [(5, 9, "second"), (9, 5, "first")];
    for (first, second, winner) in pairs {
        let packages = [
            with_file("first").replaces("second").replaces_priority(first),
            with_file("second").replaces("first").replaces_priority(second),
        ];
        let target = Target::new(mirror(&packages));
        target.build(&["first", "second"]).succeeds();
        assert_eq!(target.text("usr/bin/shared"), winner);
    }
}

#[test]
fn the_same_bytes_in_two_packages_are_no_conflict() {
    let package = |name| Package::new(name, "1.0-r0").file("usr/bin/shared", "same", 0o755);
    let target = Target::new(mirror(&[package("first"), package("second")]));
    target.build(&["first", "second"]).succeeds();
    assert_eq!(target.text("usr/bin/shared"), "same");
}
