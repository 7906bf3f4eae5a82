//! Building again what is still in place.

use std::fs;

use test_support::{Outcome, Package, needs};

use crate::made::{Target, suite_with};

fn target() -> Target {
    let package = Package::new("small", "1.0").file("usr/share/small/file", "content", 0o644);
    Target::new(suite_with(&package).publish())
}

/// Builds into this output and returns how it went.
fn build(target: &Target, output: &str) -> Outcome {
    let arguments = ["--package", "small", "--output", output];
    target.osb.run(target.arguments("rootfs", &arguments)).succeeds()
}

fn is_unchanged(outcome: &Outcome) -> bool {
    outcome.stderr.contains("nothing has changed")
}

#[test]
fn unchanged_artifacts_stay_and_changed_ones_are_made_again() {
    let target = target();
    for (output, file) in [("out.tar", "out.tar"), ("out", "out/usr/share/small/file")] {
        let file = target.osb.directory().join(file);
        assert!(!is_unchanged(&build(&target, output)));
        let first = build(&target, output);
        assert!(is_unchanged(&first), "{first}");
        let whole = fs::read(&file).unwrap();
        fs::write(&file, "changed").unwrap();
        let second = build(&target, output);
        assert!(!is_unchanged(&second), "{second}");
        assert_eq!(second.stdout, first.stdout);
        assert!(fs::read(&file).unwrap() == whole);
    }
}

#[test]
fn added_and_removed_files_of_a_directory_are_noticed() {
    let target = target();
    build(&target, "out");
    let directory = target.osb.directory().join("out");
    fs::write(directory.join("etc/added"), "x").unwrap();
    assert!(!is_unchanged(&build(&target, "out")));
    assert!(!directory.join("etc/added").exists());
    fs::remove_file(directory.join("usr/share/small/file")).unwrap();
    assert!(!is_unchanged(&build(&target, "out")));
    assert!(directory.join("usr/share/small/file").exists());
}

#[test]
fn another_program_does_not_take_it_for_its_own() {
    let mut target = target();
    build(&target, "out.tar");
    let copy = target.osb.directory().join("another-osb");
    fs::copy(env!("CARGO_BIN_EXE_osb"), &copy).unwrap();
    let instead = format!("exec '{}' \"$@\"", copy.display());
    target.osb = target.osb.under(&["/bin/sh", "-c", &instead]);
    let outcome = build(&target, "out.tar");
    assert!(!is_unchanged(&outcome) && !outcome.stderr.contains("no script runs"), "{outcome}");
}

#[test]
fn nothing_is_started_when_nothing_has_changed() {
    if !needs(&[("strace", "strace")]) {
        return;
    }
    let mut target = target();
    build(&target, "out.tar");
    let trace = target.osb.directory().join("trace");
    let wrapper = ["strace", "-f", "-e", "trace=execve,clone3,fork,vfork", "-o"];
    target.osb = target.osb.under(&[&wrapper[..], &[trace.to_str().unwrap()]].concat());
    let outcome = build(&target, "out.tar");
    assert!(is_unchanged(&outcome), "{outcome}");
    let traced = fs::read_to_string(trace).unwrap();
    let started = traced.lines().filter(|line| line.contains("execve(")).count();
    // The first is the command itself.
    assert_eq!(started, 1, "{traced}");
}
