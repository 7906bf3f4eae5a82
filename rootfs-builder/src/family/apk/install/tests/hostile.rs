//! Packages that want to write where they must not.

use test_support::Entry;

use super::*;
use crate::family::apk::package::PackageError;
use crate::family::apk::testing::read;

fn refused(packages: &[Package]) -> UnpackError {
    match installed(packages).unwrap_err() {
        InstallError::Unpack(error) => error,
        other => panic!("{other}"),
    }
}

fn unread(package: &Package) -> PackageError {
    let place = tempfile::tempdir().unwrap();
    read(&package.build(), place.path()).unwrap_err()
}

#[test]
fn a_link_and_then_a_file_below_it_stays_in_the_guest() {
    let package = made("evil", "1")
        .symlink("out", "../../../../etc")
        .raw_entry(Entry::directory("out/", 0o755))
        .raw_entry(Entry::file("out/passwd", "x", 0o644));
    let tree = installed(&[package]).unwrap();
    assert_eq!(text(&tree, "etc/passwd"), "x", "`..` ends at the guest's root");
    let package = made("evil", "1")
        .symlink("loop", "loop")
        .raw_entry(Entry::directory("loop/", 0o755))
        .raw_entry(Entry::file("loop/passwd", "x", 0o644));
    assert!(matches!(refused(&[package]), UnpackError::Place { .. }));
}

#[test]
fn names_and_hard_links_that_climb_are_refused() {
    for entry in [
        Entry::file("../etc/passwd", "x", 0o644),
        Entry::file("usr/../../etc/passwd", "x", 0o644),
        Entry::hard_link("name", "../../etc/shadow"),
    ] {
        let package = made("evil", "1").raw_entry(entry);
        assert!(matches!(unread(&package), PackageError::Tar("data archive", _)));
    }
}

#[test]
fn a_hard_link_reaches_only_files_of_its_own_package() {
    let shadow = made("a", "1").file("etc/shadow", "secret", 0o600);
    let evil = made("b", "1")
        .depends("a")
        .directory("etc", 0o755)
        .raw_entry(Entry::hard_link("etc/copy", "etc/shadow"));
    assert!(matches!(refused(&[shadow, evil]), UnpackError::Refused { .. }));
}

#[test]
fn a_device_or_a_file_where_a_directory_stood_and_the_reverse_are_refused() {
    let directory = made("a", "1").file("usr/lib/x", "", 0o644);
    let device = made("b", "1").depends("a").device("usr/lib", 1, 1);
    assert!(matches!(refused(&[directory.clone(), device]), UnpackError::NotADirectory { .. }));
    let file = made("b", "1").file("usr", "", 0o644);
    assert!(matches!(refused(&[directory, file]), UnpackError::NotADirectory { .. }));
    let file = made("a", "1").file("f", "", 0o644);
    let below = made("b", "1").file("f/x", "", 0o644);
    assert!(matches!(refused(&[file, below]), UnpackError::NotADirectory { .. }));
}

#[test]
fn a_device_where_a_file_of_another_stood_is_an_overlap() {
    let file = made("a", "1").file("f", "x", 0o644);
    let device = made("b", "1").device("f", 1, 1);
    assert!(matches!(refused(&[file, device]), UnpackError::Overlap { .. }));
    let devices = [made("a", "1").device("f", 1, 1), made("b", "1").device("f", 1, 2)];
    assert!(matches!(refused(&devices), UnpackError::Overlap { .. }));
}

#[test]
fn names_that_no_line_of_the_database_can_hold_are_refused() {
    let entry = Entry::file("a\nP:other", "x", 0o644);
    let package = made("evil", "1").raw_entry(entry);
    assert!(matches!(refused(&[package]), UnpackError::Refused { .. }));
    let orphan = made("evil", "1").raw_entry(Entry::file("no/parent", "x", 0o644));
    assert!(matches!(refused(&[orphan]), UnpackError::Refused { .. }));
}

#[test]
fn a_name_that_would_put_a_script_elsewhere_is_refused() {
    for name in ["../../etc/cron", "a/b", ".hidden", "a b", ""] {
        let package = made("evil", "1").field("pkgname", name);
        assert!(matches!(unread(&package), PackageError::Info(_)), "{name:?}");
    }
    let package = made("evil", "1").info_text("pkgname = a\npkgver = 1/2\n");
    assert!(matches!(unread(&package), PackageError::Info(_)));
}

#[test]
fn what_begins_with_a_dot_belongs_to_the_archive() {
    let package =
        made("evil", "1").raw_entry(Entry::file(".PKGINFO", "x", 0o644)).file("real", "x", 0o644);
    let tree = installed(&[package]).unwrap();
    assert!(!has(&tree, ".PKGINFO") && has(&tree, "real"));
}

#[test]
fn a_digest_that_is_none_is_refused() {
    for digits in ["", "00", &"+0".repeat(20), &"zz".repeat(20)] {
        let package = made("evil", "1")
            .file("f", "x", 0o644)
            .record("APK-TOOLS.checksum.SHA1", digits.as_bytes());
        assert!(matches!(unread(&package), PackageError::EntryDigest(_)), "{digits:?}");
    }
}
