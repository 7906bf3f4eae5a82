//! Which crate may know which.

use super::refuse;
use super::source::{Source, files};

/// The crates, and the crates of this repository that each may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("agent-protocol", &[]),
    ("distros", &[]),
    ("handover", &[]),
    ("sandbox", &[]),
    ("solver", &[]),
    ("tree", &[]),
    ("volume", &["tree"]),
    ("ext4", &["tree", "volume"]),
    ("erofs", &["tree", "volume"]),
    ("squashfs", &["tree", "volume"]),
    ("xfs", &["tree", "volume"]),
    ("guest-agent", &["agent-protocol"]),
    ("agent-program", &["guest-agent", "handover"]),
    ("agent", &["tree"]),
    ("vm-runner", &["agent-protocol"]),
    ("kernel-modules", &["tree"]),
    ("initrd-builder", &["handover", "tree"]),
    ("image-builder", &["erofs", "ext4", "sandbox", "squashfs", "tree", "volume", "xfs"]),
    ("rootfs-builder", &["distros", "sandbox", "solver", "tree"]),
    (
        "osb",
        &[
            "agent",
            "agent-program",
            "agent-protocol",
            "distros",
            "erofs",
            "ext4",
            "handover",
            "image-builder",
            "initrd-builder",
            "kernel-modules",
            "rootfs-builder",
            "sandbox",
            "solver",
            "squashfs",
            "tree",
            "vm-runner",
            "volume",
        ],
    ),
    ("test-support", &["tree"]),
    (
        "fuzz",
        &[
            "agent-protocol",
            "distros",
            "erofs",
            "ext4",
            "image-builder",
            "initrd-builder",
            "kernel-modules",
            "rootfs-builder",
            "solver",
            "squashfs",
            "test-support",
            "tree",
            "volume",
            "xfs",
        ],
    ),
];

/// What tests may know besides: what makes fixtures, and the program that guests are booted with.
const TESTED: &[&str] = &["agent-program", "test-support"];
const NOTHING: &[&str] = &[];

/// What runs without the standard library takes this without it.
const FREESTANDING: (&str, [&str; 3]) =
    ("rustix", ["agent/guest/", "agent/handover/", "agent/program/"]);

struct Crate {
    path: String,
    name: String,
    manifest: toml::Table,
}

fn crates() -> Vec<Crate> {
    let read = |Source { path, text }| {
        let manifest: toml::Table = text.parse().unwrap();
        let name = manifest["package"]["name"].as_str().unwrap().to_owned();
        Crate { path, name, manifest }
    };
    files(&["Cargo.toml"]).into_iter().map(read).collect()
}

fn names<'a>(manifest: &'a toml::Table, section: &str) -> impl Iterator<Item = &'a str> {
    let table = manifest.get(section).and_then(toml::Value::as_table);
    table.into_iter().flat_map(|table| table.keys().map(String::as_str))
}

#[test]
fn arrows_between_crates_are_the_agreed_ones() {
    let mut offences = Vec::new();
    let known = |name: &str| ARROWS.iter().find(|(known, _)| *known == name);
    for Crate { path, name, manifest } in crates() {
        let Some((_, allowed)) = known(&name) else {
            offences.push(format!("{path}: crate {name} has no line in the table of arrows"));
            continue;
        };
        for (section, also) in [
            ("dependencies", NOTHING),
            ("build-dependencies", NOTHING),
            ("dev-dependencies", TESTED),
        ] {
            for other in names(&manifest, section).filter(|other| known(other).is_some()) {
                if !allowed.contains(&other) && !also.contains(&other) {
                    offences.push(format!("{path}: {name} may not know {other}"));
                }
            }
        }
    }
    refuse("every arrow points down, and none points sideways", offences);
}

#[test]
fn every_crate_has_lints() {
    let bare = crates().into_iter().filter(|a_crate| !a_crate.manifest.contains_key("lints"));
    refuse("a crate without lints", bare.map(|a_crate| a_crate.path).collect());
}

#[test]
fn versions_of_dependencies_are_named_once() {
    let mut offences = Vec::new();
    for Crate { path, manifest, .. } in crates() {
        for section in ["dependencies", "dev-dependencies"] {
            for name in names(&manifest, section) {
                let is_shared = manifest[section][name].get("workspace").is_some();
                // Only the test fixtures need the random source that the signing crate is built on.
                let (freestanding, folders) = FREESTANDING;
                let is_freestanding =
                    name == freestanding && folders.iter().any(|folder| path.starts_with(folder));
                if !is_shared && name != "rand_core" && !is_freestanding {
                    offences.push(format!("{path}: {name}"));
                }
            }
        }
    }
    refuse("versions belong to the workspace's table", offences);
}
