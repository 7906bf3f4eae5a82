//! The same plan gives the same bytes, whoever builds it, when and where, with scripts or without.

use test_support::apk::Package;
use test_support::{Osb, User, needs};

use super::made::{Target, mirror, stub};
use super::scripts;

/// A package with what tempts a builder to differ.
fn varied() -> Package {
    let package = Package::new("varied", "1.0-r0")
        .directory("srv/shared", 0o2775)
        .owner(0, 50)
        .file("usr/bin/tool", vec![7; 70_000], 0o4755)
        .hard_link("usr/bin/alias", "usr/bin/tool")
        .symlink("usr/bin/link", "tool")
        .device("dev/console", 5, 1);
    (0..200).fold(package, |package, number| {
        let path = format!("usr/share/varied/{}", number * 7919 % 200);
        package.file(&path, format!("{number}"), 0o644)
    })
}

/// Builds in two ways and compares, without scripts and then with them.
#[track_caller]
fn check(change: impl Fn(Osb) -> Osb, more: &[&str]) {
    let plain = mirror(&[varied()]);
    let scripted = needs(&[("busybox", "busybox-static")])
        .then(|| scripts::mirror(&[varied().script("post-install", scripts::TOUCHY)]));
    for archive in [Some(plain), scripted].into_iter().flatten() {
        let usual = Target::new(archive);
        let mut other = usual.beside();
        other.osb = change(other.osb);
        usual.build(&["varied"]).succeeds();
        other.rootfs(&[&["--package", "varied"], more].concat()).succeeds();
        assert!(usual.artifact() == other.artifact());
    }
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
    let elsewhere = Target::new(mirror(&[]));
    let path = elsewhere.osb.directory().to_owned();
    check(|osb| osb.env("TMPDIR", path.clone()), &[]);
}

#[test]
fn users_and_their_privileges_do_not_matter() {
    if let Some(user) = User::with_subordinate_ids() {
        check(|osb| osb.as_user(&user), &[]);
    }
    let Some(user) = User::plain() else { return };
    // One id alone cannot run scripts that change owners, but files need nobody's leave.
    let usual = Target::new(mirror(&[varied()]));
    let mut other = usual.beside();
    other.osb = other.osb.as_user(&user);
    for target in [&usual, &other] {
        target.build(&["varied"]).succeeds();
    }
    assert!(usual.artifact() == other.artifact());
}

#[test]
fn order_of_requests_does_not_matter() {
    let first = Target::new(mirror(&[stub("one"), stub("two")]));
    let second = first.beside();
    first.build(&["one", "two"]).succeeds();
    second.build(&["two", "one"]).succeeds();
    assert!(first.artifact() == second.artifact());
}
