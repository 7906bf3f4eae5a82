//! One door to the outside for each kind of danger.

use super::refuse;
use super::source::{Part, files, only, without_tests};

/// Words of code, and the folders in which alone they may stand.
const DOORS: &[(&str, &[&str], &str)] = &[
    (
        "process::Command",
        &["rootfs-builder/sandbox/", "vm-runner/src/process.rs", "agent/src/source/process.rs"],
        "processes start in the sandbox, but for machines and the user's own build tools",
    ),
    (
        "unsafe ",
        &[
            "rootfs-builder/sandbox/",
            "agent/guest/src/kernel.rs",
            "agent/handover/src/",
            "agent/program/src/",
            "image-builder/volume/src/verity/sixteen",
        ],
        "unsafe code is the sandbox's, that of programs without a library, and the hash tree's vectors",
    ),
    ("ureq", &["rootfs-builder/src/fetch"], "the network belongs to fetch"),
    ("TcpStream", &["rootfs-builder/src/fetch"], "the network belongs to fetch"),
    (
        "SystemTime::now",
        &["src/", "rootfs-builder/src/fetch", "rootfs-builder/src/store"],
        "no clock decides bytes",
    ),
    ("env::var", &["src/"], "the environment is read at the command's front"),
    ("println!", &["src/"], "only the command talks"),
];

/// Test code goes through every door.
const TESTS: &[&str] = &["tests/", "benches/", "fuzz/", "examples/"];

#[test]
fn dangers_have_one_door_each() {
    let mut offences = Vec::new();
    for file in files(&[".rs"]) {
        let is_test = TESTS.iter().any(|test| file.path.contains(test));
        // A build script speaks with Cargo by its output and its environment.
        let is_script = file.path.ends_with("/build.rs");
        if is_test || is_script || file.path.ends_with("tests.rs") {
            continue;
        }
        let code = only(without_tests(&file.text), &[Part::Code]);
        for (number, line) in code.lines().enumerate() {
            for (word, allowed, reason) in DOORS {
                let is_allowed = allowed.iter().any(|folder| file.path.starts_with(folder));
                if line.contains(word) && !is_allowed {
                    offences.push(format!("{}:{}: {word}: {reason}", file.path, number + 1));
                }
            }
        }
    }
    refuse("a side door", offences);
}

#[test]
fn every_file_is_declared() {
    let all = files(&[".rs"]);
    let mut offences = Vec::new();
    for file in &all {
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        let stem = name.trim_end_matches(".rs");
        let is_root = ["lib", "main", "build"].contains(&stem);
        let is_program = ["bin", "benches", "examples", "tests", "fuzz_targets"]
            .contains(&folder.rsplit('/').next().unwrap_or_default());
        if is_root || (is_program && folder != "tests") {
            continue;
        }
        let (module, parent) = match (stem, folder.rsplit_once('/')) {
            ("mod", Some((parent, module))) => (module, parent),
            _ => (stem, folder),
        };
        let parents = [".rs", "/mod.rs", "/lib.rs", "/main.rs"].map(|end| format!("{parent}{end}"));
        let declares = |text: &str| {
            let code = only(text, &[Part::Code]);
            code.contains(&format!("mod {module};"))
        };
        if !all.iter().any(|other| parents.contains(&other.path) && declares(&other.text)) {
            offences.push(file.path.clone());
        }
    }
    refuse("a file that no module declares is dead", offences);
}

#[test]
fn no_file_is_named_after_nothing() {
    let empty = ["utils", "util", "common", "helpers", "types", "misc"];
    let is_empty =
        |path: &str| path.split('/').any(|part| empty.contains(&part.trim_end_matches(".rs")));
    let offences = files(&[".rs"]).into_iter().map(|file| file.path).filter(|path| is_empty(path));
    refuse("a name that says nothing", offences.collect());
}
