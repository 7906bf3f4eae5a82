//! The units, before the judge who will read them.

use std::path::Path;
use std::process::Command;

use agent::{Origin, Place};
use tree::directory::{Devices, Options, Owners, read, write};
use tree::{GuestPath, Tree};

use crate::guests::{guest, installed, path, program, spec};

const UNITS: &str = "usr/lib/systemd/system";

/// A guest with this machine's systemd and its units.
fn with_units() -> Tree {
    let mut tree = guest(&[
        ("lib", "-> usr/lib"),
        ("bin", "-> usr/bin"),
        ("usr/lib/systemd/systemd", "program"),
        ("usr/bin/systemctl", "program"),
        ("usr/bin/sync", "program"),
    ]);
    let units = read(&Path::new("/").join(UNITS), None, &|_| None).unwrap();
    let folder = path(UNITS);
    for (at, node) in units.iter().filter(|(at, _)| !at.is_root()) {
        let place = folder.join(at.as_bytes()).unwrap();
        tree.insert(place, tree::Node { kind: moved(&node.kind, &folder), ..node.clone() })
            .unwrap();
    }
    tree
}

fn moved(kind: &tree::Kind, folder: &GuestPath) -> tree::Kind {
    match kind {
        tree::Kind::HardLink(target) => {
            tree::Kind::HardLink(folder.join(target.as_bytes()).unwrap())
        }
        other => other.clone(),
    }
}

/// Installs the program as a service, and has systemd look at the units.
fn judged(name: &str, units: &[&str], enabled: &[&str]) {
    let (Some(program), true) = (
        program(),
        test_support::needs(&[("systemd-analyze", "systemd"), ("systemctl", "systemd")]),
    ) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(name);
    std::fs::write(&file, program).unwrap();
    let mut tree = with_units();
    installed(&mut tree, &spec(Origin::File(file), Place::Service)).unwrap();
    let root = directory.path().join("root");
    std::fs::create_dir(&root).unwrap();
    let options = Options { owners: Owners::Skip, devices: Devices::Skip };
    write(&tree, &root, options).unwrap();
    let root = format!("--root={}", root.display());
    let said =
        run("systemd-analyze", &[&["verify", &root, "--recursive-errors=no"], units].concat());
    let about_ours = said.1.lines().filter(|line| units.iter().any(|unit| line.contains(unit)));
    assert_eq!(about_ours.collect::<Vec<_>>(), Vec::<&str>::new());
    assert!(said.0, "{}", said.1);
    // Only the whole boot shows whether something waits for itself.
    let boot = run("systemd-analyze", &["verify", &root, "multi-user.target"]).1;
    assert!(!boot.contains("ordering cycle"), "{boot}");
    for unit in enabled {
        let said = run("systemctl", &[&root, "is-enabled", unit]);
        assert!(said.0, "{unit}: {}", said.1);
    }
}

fn run(program: &str, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(program).args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn systemd_accepts_and_starts_our_service() {
    judged("osb-agent", &["osb-agent.service"], &["osb-agent.service"]);
}

#[test]
fn systemd_accepts_and_starts_the_units_of_kata() {
    let units = ["kata-agent.service", "kata-containers.target"];
    judged("kata-agent", &units, &[]);
}
