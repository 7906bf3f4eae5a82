//! Where packages come from: forms, pockets, keys, mirrors, and what is remembered.

use std::fs;

use serde_json::Value;
use test_support::{Archive, Compression, Fault, Package, Server, SigningKey, Suite};

use crate::made::{Target, key, stub, suite, suite_with};

const DEB: &str = "pool/main/d/dpkg/dpkg_1.0_all.deb";

/// The plan as `osb plan --json` prints it.
#[track_caller]
fn plan(target: &Target, more: &[&str]) -> Value {
    let more = [&["--json"], more].concat();
    let outcome = target.osb.run(target.arguments("plan", &more)).succeeds();
    serde_json::from_str(&outcome.stdout).unwrap()
}

/// What a plan says about a package.
fn package<'a>(plan: &'a Value, name: &str) -> Option<&'a Value> {
    plan["packages"].as_array().unwrap().iter().find(|package| package["name"] == name)
}

fn hello(version: &str) -> Package {
    Package::new("hello", version).file("usr/bin/hello", version, 0o755)
}

#[test]
fn plan_names_versions_addresses_sizes_and_digests() {
    let target = Target::new(suite().publish());
    let plan = plan(&target, &[]);
    let dpkg = package(&plan, "dpkg").unwrap();
    let bytes = suite().publish().get(DEB).unwrap().to_vec();
    assert_eq!(dpkg["version"], "1.0");
    assert_eq!(dpkg["arch"], "all");
    assert_eq!(dpkg["url"], format!("{}/{DEB}", target.server.url()));
    assert_eq!(dpkg["size"], bytes.len());
    assert_eq!(dpkg["sha256"], test_support::sha256(&bytes));
    assert!(!target.osb.directory().join("osb.lock").exists());
}

#[test]
fn indexes_of_every_form_are_read() {
    for compression in [Compression::None, Compression::Gz, Compression::Xz] {
        let forms = suite().compressions(&[compression]);
        Target::new(forms.publish()).build(&[]).succeeds();
        Target::new(forms.without_by_hash().publish()).build(&[]).succeeds();
    }
}

#[test]
fn by_hash_names_are_asked_for_while_the_mirror_changes() {
    let mut archive = suite().publish();
    archive.remove_if(|path| path.contains("Packages"));
    let target = Target::new(archive);
    target.build(&[]).succeeds();
    assert!(target.server.requests().iter().any(|request| request.path.contains("by-hash")));
}

#[test]
fn pockets_are_all_taken_and_one_is_picked() {
    let updates = Suite::new("bookworm-updates", &key()).package(&hello("2.0"));
    let both = Archive::of([suite_with(&hello("1.0")).publish(), updates.publish()]);
    let target = Target::new(both);
    let only_release = plan(&target, &["--package", "hello"]);
    assert_eq!(package(&only_release, "hello").unwrap()["version"], "1.0");
    let newest = plan(&target, &["--package", "hello", "--pocket", "release,updates"]);
    assert_eq!(package(&newest, "hello").unwrap()["version"], "2.0");
}

/// A further repository at a mirror of its own, and the flag's value that adds it.
fn extra(target: &Target, signer: &SigningKey, said: &SigningKey) -> (Server, String) {
    let more = Suite::new("extra", signer).components(&["main", "contrib"]);
    let more = more.package(&hello("3.0")).package_in("contrib", &stub("contributed"));
    let server = Server::new(more.publish());
    let file = target.osb.directory().join("extra.asc");
    fs::write(&file, said.public_armored()).unwrap();
    let spec = format!("[signed-by={}] {} extra main contrib", file.display(), server.url());
    (server, spec)
}

#[test]
fn extra_repository_with_its_own_key_is_taken() {
    let target = Target::new(suite().publish());
    let own = SigningKey::new("extra");
    let (_server, spec) = extra(&target, &own, &own);
    let plan = plan(&target, &["--repo", &spec, "--package", "hello,contributed"]);
    assert_eq!(package(&plan, "hello").unwrap()["version"], "3.0");
    assert!(package(&plan, "contributed").is_some());
    target.rootfs(&["--repo", &spec, "--package", "hello"]).succeeds();
}

#[test]
fn key_of_the_distribution_does_not_sign_an_extra_repository() {
    let target = Target::new(suite().publish());
    let (_server, spec) = extra(&target, &key(), &SigningKey::new("extra"));
    target.rootfs(&["--repo", &spec]).fails_with(3, "key");
}

#[test]
fn key_of_an_extra_repository_does_not_sign_the_distribution() {
    let own = SigningKey::new("extra");
    let target = Target::new(suite().signed_by(&own).publish());
    let (_server, spec) = extra(&target, &own, &own);
    target.rootfs(&["--repo", &spec]).fails_with(3, "key");
}

#[test]
fn second_mirror_is_asked_where_the_first_fails() {
    let target = Target::new(suite().publish());
    let second = Server::new(suite().publish());
    target.server.fault(DEB, Fault::Status(404));
    target.rootfs(&["--mirror", &target.server.url(), "--mirror", &second.url()]).succeeds();
    assert_eq!(second.count(DEB), 1);
    let fresh = Target::new(suite().publish());
    fresh.server.fault_everywhere(Fault::Status(403));
    fresh.rootfs(&["--mirror", &fresh.server.url(), "--mirror", &second.url()]).succeeds();
}

#[test]
fn second_mirror_heals_wrong_bytes_of_the_first() {
    let target = Target::new(suite().publish());
    let second = Server::new(suite().publish());
    target.server.fault(DEB, Fault::WrongBytes);
    target.rootfs(&["--mirror", &target.server.url(), "--mirror", &second.url()]).succeeds();
}

#[test]
fn directories_are_mirrors_too() {
    let target = Target::new(suite().publish());
    let directory = target.osb.directory().join("mirror");
    suite().publish().write_to(&directory);
    let place = directory.to_str().unwrap();
    for mirror in [place.to_owned(), format!("file://{place}")] {
        target.rootfs(&["--mirror", &mirror]).succeeds();
    }
    assert!(target.server.requests().is_empty());
}

#[test]
fn download_that_broke_off_is_continued() {
    let large = Package::new("large", "1.0").compression(Compression::None).file(
        "usr/share/large",
        vec![7; 3_000_000],
        0o644,
    );
    let target = Target::new(suite_with(&large).publish());
    let path = "pool/main/l/large/large_1.0_all.deb";
    target.server.fault(path, Fault::CutThenFine { times: 1 });
    target.build(&["large"]).succeeds();
    let requests = target.server.requests();
    let again = requests.iter().rfind(|request| request.path == path).unwrap();
    assert!(again.range.is_some(), "{again:?}");
}

#[test]
fn second_build_downloads_nothing_twice() {
    let target = Target::new(suite().publish());
    target.build(&[]).succeeds();
    target.server.forget_requests();
    target.build(&[]).succeeds();
    let again = target.server.requests();
    assert!(!again.iter().any(|request| request.path.ends_with(".deb")), "{again:?}");
    assert!(!again.iter().any(|request| request.path.contains("binary-")), "{again:?}");
}

#[test]
fn several_builds_share_one_store() {
    let target = Target::new(suite_with(&hello("1.0")).publish());
    let names = ["0.tar", "1.tar", "2.tar", "3.tar"];
    std::thread::scope(|scope| {
        for name in names {
            let target = &target;
            let more = ["--package", "hello", "--output", name];
            scope.spawn(move || target.osb.run(target.arguments("rootfs", &more)).succeeds());
        }
    });
    let read = |name: &str| fs::read(target.osb.directory().join(name)).unwrap();
    assert!(names.iter().all(|name| read(name) == read(names[0])));
}

#[test]
fn offline_build_reaches_nothing() {
    let target = Target::new(suite().publish());
    target.rootfs(&["--offline"]).fails_with(3, "--offline");
    assert!(target.server.requests().is_empty());
    target.build(&[]).succeeds();
    let online = target.artifact();
    target.server.forget_requests();
    target.rootfs(&["--offline"]).succeeds();
    assert!(target.server.requests().is_empty());
    assert!(online == target.artifact());
}

/// Writes `osb.lock` for the made distribution.
#[track_caller]
fn lock(target: &Target) {
    target.osb.run(target.arguments("plan", &[])).succeeds();
}

#[test]
fn locked_build_asks_for_no_index_and_chooses_nothing_anew() {
    let target = Target::new(suite_with(&hello("1.0")).publish());
    target.build(&[]).succeeds();
    let expected = target.artifact();
    lock(&target);
    let moved_on = suite().package(&Package::new("dpkg", "2.0").field("Essential", "yes"));
    let mut archive = moved_on.publish();
    archive.put(DEB, suite().publish().get(DEB).unwrap().to_vec());
    target.server.replace(archive);
    target.server.forget_requests();
    let fresh = target.osb.directory().join("another-cache");
    let fresh = fresh.to_str().unwrap();
    target.osb.run(["rootfs", "--locked", "-o", "out.tar", "--cache-dir", fresh]).succeeds();
    target.server.assert_no_index_was_asked();
    assert!(target.artifact() == expected);
}

#[test]
fn locked_build_takes_another_mirror_that_serves_the_digests() {
    let target = Target::new(suite().publish());
    lock(&target);
    target.server.fault_everywhere(Fault::Status(404));
    let other = Server::new(suite().publish());
    let arguments = ["rootfs", "--locked", "-o", "out.tar", "--mirror", &other.url()];
    target.osb.run(arguments).succeeds();
    other.assert_no_index_was_asked();
}

#[test]
fn locked_build_refuses_other_bytes() {
    let target = Target::new(suite().publish());
    lock(&target);
    target.server.fault(DEB, Fault::WrongBytes);
    target.osb.run(["rootfs", "--locked", "-o", "out.tar"]).fails_with(3, "digest is");
    assert!(!target.osb.directory().join("out.tar").exists());
}

#[test]
fn lock_file_that_was_edited_badly_is_the_recipes_fault() {
    let target = Target::new(suite().publish());
    lock(&target);
    let path = target.osb.directory().join("osb.lock");
    let text = fs::read_to_string(&path).unwrap();
    for (from, to) in
        [("version = 1\n", "version = 99\n"), ("name = \"dpkg\"", "name = \"../dpkg\"")]
    {
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        target.osb.run(["rootfs", "--locked", "-o", "out.tar"]).fails_with(2, "lock file");
    }
}

#[test]
fn foreign_architecture_without_scripts_needs_no_emulation() {
    let foreign = suite().architectures(&["amd64", "arm64"]).package(&hello("1.0").arch("arm64"));
    let target = Target::new(foreign.publish());
    target.rootfs(&["--arch", "arm64", "--package", "hello"]).succeeds();
}

#[test]
fn architecture_that_a_release_lacks_is_the_recipes_fault() {
    let target = Target::new(suite().publish());
    target.rootfs(&["--arch", "sparc"]).fails_with(2, "sparc");
}

#[test]
fn package_that_nobody_has_is_named() {
    let target = Target::new(suite().publish());
    target.build(&["nowhere"]).fails_with(2, "nowhere");
}

#[test]
fn unsolvable_request_names_who_wants_what() {
    let needy = Package::new("needy", "1.0").depends("absent (>= 2)");
    let target = Target::new(suite_with(&needy).publish());
    let outcome = target.build(&["needy"]).fails_with(2, "needy");
    assert!(outcome.stderr.contains("absent"), "{outcome}");
}

#[test]
fn keyring_files_are_read_each_for_itself_whatever_their_form() {
    let target = Target::new(suite().publish());
    let place = |name: &str| target.osb.directory().join(name).to_str().unwrap().to_owned();
    let (own, other, broken) = (place("key.asc"), place("other.gpg"), place("broken.gpg"));
    fs::write(&other, SigningKey::new("other").public_binary()).unwrap();
    fs::write(&broken, "no key").unwrap();
    for [first, second] in [[&other, &own], [&own, &other]] {
        plan(&target, &["--keyring", first, "--keyring", second]);
    }
    let more = ["--json", "--keyring", &own, "--keyring", &broken];
    target.osb.run(target.arguments("plan", &more)).fails_with(2, "broken.gpg");
}
