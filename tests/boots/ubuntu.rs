//! A guest in the shape of another distribution of the family, of programs that really run.
//!
//! Its own archives are out of reach where tests run, so real packages are published as one of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use test_support::{Suite, needs, sha256, warm_cache};

use super::artifact::{STATE, assert_runs, boot, can_boot, make, osb};
use crate::made::key;

/// What the guest is made of, and the package of a kernel, which brings what this guest can do without.
const WANTED: &str = "init,libkmod2,kmod,linux-image-cloud-amd64";
const KERNEL: &str = "linux-image-6";
const OS_RELEASE: &str =
    "NAME=\"Ubuntu\"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"24.04\"\nVERSION_CODENAME=noble\n";
/// A package of the plan, as a file.
fn fetched(package: &Value, directory: &Path) -> PathBuf {
    let text = |key: &str| package[key].as_str().unwrap();
    let digest = text("sha256");
    let known = warm_cache().join("blobs").join(&digest[..2]).join(digest);
    if known.is_file() {
        return known;
    }
    let path = directory.join(digest);
    run(Command::new("curl").args(["-fsS", "-o"]).arg(&path).arg(text("url")));
    path
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Takes a package apart, lets `change` change it, and puts it together again.
fn repacked(package: &Path, change: impl FnOnce(&Path)) -> PathBuf {
    let directory = package.with_extension("parts");
    run(Command::new("dpkg-deb").arg("-R").arg(package).arg(&directory));
    change(&directory);
    let made = package.with_extension("deb");
    let flags = ["--root-owner-group", "-Znone", "-b"];
    run(Command::new("dpkg-deb").args(flags).arg(&directory).arg(&made));
    fs::remove_dir_all(directory).unwrap();
    made
}

/// Gives a kernel the name that this distribution has for one, and no more scripts than it needs.
fn rename_kernel(parts: &Path) {
    let modules = fs::read_dir(parts.join("lib/modules")).unwrap().next().unwrap().unwrap();
    let release = modules.file_name().into_string().unwrap();
    let control = parts.join("DEBIAN");
    fs::remove_dir_all(&control).unwrap();
    fs::create_dir(&control).unwrap();
    let text = "Package: linux-image-virtual\nVersion: 6.1\nArchitecture: amd64\nDepends: kmod\n\
                Maintainer: Nobody <nobody@example.org>\nDescription: made by a test\n";
    fs::write(control.join("control"), text).unwrap();
    let script = control.join("postinst");
    fs::write(&script, format!("#!/bin/sh\nexec depmod {release}\n")).unwrap();
    run(Command::new("chmod").arg("0755").arg(script));
}

/// An archive as this distribution's are, below `directory`.
fn publish(directory: &Path) {
    let plan = ["plan", "--release", "bookworm", "--profile", "minimal", "--json", "-p", WANTED];
    let plan: Value = serde_json::from_str(&osb().run(plan).succeeds().stdout).unwrap();
    let (mut suite, mut pool) = (Suite::new("noble", &key()), Vec::new());
    for package in plan["packages"].as_array().unwrap() {
        let (name, file) = (package["name"].as_str().unwrap(), fetched(package, directory));
        // What is repacked must not lie in the store.
        let copied = || {
            let copy = directory.join(name);
            fs::copy(&file, &copy).unwrap();
            copy
        };
        let file = match name {
            "base-files" => repacked(&copied(), |parts| {
                fs::write(parts.join("usr/lib/os-release"), OS_RELEASE).unwrap();
            }),
            _ if name.starts_with(KERNEL) => repacked(&copied(), rename_kernel),
            _ => file,
        };
        let control = run(Command::new("dpkg-deb").arg("-f").arg(&file));
        let (bytes, path) = (fs::read(&file).unwrap(), format!("pool/main/{name}.deb"));
        let (control, size, digest) = (control.trim(), bytes.len(), sha256(&bytes));
        let facts = format!("Filename: {path}\nSize: {size}\nSHA256: {digest}");
        suite = suite.stanza("amd64", &format!("{control}\n{facts}"));
        pool.push((path, bytes));
    }
    let mut archive = suite.publish();
    pool.into_iter().for_each(|(path, bytes)| archive.put(path, bytes));
    archive.write_to(&directory.join("mirror"));
    fs::write(directory.join("key.asc"), key().public_armored()).unwrap();
}

#[test]
fn ubuntu_runs_with_systemd_and_a_kernel_of_its_own() {
    if !can_boot() || !needs(&[("dpkg-deb", "dpkg"), ("curl", "curl")]) {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    publish(place.path());
    let (mirror, key) = (place.path().join("mirror"), place.path().join("key.asc"));
    let usual = ["image", "-d", "ubuntu", "--release", "noble", "--profile", "minimal"];
    let sources = ["--pocket", "release", "--mirror", mirror.to_str().unwrap()];
    let more = ["--keyring", key.to_str().unwrap(), "-p", "kmod,linux-image-virtual"];
    let image = make("ubuntu.img", &[&usual[..], &sources, &more].concat());
    let name = ". /etc/os-release; echo $ID $VERSION_CODENAME >&2";
    let outcome = boot(&image, &[], &format!("{name}; {STATE}")).succeeds();
    assert_runs(&outcome.stdout, "6.1");
    assert!(outcome.stderr.contains("ubuntu noble"), "{outcome}");
    assert!(outcome.stderr.contains("from the artifact"), "{outcome}");
}
