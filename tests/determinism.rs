//! The same plan gives the same bytes, whoever builds it, when and where.

mod real;

use test_support::{Osb, Package, User};

use crate::made::{Target, suite_with};

/// A package with what tempts a builder to differ: odd owners, modes, links, many files.
fn package() -> Package {
    let package = Package::new("varied", "1.0")
        .directory("srv/shared", 0o2775)
        .owner(0, 50)
        .file("usr/bin/tool", vec![7; 70_000], 0o4755)
        .hard_link("usr/bin/alias", "usr/bin/tool")
        .symlink("usr/bin/link", "tool")
        .device("dev/console", 5, 1)
        .conffile("etc/varied.conf", "a=b\n");
    (0..200).fold(package, |package, number| {
        package.file(
            &format!("usr/share/varied/{}", number * 7919 % 200),
            format!("{number}"),
            0o644,
        )
    })
}

fn target() -> Target {
    Target::new(suite_with(&package()).publish())
}

/// Builds in two ways and compares.
#[track_caller]
fn check(change: impl FnOnce(Osb) -> Osb, more: &[&str]) {
    let usual = target();
    let mut other = usual.beside();
    other.osb = change(other.osb);
    usual.build(&["varied"]).succeeds();
    other.rootfs(&[&["--package", "varied"], more].concat()).succeeds();
    assert!(usual.artifact() == other.artifact());
}

#[test]
fn locale_and_time_zone_do_not_matter() {
    check(|osb| osb.env("TZ", "Asia/Tokyo").env("LANG", "tr_TR.UTF-8").env("LC_ALL", "C"), &[]);
}

#[test]
fn umask_does_not_matter() {
    check(|osb| osb.umask("077"), &[]);
    check(|osb| osb.umask("000"), &[]);
}

#[test]
fn number_of_threads_does_not_matter() {
    check(|osb| osb, &["--jobs", "1"]);
    check(|osb| osb, &["--jobs", "7"]);
}

#[test]
fn temporary_directory_does_not_matter() {
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().to_owned();
    check(|osb| osb.env("TMPDIR", path), &[]);
}

#[test]
fn host_name_does_not_matter() {
    if !test_support::is_root() {
        return test_support::skip("changing the host's name in a namespace needs root");
    }
    check(
        |osb| {
            let script = "hostname elsewhere; exec \"$0\" \"$@\"";
            osb.under(&["unshare", "--uts", "/bin/sh", "-c", script])
        },
        &[],
    );
}

#[test]
fn users_and_their_privileges_do_not_matter() {
    for user in [User::with_subordinate_ids(), User::plain()].into_iter().flatten() {
        check(|osb| osb.as_user(&user), &[]);
    }
}

#[test]
fn full_cache_gives_what_an_empty_one_gives() {
    let target = target();
    target.build(&["varied"]).succeeds();
    let first = target.artifact();
    std::fs::remove_file(target.osb.directory().join("out.tar")).unwrap();
    target.build(&["varied"]).succeeds();
    assert!(first == target.artifact());
}

#[test]
fn order_of_requests_does_not_matter() {
    let first = target();
    let second = first.beside();
    first.build(&["varied", "apt"]).succeeds();
    second.build(&["apt", "varied"]).succeeds();
    assert!(first.artifact() == second.artifact());
}
