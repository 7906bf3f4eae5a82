//! Attacks by packages that are correctly signed.

use test_support::{Compression, Entry, Package, hostile};

use crate::made::{Target, suite, suite_with};

/// A package is refused with exit code 3 and these words.
#[track_caller]
fn check(package: &Package, name: &str, said: &str) {
    let target = Target::new(suite_with(package).publish());
    target.refuses(&[name], 3, said);
    target.recovers();
}

/// A package that aims at a directory of the host does not reach it.
#[track_caller]
fn check_contained(name: &str, make: impl FnOnce(&str) -> Package) {
    let target = Target::new(suite().publish());
    let package = make(target.victim());
    target.server.replace(suite_with(&package).publish());
    target.contains(&[name]);
    target.recovers();
}

#[test]
fn parent_directory_in_a_name_is_refused() {
    check(&hostile::parent_directory(), "parent", "..");
}

#[test]
fn absolute_name_stays_inside() {
    check_contained("absolute", |victim| hostile::absolute_file(&format!("{victim}/escaped")));
}

#[test]
fn write_through_an_absolute_symlink_stays_inside() {
    check_contained("through", hostile::write_through_symlink);
}

#[test]
fn write_through_a_relative_symlink_stays_inside() {
    check_contained("through", |victim| {
        hostile::write_through_symlink(&format!("{}{victim}", "../".repeat(40)))
    });
}

#[test]
fn directory_over_a_symlink_stays_inside() {
    check_contained("nested", hostile::write_through_nested_symlink);
}

#[test]
fn hard_link_to_a_file_of_the_host_stays_inside() {
    check_contained("hardlink", |victim| hostile::hard_link_out(&format!("{victim}/file")));
    check_contained("hardlink", |victim| {
        hostile::hard_link_out(&format!("./{}{victim}/file", "../".repeat(40)))
    });
}

#[test]
fn hard_link_through_a_symlink_stays_inside() {
    check_contained("hardlink-through", |victim| {
        hostile::hard_link_through_symlink(victim, "file")
    });
}

#[test]
fn device_over_a_file_stays_inside() {
    check_contained("device", |_| hostile::device_over_file());
}

#[test]
fn symlink_of_one_package_does_not_lead_another_outside() {
    let target = Target::new(suite().publish());
    let first = Package::new("first", "1.0").symlink("srv", target.victim());
    let second = Package::new("second", "1.0").depends("first").file("srv/escaped", "out", 0o644);
    target.server.replace(suite_with(&first).package(&second).publish());
    target.contains(&["second"]);
    target.recovers();
}

#[test]
fn file_over_the_package_database_does_not_forge_it() {
    let package = Package::new("database", "1.0").file("var/lib/dpkg/status", "forged\n", 0o644);
    let target = Target::new(suite_with(&package).publish());
    target.contains(&["database"]);
    let status = test_support::tar_file(&target.artifact(), "var/lib/dpkg/status").unwrap();
    let status = String::from_utf8(status).unwrap();
    assert!(status.contains("Package: dpkg\n") && !status.contains("forged"), "{status}");
}

#[test]
fn member_longer_than_its_archive_is_refused() {
    check(&hostile::truncated_member(), "truncated", "truncated");
}

#[test]
fn name_with_a_line_end_is_refused_or_kept_whole() {
    let package = hostile::control_characters();
    Target::new(suite_with(&package).publish()).contains(&["characters"]);
}

#[test]
fn control_file_of_a_million_lines_is_refused() {
    check(&hostile::long_control(1_000_000), "long", "long");
}

#[test]
fn zip_bombs_are_refused() {
    for compression in [Compression::Gz, Compression::Xz, Compression::Zst] {
        check(&hostile::bomb(16 << 30, compression), "bomb", "bomb");
    }
}

#[test]
fn control_file_of_another_package_is_refused() {
    let text = "Package: dpkg\nVersion: 9.0\nArchitecture: all\nMaintainer: x <x@example.org>\n\
                Description: not what the index says\n";
    check(&Package::new("liar", "1.0").control_text(text), "liar", "liar");
}

#[test]
fn package_without_its_parts_is_refused() {
    let garbage = Package::new("garbage", "1.0").compressed_data(b"not an archive".to_vec());
    check(&garbage, "garbage", "garbage");
}

#[test]
fn names_that_differ_only_in_their_spelling_are_one_file() {
    let package = Package::new("twice", "1.0")
        .raw_entry(Entry::directory("./opt/", 0o755))
        .raw_entry(Entry::file("./opt/file", "first", 0o644))
        .raw_entry(Entry::file("opt//./file", "second", 0o644));
    Target::new(suite_with(&package).publish()).contains(&["twice"]);
}
