//! What the README has a newcomer type.

use std::process::Command;

use super::source::root;

#[test]
fn cargo_run_finds_the_program_that_the_readme_means() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.contains("cargo run --release -- image"));
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = said["packages"].as_array().unwrap();
    let defaults: Vec<_> =
        packages.iter().filter_map(|package| package["default_run"].as_str()).collect();
    assert_eq!(defaults, ["osb"]);
}
