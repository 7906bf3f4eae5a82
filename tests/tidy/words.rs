//! What may not be written down, and where.

use super::refuse;
use super::source::{Part, files, only, root, without_tests};

/// Names that only `distros/` knows.
const DISTRIBUTIONS: &[&str] = &[
    "alpine", "centos", "debian", "fedora", "opensuse", "ubuntu", "bullseye", "bookworm", "trixie",
    "forky", "focal", "jammy", "noble",
];

/// Words that contain such a name and are not about a distribution.
const FORMATS: &[&str] = &["debian-binary", "Debian package", "DEBIAN_FRONTEND"];

/// What may follow `://` in code: no host that exists.
const HOSTS: &[&str] = &["127.0.0.1", "localhost", "example.org", "host/", "/", "{", "\""];

fn is_test(path: &str) -> bool {
    ["tests/", "benches/", "fuzz/"].iter().any(|folder| path.contains(folder))
        || path.ends_with("tests.rs")
}

/// Looks at every line of Rust outside tests and comments.
fn check(rule: &str, is_exempt: impl Fn(&str) -> bool, is_offence: impl Fn(&str) -> bool) {
    let mut offences = Vec::new();
    for file in files(&[".rs"]).iter().filter(|file| !is_test(&file.path) && !is_exempt(&file.path))
    {
        let code = only(without_tests(&file.text), &[Part::Code, Part::Literal]);
        for (number, line) in code.lines().enumerate().filter(|(_, line)| is_offence(line)) {
            offences.push(format!("{}:{}: {}", file.path, number + 1, line.trim()));
        }
    }
    refuse(rule, offences);
}

#[test]
fn no_distribution_is_named_outside_distros() {
    let names_one = |line: &str| {
        let line = FORMATS.iter().fold(line.to_owned(), |line, format| line.replace(format, ""));
        let line = line.to_lowercase();
        DISTRIBUTIONS.iter().any(|name| line.contains(name))
    };
    let rule = "if two distributions differ, the difference is a value in distros/";
    check(rule, |path| path.starts_with("distros/"), names_one);
}

#[test]
fn no_code_names_a_host_of_the_internet() {
    let names_one = |line: &str| {
        let mut places = line.match_indices("://").map(|(position, _)| &line[position + 3..]);
        places.any(|place| !HOSTS.iter().any(|host| place.starts_with(host)))
    };
    check("where things come from is data", |_| false, names_one);
}

#[test]
fn no_file_names_the_machine_it_was_written_on() {
    let here = root().to_str().unwrap();
    let endings = [".rs", ".toml", ".md", ".lock", ".sh", ".yml", ".yaml", "/run", ".snap", ".txt"];
    let offences = files(&endings).into_iter().filter(|file| file.text.contains(here));
    refuse("a path of this machine", offences.map(|file| file.path).collect());
}

#[test]
fn source_is_formatted() {
    if !test_support::needs(&[("cargo-fmt", "rustup component add rustfmt")]) {
        return;
    }
    let output = std::process::Command::new("cargo")
        .args(["fmt", "--all", "--check", "--", "--files-with-diff"])
        .current_dir(root())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "run cargo fmt:\n{said}");
}
