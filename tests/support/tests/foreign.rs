//! Readers that we did not write accept what this crate makes.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use test_support::{
    Archive, Compression, Package, Server, SignatureDigest, Signatures, SigningKey, SubkeyState,
    Suite, needs,
};

fn hello() -> Package {
    Package::new("hello", "1:1.0-1")
        .depends("other (>= 2) | more")
        .file("usr/bin/hello", "#!/bin/sh\necho hello\n", 0o755)
        .symlink("usr/bin/hi", "hello")
        .hard_link("usr/bin/hallo", "usr/bin/hello")
        .device("dev/null", 1, 3)
        .conffile("etc/hello.conf", "polite=yes\n")
        .file(&format!("usr/share/{}/file", "long".repeat(40)), "far\n", 0o644)
        .owner(0, 8)
        .script("postinst", "#!/bin/sh\n")
}

#[track_caller]
fn run(program: &str, arguments: &[&str]) -> Output {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

#[test]
fn dpkg_deb_reads_packages_of_every_compression() {
    if !needs(&[("dpkg-deb", "dpkg")]) {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    for compression in [Compression::None, Compression::Gz, Compression::Xz, Compression::Zst] {
        let path = directory.path().join("hello.deb");
        fs::write(&path, hello().compression(compression).build().bytes).unwrap();
        let path = path.to_str().unwrap();
        let info = String::from_utf8(run("dpkg-deb", &["--info", path]).stdout).unwrap();
        assert!(info.contains("Depends: other (>= 2) | more"), "{info}");
        assert!(info.contains("postinst"), "{info}");
        let list = String::from_utf8(run("dpkg-deb", &["--contents", path]).stdout).unwrap();
        for line in [
            "-rwxr-xr-x root/root",
            "./usr/bin/hi -> hello",
            "hrwxr-xr-x root/root         0 2024-01-01 00:00 ./usr/bin/hallo link to ./usr/bin/hello",
            "crw-rw-rw- root/root       1,3",
            "/file",
        ] {
            assert!(list.contains(line), "{line} is not in\n{list}");
        }
    }
}

#[test]
fn the_same_lines_make_the_same_bytes() {
    assert_eq!(hello().build().bytes, hello().build().bytes);
    let archive = |()| {
        let suite = Suite::new("stable", &SigningKey::new("one")).package(&hello()).publish();
        suite.paths().map(|path| (path.to_string(), suite.get(path).unwrap().to_vec())).collect()
    };
    let (first, second): (Vec<_>, Vec<_>) = (archive(()), archive(()));
    assert_eq!(first, second);
}

/// Asks gpgv about a signed text, with the key given.
fn gpgv(key: &SigningKey, trusted: &SigningKey) -> bool {
    let directory = tempfile::tempdir().unwrap();
    let (keyring, message) = (directory.path().join("key.gpg"), directory.path().join("message"));
    fs::write(&keyring, trusted.public_binary()).unwrap();
    fs::write(&message, key.sign_inline("Origin: Test\n- dashed\nSuite: stable\n")).unwrap();
    let output = Command::new("gpgv")
        .args(["--status-fd", "1", "--weak-digest", "SHA1", "--keyring"])
        .args([&keyring, &message])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    output.status.success() && said.contains("GOODSIG") && !said.contains("KEYEXPIRED")
}

#[test]
fn gpgv_judges_keys_as_they_are_described() {
    if !needs(&[("gpgv", "gpgv")]) {
        return;
    }
    let good = SigningKey::new("good");
    for (is_good, key) in [
        (true, good.clone()),
        (true, good.clone().digest(SignatureDigest::Sha256)),
        (true, good.clone().subkey(SubkeyState::Good)),
        (false, good.clone().expired()),
        (false, good.clone().revoked()),
        (false, good.clone().digest(SignatureDigest::Sha1)),
        (false, good.clone().digest(SignatureDigest::Md5)),
        (false, good.clone().subkey(SubkeyState::Expired)),
        (false, good.clone().subkey(SubkeyState::Revoked)),
        (false, good.clone().subkey(SubkeyState::NoBackSignature)),
        (false, good.clone().subkey(SubkeyState::EncryptionOnly)),
    ] {
        assert_eq!(gpgv(&key, &key), is_good, "{key:?}");
    }
    assert!(!gpgv(&good, &SigningKey::new("other")));
}

/// Lets apt update from a mirror and download a package, in directories of its own.
fn apt(root: &Path, line: &str) -> Result<(), String> {
    for directory in ["lists/partial", "archives/partial", "etc", "out"] {
        fs::create_dir_all(root.join(directory)).unwrap();
    }
    fs::write(root.join("sources.list"), line).unwrap();
    fs::write(root.join("status"), "").unwrap();
    let place = root.display();
    let config = format!(
        "Dir::State::Lists \"{place}/lists\";\nDir::State::status \"{place}/status\";\n\
         Dir::Cache \"{place}\";\nDir::Etc \"{place}/etc\";\nAPT::Sandbox::User \"\";\n\
         Dir::Etc::sourcelist \"{place}/sources.list\";\nAPT::Architecture \"amd64\";\n\
         APT::Architectures \"amd64\";\nAcquire::Languages \"none\";\nAPT::Update::Error-Mode \"any\";\n\
         Dir::Log \"{place}\";\nAPT::Update::Post-Invoke-Success {{}};\n"
    );
    fs::write(root.join("apt.conf"), config).unwrap();
    for arguments in [["update", "-q"], ["download", "hello"]] {
        let output = Command::new("apt-get")
            .args(arguments)
            .env("APT_CONFIG", root.join("apt.conf"))
            .current_dir(root.join("out"))
            .output()
            .unwrap();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
    }
    Ok(())
}

fn check_apt(suite: &Suite, change: impl FnOnce(&mut Archive), expected: Result<(), &str>) {
    if !needs(&[("apt-get", "apt")]) {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let key = root.path().join("key.asc");
    fs::write(&key, SigningKey::new("archive").public_armored()).unwrap();
    let mut archive = suite.publish();
    change(&mut archive);
    let server = Server::new(archive);
    let line = format!("deb [signed-by={}] {} stable main\n", key.display(), server.url());
    match (apt(root.path(), &line), expected) {
        (Ok(()), Ok(())) => {}
        (Err(said), Err(wanted)) if said.contains(wanted) => {}
        (other, _) => panic!("expected {expected:?}, got {other:#?}, {:#?}", server.requests()),
    }
}

fn suite() -> Suite {
    Suite::new("stable", &SigningKey::new("archive")).package(&hello())
}

#[test]
fn apt_takes_a_made_archive() {
    check_apt(&suite(), |_| (), Ok(()));
    check_apt(&suite().signatures(Signatures::Inline), |_| (), Ok(()));
    check_apt(&suite().signatures(Signatures::Detached).without_by_hash(), |_| (), Ok(()));
    check_apt(&suite().also_signed_by(&SigningKey::new("other")), |_| (), Ok(()));
}

#[test]
fn apt_refuses_what_is_made_to_be_refused() {
    check_apt(&suite().signatures(Signatures::Missing), |_| (), Err("not signed"));
    check_apt(&suite().valid_until(1_735_700_000), |_| (), Err("expired"));
    let tamper = |archive: &mut Archive| archive.replace("dists/stable/InRelease", "Test", "Best");
    check_apt(&suite(), tamper, Err("BADSIG"));
    let other = Suite::new("stable", &SigningKey::new("other")).package(&hello());
    check_apt(&other, |_| (), Err("NO_PUBKEY"));
}
