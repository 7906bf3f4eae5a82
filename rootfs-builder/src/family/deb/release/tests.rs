#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

const SHA: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const XZ: &str = "7778d3e3f303b7ddb8ce0fe7c8d57473a076c6bf2e8f241f75421d2396352498";

fn text() -> String {
    format!(
        "Origin: Debian\nSuite: stable\nCodename: trixie\nDate: Sat, 12 Sep 2026 07:55:41 UTC\n\
         Valid-Until: Sat, 19 Sep 2026 07:55:41 UTC\nAcquire-By-Hash: yes\n\
         No-Support-for-Architecture-all: Packages\nArchitectures: all amd64 arm64\n\
         Components: main contrib\nMD5Sum:\n 00 1 main/binary-amd64/Packages\nSHA256:\n \
         {SHA} 0 main/binary-amd64/Packages\n {XZ}  9678380 main/binary-amd64/Packages.xz\n"
    )
}

fn parse(text: &str) -> Release {
    Release::parse(text.as_bytes()).unwrap()
}

fn check_refused(from: &str, to: &str, expected: &str) {
    assert!(text().contains(from));
    let error = Release::parse(text().replacen(from, to, 1).as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn an_index_is_offered_by_digest_first() {
    let indexes = parse(&text()).packages_indexes("main", "amd64").unwrap();
    assert_eq!(indexes.len(), 1);
    assert_eq!(indexes[0].plain, BlobId { size: 0, sha256: SHA.parse().unwrap() });
    let forms: Vec<_> =
        indexes[0].forms.iter().map(|form| (form.compression, &form.paths)).collect();
    assert_eq!(forms[0].0, Compression::Xz);
    assert_eq!(
        *forms[0].1,
        [
            format!("main/binary-amd64/by-hash/SHA256/{XZ}"),
            "main/binary-amd64/Packages.xz".to_owned()
        ]
    );
    assert_eq!(forms[1].0, Compression::None);
    let request = indexes[0].request(&["http://one/dists/trixie/".into(), "http://two".into()]);
    assert_eq!(request.forms[0].candidates.len(), 4);
    assert_eq!(
        request.forms[0].candidates[1],
        "http://one/dists/trixie/main/binary-amd64/Packages.xz"
    );
}

#[test]
fn the_index_of_a_flat_repository_is_beside_its_release_file() {
    for folder in ["", "./"] {
        let release = parse(&text().replace("main/binary-amd64/", folder));
        let index = release.flat_index().unwrap();
        assert_eq!(index.forms[0].paths[1], format!("{folder}Packages.xz"));
        let request = index.request(&["http://one/own/".into()]);
        assert_eq!(
            request.forms[0].candidates[0],
            format!("http://one/own/{folder}by-hash/SHA256/{XZ}")
        );
    }
    let error = parse(&text()).flat_index().unwrap_err();
    assert_eq!(error.to_string(), "the release file does not list Packages");
}

#[test]
fn an_archive_without_digests_in_paths_is_asked_by_name() {
    let release = parse(&text().replace("Acquire-By-Hash: yes\n", ""));
    let indexes = release.packages_indexes("main", "amd64").unwrap();
    assert_eq!(indexes[0].forms[0].paths, ["main/binary-amd64/Packages.xz"]);
}

#[test]
fn packages_for_all_are_apart_only_where_the_archive_says_so() {
    let apart = text().replace("No-Support-for-Architecture-all: Packages\n", "")
        + &format!(" {SHA} 0 main/binary-all/Packages\n");
    let paths = |text: &str| {
        let indexes = parse(text).packages_indexes("main", "amd64").unwrap();
        indexes.into_iter().map(|index| index.path).collect::<Vec<_>>()
    };
    assert_eq!(paths(&apart), ["main/binary-amd64/Packages", "main/binary-all/Packages"]);
    assert_eq!(paths(&text()), ["main/binary-amd64/Packages"]);
}

#[test]
fn the_security_archive_s_components_are_understood() {
    let release = parse(&text().replace("main contrib", "updates/main updates/contrib"));
    assert!(release.packages_indexes("main", "amd64").is_ok());
}

#[test]
fn what_the_suite_lacks_is_named() {
    let release = parse(&text());
    let refused =
        |component, arch| release.packages_indexes(component, arch).unwrap_err().to_string();
    assert_eq!(refused("main", "vax"), "there is no architecture vax; there are: all amd64 arm64");
    assert_eq!(
        refused("universe", "amd64"),
        "there is no component universe; there are: main contrib"
    );
    assert_eq!(
        refused("main", "arm64"),
        "the release file does not list main/binary-arm64/Packages"
    );
}

#[test]
fn an_old_suite_in_the_place_of_a_new_one_is_refused() {
    let release = parse(&text());
    assert_eq!(release.check_suite("trixie"), Ok(()));
    assert_eq!(release.check_suite("stable"), Ok(()));
    assert_eq!(
        release.check_suite("forky").unwrap_err().to_string(),
        "asked for suite forky, got the release file of stable, trixie"
    );
}

#[test]
fn an_expired_file_is_refused_with_how_long_and_the_clock() {
    let release = parse(&text());
    let until = release.valid_until.unwrap();
    assert_eq!(release.check_time(until - 1), Ok(()));
    assert_eq!(
        release.check_time(until + 15 * 86_400).unwrap_err().to_string(),
        "the release file expired 15 days ago, on 2026-09-19 07:55:41 UTC; \
         this machine's clock says 2026-10-04 07:55:41 UTC"
    );
}

#[test]
fn a_file_from_the_future_is_refused_but_clocks_may_differ() {
    let release = parse(&text());
    assert_eq!(release.check_time(release.date - 600), Ok(()));
    assert_eq!(
        release.check_time(release.date - 2 * 86_400).unwrap_err().to_string(),
        "the release file is of 2026-09-12 07:55:41 UTC, 2 days from now; \
         this machine's clock says 2026-09-10 07:55:41 UTC"
    );
}

#[test]
fn a_file_without_an_end_holds_for_ever() {
    let release = parse(&text().replace("Valid-Until", "X-Valid-Until"));
    assert_eq!(release.check_time(i64::MAX / 2), Ok(()));
}

#[test]
fn what_is_said_twice_is_refused() {
    check_refused("Origin:", "Suite: evil\nOrigin:", "the release file says suite twice");
    check_refused("Origin:", "SHA256:\nOrigin:", "the release file says sha256 twice");
    check_refused(
        "main/binary-amd64/Packages.xz",
        "main/binary-amd64/Packages",
        "the release file says main/binary-amd64/Packages twice",
    );
}

#[test]
fn what_cannot_be_read_is_refused() {
    check_refused("Origin: Debian", "Origin", "line 1 of the release file is not a field");
    check_refused("Origin: Debian", " Origin: Debian", "line 1 of the release file is not a field");
    check_refused("Suite: stable\n", "\n", "line 2 of the release file is not a field");
    check_refused("Date: ", "X-Date: ", "the release file has no field Date");
    check_refused("SHA256:", "SHA1:", "the release file has no field SHA256");
    check_refused(
        "Date: Sat, 12 Sep 2026 07:55:41 UTC",
        "Date: today",
        "Date of the release file, \"today\", is not a date in UTC",
    );
    for size in ["-1", "99999999999999999999", "+1", "x"] {
        let to = format!(" {size} main/binary-amd64/Packages.xz");
        let line = format!("{XZ} {to}");
        let expected = format!(
            "the release file lists {:?}, which is not a digest, a size and a path",
            line.chars().take(120).collect::<String>()
        );
        check_refused("  9678380 main/binary-amd64/Packages.xz", &format!(" {to}"), &expected);
    }
    assert_eq!(Release::parse(b"Suite: \xff"), Err(ReleaseError::Encoding));
}
