//! Attacks by whoever serves the bytes.

use std::time::Duration;

use test_support::{Compression, Fault, hostile};

use crate::made::{RELEASE, Target, suite};

/// A path of the made distribution that every build fetches.
const DEB: &str = "pool/main/d/dpkg/dpkg_1.0_all.deb";

/// A fault in place of one file ends the build with exit code 3 and these words.
#[track_caller]
fn check(path: &str, fault: &Fault, said: &str) {
    let target = Target::new(suite().publish());
    target.server.fault(path, fault.clone());
    target.refuses(&[], 3, said);
    target.recovers();
}

/// A fault in place of one file does not matter.
#[track_caller]
fn check_harmless(path: &str, fault: Fault) {
    let target = Target::new(suite().publish());
    target.server.fault(path, fault);
    target.build(&[]).succeeds();
}

#[test]
fn missing_package_is_refused_by_name() {
    check(DEB, &Fault::Status(404), "dpkg");
}

#[test]
fn missing_release_is_refused() {
    let mut archive = suite().publish();
    archive.remove_if(|path| path.starts_with("dists/bookworm/") && path.contains("Release"));
    let target = Target::new(archive);
    target.refuses(&[], 3, "not found");
    target.recovers();
}

#[test]
fn missing_indexes_are_refused() {
    let mut archive = suite().publish();
    archive.remove_if(|path| path.contains("binary-amd64"));
    let target = Target::new(archive);
    target.refuses(&[], 3, "Packages");
    target.recovers();
}

#[test]
fn wrong_digest_of_a_package_is_refused() {
    check(DEB, &Fault::WrongBytes, "digest is");
}

#[test]
fn wrong_digest_of_an_index_is_refused() {
    let mut archive = suite().publish();
    archive.remove_if(|path| path.contains("by-hash") || path.ends_with("/Packages"));
    for path in ["Packages.xz", "Packages.gz"] {
        archive.flip_bit(&format!("dists/bookworm/main/binary-amd64/{path}"));
    }
    let target = Target::new(archive);
    target.refuses(&[], 3, "digest is");
    target.recovers();
}

#[test]
fn longer_package_than_promised_is_refused() {
    check(DEB, &Fault::Endless, "dpkg");
    check(DEB, &Fault::Instead(vec![0; 1 << 20]), "dpkg");
}

#[test]
fn body_cut_short_every_time_is_refused() {
    check(DEB, &Fault::ShortBody, "dpkg");
    check(RELEASE, &Fault::ShortBody, "");
}

#[test]
fn body_cut_short_twice_is_continued() {
    check_harmless(DEB, Fault::CutThenFine { times: 2 });
}

#[test]
fn server_that_fails_twice_is_asked_again() {
    check_harmless(DEB, Fault::FailThenFine { status: 500, times: 2 });
    check_harmless(RELEASE, Fault::FailThenFine { status: 503, times: 2 });
}

#[test]
fn server_that_always_fails_is_given_up() {
    check(DEB, &Fault::Status(500), "500");
}

#[test]
fn stalled_mirror_is_given_up() {
    check(DEB, &Fault::Stall, "dpkg");
}

#[test]
fn silent_mirror_is_given_up() {
    check(RELEASE, &Fault::Silence, "");
}

#[test]
fn slow_mirror_is_not_given_up() {
    check_harmless(DEB, Fault::Slow { piece: 100, pause: Duration::from_millis(100) });
}

#[test]
fn redirect_loop_is_refused() {
    check(DEB, &Fault::RedirectLoop, "redirect");
    check(RELEASE, &Fault::RedirectLoop, "redirect");
}

#[test]
fn redirect_to_a_file_of_the_host_is_refused() {
    check(DEB, &Fault::Redirect("file:///etc/passwd".into()), "");
}

#[test]
fn redirect_within_the_mirror_is_followed() {
    let mut archive = suite().publish();
    archive.put("moved.deb", archive.get(DEB).unwrap().to_vec());
    let target = Target::new(archive);
    target.server.fault(DEB, Fault::Redirect("/moved.deb".into()));
    target.build(&[]).succeeds();
}

#[test]
fn what_is_not_http_is_refused() {
    check(RELEASE, &Fault::Garbage, "");
    check(RELEASE, &Fault::EndlessHeaders, "");
}

#[test]
fn endless_release_is_refused() {
    let mut archive = suite().publish();
    archive.remove("dists/bookworm/Release");
    let target = Target::new(archive);
    target.server.fault(RELEASE, Fault::Endless);
    target.refuses(&[], 3, "");
    target.recovers();
}

#[test]
fn index_bombs_are_refused() {
    // One lies about the size that it will have, the other tells the truth.
    for (compression, claimed) in [(Compression::Gz, 5000), (Compression::Xz, 16 << 30)] {
        let bytes = hostile::index_bomb(16 << 30, compression);
        let target = Target::new(suite().index_bytes(compression, bytes, claimed).publish());
        target.refuses(&[], 3, "Packages");
        target.recovers();
    }
}
