//! Where packages come from: plans, locks, components, tags, repositories and their keys.

use std::fs;

use serde_json::Value;
use test_support::apk::{Key, Package, Repository, SignatureKind};
use test_support::{Archive, Fault, Server, sha256};

use super::made::{COMMUNITY, MAIN, Target, key, main, mirror, stub, with};

#[track_caller]
fn plan(target: &Target, more: &[&str]) -> Value {
    let outcome = target.osb.run(target.arguments("plan", &[&["--json"], more].concat()));
    serde_json::from_str(&outcome.succeeds().stdout).unwrap()
}

fn package<'a>(plan: &'a Value, name: &str) -> Option<&'a Value> {
    plan["packages"].as_array().unwrap().iter().find(|package| package["name"] == name)
}

fn hello(version: &str) -> Package {
    Package::new("hello", version).file("usr/bin/hello", version, 0o755)
}

/// An index is the only thing with this name.
fn asked_for_an_index(target: &Target) -> bool {
    target.server.requests().iter().any(|request| request.path.contains("APKINDEX"))
}

#[test]
fn a_plan_pins_each_package_by_the_digest_of_its_file() {
    let target = Target::new(mirror(&[]));
    let plan = plan(&target, &[]);
    let busybox = package(&plan, "busybox").unwrap();
    let path = format!("{MAIN}/x86_64/busybox-1.0-r0.apk");
    let bytes = mirror(&[]).get(&path).unwrap().to_vec();
    assert_eq!(busybox["version"], "1.0-r0");
    assert_eq!(busybox["url"], format!("{}/{path}", target.server.url()));
    assert_eq!(busybox["size"], bytes.len());
    assert_eq!(busybox["sha256"], sha256(&bytes));
}

#[test]
fn a_locked_build_asks_for_no_index_and_gives_the_same_bytes() {
    let target = Target::new(mirror(&[hello("1.0-r0")]));
    target.build(&["hello"]).succeeds();
    let expected = target.artifact();
    target.osb.run(target.arguments("plan", &["--package", "hello"])).succeeds();
    let old = mirror(&[hello("1.0-r0")]);
    let path = format!("{MAIN}/x86_64/hello-1.0-r0.apk");
    let mut moved_on = mirror(&[hello("2.0-r0")]);
    moved_on.put(path.clone(), old.get(&path).unwrap().to_vec());
    target.server.replace(moved_on);
    target.server.forget_requests();
    let fresh = target.path("another-cache");
    target.osb.run(["rootfs", "--locked", "-o", "out.tar", "--cache-dir", &fresh]).succeeds();
    assert!(!asked_for_an_index(&target));
    assert!(target.artifact() == expected);
}

#[test]
fn a_locked_build_refuses_other_bytes() {
    let target = Target::new(mirror(&[]));
    target.osb.run(target.arguments("plan", &[])).succeeds();
    target.server.fault(&format!("{MAIN}/x86_64/busybox-1.0-r0.apk"), Fault::WrongBytes);
    let fresh = target.path("another-cache");
    let arguments = ["rootfs", "--locked", "-o", "out.tar", "--cache-dir", &fresh];
    target.osb.run(arguments).fails_with(3, "digest is");
    assert!(!target.osb.directory().join("out.tar").exists());
}

#[test]
fn a_second_build_downloads_nothing_twice_and_works_offline() {
    let target = Target::new(mirror(&[]));
    target.build(&[]).succeeds();
    let first = target.artifact();
    target.server.forget_requests();
    target.rootfs(&["--offline"]).succeeds();
    assert!(target.server.requests().is_empty());
    target.build(&[]).succeeds();
    let again = target.server.requests();
    assert!(!again.iter().any(|request| request.path.ends_with(".apk")), "{again:?}");
    assert!(target.artifact() == first);
}

#[test]
fn the_newest_version_of_all_components_is_taken() {
    let community = Repository::new(COMMUNITY, &key()).package(&hello("1.10-r0"));
    let newer = main().package(&hello("1.9_rc2-r3"));
    let target = Target::new(Archive::of([newer.publish(), community.publish()]));
    let plan = plan(&target, &["--package", "hello"]);
    assert_eq!(package(&plan, "hello").unwrap()["version"], "1.10-r0");
}

#[test]
fn indexes_signed_with_sha256_are_read() {
    let target = Target::new(with(&main().signed_by(&[(&key(), SignatureKind::Rsa256)])));
    target.build(&[]).succeeds();
}

#[test]
fn a_mirror_in_a_directory_is_one_too() {
    let target = Target::new(mirror(&[]));
    mirror(&[]).write_to(target.osb.directory());
    target.rootfs(&["--mirror", &target.path("alpine")]).succeeds();
    assert!(target.server.requests().is_empty());
}

/// A further repository at a mirror of its own, and the flag's value that adds it.
fn extra(target: &Target, signer: &Key, said: &Key, tag: &str) -> (Server, String) {
    let repository = Repository::new("extra", signer).package(&hello("3.0-r0"));
    let server = Server::new(repository.publish());
    let file = target.path(&said.file_name());
    fs::write(&file, said.public_pem()).unwrap();
    let spec = format!("[signed-by={file}] {tag}{}/extra", server.url());
    (server, spec)
}

#[test]
fn a_repository_of_others_is_taken_with_its_own_key() {
    let target = Target::new(mirror(&[hello("1.0-r0")]));
    let own = Key::new("others@example.org-1");
    let (_server, spec) = extra(&target, &own, &own, "");
    let plan = plan(&target, &["--repo", &spec, "--package", "hello"]);
    assert_eq!(package(&plan, "hello").unwrap()["version"], "3.0-r0");
    target.rootfs(&["--repo", &spec, "--package", "hello"]).succeeds();
    assert_eq!(target.text("usr/bin/hello"), "3.0-r0");
    let key = target.text(&format!("etc/apk/keys/{}", own.file_name()));
    assert_eq!(key, own.public_pem());
    assert!(target.text("etc/apk/repositories").lines().count() == 3);
}

#[test]
fn a_tagged_repository_is_asked_only_for_what_names_it() {
    let target = Target::new(mirror(&[hello("1.0-r0")]));
    let own = Key::new("others@example.org-1");
    let (_server, spec) = extra(&target, &own, &own, "@others ");
    for (wanted, version) in [("hello", "1.0-r0"), ("hello@others", "3.0-r0")] {
        let plan = plan(&target, &["--repo", &spec, "--package", wanted]);
        assert_eq!(package(&plan, "hello").unwrap()["version"], version);
    }
}

#[test]
fn the_key_of_one_repository_does_not_sign_the_other() {
    let own = Key::new("others@example.org-1");
    let target = Target::new(mirror(&[]));
    let (_server, spec) = extra(&target, &key(), &own, "");
    target.rootfs(&["--repo", &spec]).fails_with(3, "key");
    let all_by_others = Archive::of([
        main().signed_by(&[(&own, SignatureKind::Rsa)]).publish(),
        Repository::new(COMMUNITY, &key()).publish(),
    ]);
    let target = Target::new(all_by_others);
    let (_server, spec) = extra(&target, &own, &own, "");
    target.rootfs(&["--repo", &spec]).fails_with(3, "key");
}

#[test]
fn who_wants_what_nobody_has_is_named() {
    let target = Target::new(mirror(&[stub("needy").depends("so:absent.so.1>=2")]));
    target.build(&["nowhere"]).fails_with(2, "nowhere");
    let outcome = target.build(&["needy"]).fails_with(2, "needy");
    assert!(outcome.stderr.contains("so:absent.so.1"), "{outcome}");
}
