//! Packages and indexes of the apk family, read by tools that we did not write.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use test_support::apk::{Key, Package, RealSystem, Repository, SignatureKind};
use test_support::{Archive, capability, needs};

fn varied() -> Package {
    Package::new("varied", "1.2_rc3-r4")
        .arch("x86_64")
        .depends("so:libc.musl-x86_64.so.1 !never")
        .provides("cmd:tool=1.2_rc3-r4 virtual")
        .provider_priority(7)
        .file("usr/bin/tool", "#!/bin/sh\n", 0o4755)
        .xattr("security.capability", &capability())
        .hard_link("usr/bin/alias", "usr/bin/tool")
        .symlink("usr/bin/link", "tool")
        .device("dev/null", 1, 3)
        .directory("srv/shared", 0o2775)
        .owner(0, 50)
        .file(&format!("usr/share/{}file", "long/".repeat(30)), "deep", 0o644)
        .script("post-install", "#!/bin/sh\nexit 0\n")
}

fn provider() -> Package {
    Package::new("musl", "1.0-r0").provides("so:libc.musl-x86_64.so.1=1").file("lib/x", "x", 0o755)
}

fn output(program: &str, arguments: &[&str], input: &[u8]) -> (bool, String) {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let bytes = input.to_owned();
    let writer = std::thread::spawn(move || drop(pipe.write_all(&bytes)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn tar_reads_all_members_of_a_package_as_one_archive() {
    let bytes = varied().signed_by(&Key::new("a@b-1"), SignatureKind::Rsa).build().bytes();
    let (is_good, said) = output("tar", &["-tzvf", "-"], &bytes);
    assert!(is_good, "{said}");
    let names: Vec<_> = said.lines().filter_map(|line| line.split_whitespace().nth(5)).collect();
    assert_eq!(&names[..4], [".SIGN.RSA.a@b-1.rsa.pub", ".PKGINFO", ".post-install", "usr/"]);
    assert!(said.contains("-rwsr-xr-x root/root") && said.contains("drwxrwsr-x root/50"), "{said}");
    assert!(said.contains("link to usr/bin/tool") && said.contains("crw-rw-rw-"), "{said}");
    assert!(said.contains(&"long/".repeat(30)), "{said}");
}

#[test]
fn openssl_verifies_signatures_of_every_kind() {
    if !needs(&[("openssl", "openssl")]) {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let key = Key::new("a@b-1");
    fs::write(path("key"), key.public_pem()).unwrap();
    for (kind, digest) in [
        (SignatureKind::Rsa, "-sha1"),
        (SignatureKind::Rsa256, "-sha256"),
        (SignatureKind::Rsa512, "-sha512"),
    ] {
        for (signer, expected) in [(key.clone(), true), (key.impostor(), false)] {
            fs::write(path("signature"), signer.sign(kind, b"text")).unwrap();
            let verify =
                ["dgst", digest, "-verify", &path("key"), "-signature", &path("signature")];
            assert_eq!(output("openssl", &verify, b"text").0, expected, "{kind:?}");
        }
    }
}

/// A mirror in a directory, with the key of its index in another.
fn mirror(place: &Path, archive: &Archive, key: &Key) -> [String; 2] {
    archive.write_to(&place.join("mirror"));
    fs::create_dir_all(place.join("keys")).unwrap();
    fs::write(place.join("keys").join(key.file_name()), key.public_pem()).unwrap();
    ["mirror/main", "keys"].map(|name| place.join(name).to_str().unwrap().to_owned())
}

#[test]
fn real_apk_verifies_and_installs_what_is_made() {
    let Some(system) = RealSystem::get() else { return };
    let place = tempfile::tempdir().unwrap();
    let key = Key::new("a@b-1");
    let packages = [varied(), provider()];
    for kind in [SignatureKind::Rsa, SignatureKind::Rsa256] {
        let repository = Repository::new("main", &key).packages(&packages);
        let repository = repository.signed_by(&[(&key, kind)]);
        let [mirror, keys] = mirror(place.path(), &repository.publish(), &key);
        let root = place.path().join(format!("root-{kind:?}"));
        let always = ["--keys-dir", &keys, "--repositories-file", "/dev/null", "-X", &mirror];
        let add = ["--arch", "x86_64", "--initdb", "--no-cache", "--no-scripts", "add", "varied"];
        let (is_good, said) = system.run(&root, &[&always[..], &add].concat());
        assert!(is_good, "{said}");
        assert_eq!(fs::read_to_string(root.join("etc/apk/world")).unwrap(), "varied\n");
        let file = format!("{mirror}/x86_64/varied-1.2_rc3-r4.apk");
        let verify = ["--keys-dir", &keys, "verify", &file];
        let (is_good, said) = system.run(&root, &verify);
        assert!(is_good, "{said}");
        // It reads what it compares: a console would keep it.
        let changed = system.run(&root, &["audit", "--system"]).1;
        // It keeps no digest of a device, nor attributes of a file's second name.
        let is_known = |line: &str| line.contains("dev/null") || line.contains("usr/bin/");
        assert!(changed.lines().all(is_known), "{changed}");
    }
}

#[test]
fn real_apk_refuses_an_index_of_an_impostor() {
    let Some(system) = RealSystem::get() else { return };
    let place = tempfile::tempdir().unwrap();
    let key = Key::new("a@b-1");
    let repository = Repository::new("main", &key.impostor()).packages(&[varied(), provider()]);
    let [mirror, keys] = mirror(place.path(), &repository.publish(), &key);
    let root = place.path().join("root");
    let always = ["--keys-dir", &keys, "--repositories-file", "/dev/null", "-X", &mirror];
    let add = ["--arch", "x86_64", "--initdb", "--no-cache", "--no-scripts", "add", "varied"];
    let (is_good, said) = system.run(&root, &[&always[..], &add].concat());
    assert!(!is_good && said.contains("BAD signature"), "{said}");
}

#[test]
fn packages_of_a_real_system_install_again() {
    let Some(system) = RealSystem::get() else { return };
    let place = tempfile::tempdir().unwrap();
    let key = Key::new("a@b-1");
    let packages = system.packages();
    assert!(packages.len() > 50);
    let repository = Repository::new("main", &key).packages(&packages);
    let [mirror, keys] = mirror(place.path(), &repository.publish(), &key);
    let root = place.path().join("root");
    let always = ["--keys-dir", &keys, "--repositories-file", "/dev/null", "-X", &mirror];
    let add = ["--arch", "x86_64", "--initdb", "--no-cache", "--no-scripts", "add"];
    let names = ["alpine-release", "alpine-baselayout", "apk-tools", "busybox", "openrc"];
    let (is_good, said) = system.run(&root, &[&always[..], &add, &names].concat());
    assert!(is_good, "{said}");
    for path in ["sbin/openrc", "bin/busybox", "etc/inittab", "lib/ld-musl-x86_64.so.1"] {
        let [made, original] =
            [&root, system.root()].map(|root| fs::read(root.join(path)).unwrap());
        assert!(made == original, "{path}");
    }
}
