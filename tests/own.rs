//! Distributions that only a file of the user describes.

use std::fs;

use crate::made::{Target, key, suite};

const README: &str = include_str!("../README.md");

/// The smallest complete file, as the README shows it.
fn example() -> &'static str {
    let (_, rest) = README.split_once("```toml\n").unwrap();
    rest.split_once("```").unwrap().0
}

/// The README's example for the made distribution, in files of the user.
fn brought() -> (Target, String) {
    let target = Target::new(suite().publish());
    let file = example()
        .replace("https://example.org/mine", &target.server.url())
        .replace("\"one\"", "\"bookworm\"");
    let folder = target.osb.directory();
    fs::create_dir_all(folder.join("keys")).unwrap();
    fs::write(folder.join("mine.toml"), file).unwrap();
    fs::write(folder.join("keys/archive.asc"), key().public_armored()).unwrap();
    let path = folder.join("mine.toml").to_str().unwrap().to_owned();
    (target, path)
}

#[test]
fn the_example_of_the_readme_builds() {
    let (target, file) = brought();
    let osb = &target.osb;
    osb.run(["rootfs", "-d", &file, "--profile=base", "--arch=amd64", "-o", "out.tar"]).succeeds();
    let said = osb.run(["inspect", "out.tar"]).succeeds();
    assert!(said.stdout.contains("dpkg"), "{said}");
}

#[test]
fn a_lock_file_of_an_own_distribution_needs_the_file_no_more() {
    let (target, file) = brought();
    let osb = &target.osb;
    osb.run(["plan", "-d", &file, "--profile=base", "--arch=amd64"]).succeeds();
    osb.run(["rootfs", "--locked", "-d", &file, "--arch=amd64", "-o", "with.tar"]).succeeds();
    fs::remove_file(&file).unwrap();
    osb.run(["rootfs", "--locked", "-o", "without.tar"]).succeeds();
    let read = |name| fs::read(osb.directory().join(name)).unwrap();
    assert!(read("with.tar") == read("without.tar"));
    let asked = osb.run(["rootfs", "--locked", "--arch=amd64", "-o", "again.tar"]);
    asked.fails_with(2, "no distribution is called mine here");
    let other = osb.run(["rootfs", "--locked", "-d", "debian", "-o", "again.tar"]);
    other.fails_with(2, "planned for mine, but debian is asked for");
}

#[test]
fn distros_checks_and_shows_one_file() {
    let (target, file) = brought();
    let osb = &target.osb;
    let said = osb.run(["distros", &file]).succeeds();
    assert!(said.stdout.starts_with("mine: My Debian, deb packages, profiles base\n"), "{said}");
    let said = osb.run(["distros", "--json", &file]).succeeds();
    let list: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(list[0]["family"], "deb");
    assert_eq!(list[0]["releases"][0]["architectures"], serde_json::json!(["amd64"]));
}

#[test]
fn what_is_wrong_with_a_file_is_told_by_file_line_and_remedy() {
    let (target, file) = brought();
    let good = fs::read_to_string(&file).unwrap();
    for (from, to, said) in [
        (
            "arch = [\"amd64\"]",
            "arch = [\"arm64\"]",
            "line 6: architecture arm64 has no row; add aarch64 = \"arm64\" to [arch]",
        ),
        ("title", "titel", "unknown field `titel`, expected one of `name`, `title`"),
        ("\"deb\" ", "\"dep\" ", "unknown variant `dep`, expected `apk` or `deb`"),
        ("x86_64", "x86-65", "unknown architecture \"x86-65\"; known are x86_64, "),
        ("[\"archive\"]", "[\"other\"]", "line 6: key other: keys/other.asc"),
        ("default_release = \"bookworm\"", "default_release = \"two\"", "write one of bookworm"),
    ] {
        assert!(good.contains(from), "{from}");
        fs::write(&file, good.replacen(from, to, 1)).unwrap();
        for command in ["distros", "plan"] {
            let flag = if command == "plan" { vec!["-d", &file] } else { vec![&*file] };
            let outcome = target.osb.run([&[command][..], &flag].concat());
            outcome.fails_with(2, said).fails_with(2, "mine.toml");
        }
    }
    let missing = target.osb.run(["plan", "-d", "./none.toml"]);
    missing.fails_with(2, "none.toml");
}

#[test]
fn a_word_means_what_the_distribution_calls_so() {
    let target = Target::new(suite().publish());
    let wrong = target.osb.run(["plan", "-d", "alpine", "--release=3.18", "--arch=riscv64"]);
    wrong.fails_with(2, "architecture of Alpine Linux v3.18");
    let repo = ["--repo", "https://example.org/debs stable main"];
    let wrong = target.osb.run([&["plan", "-d", "alpine", "--arch=armhf"][..], &repo].concat());
    wrong.fails_with(2, "one address alone").fails_with(2, "[@TAG] URL");
    let repo = ["--repo", "@mine https://example.org/debs stable main"];
    let wrong = target.osb.run([&["plan", "-d", "debian", "--arch=armhf"][..], &repo].concat());
    wrong.fails_with(2, "tags are for packages of the apk family");
    let wrong = target.osb.run(["plan", "-d", "alpine", "--pocket=updates", "--arch=x86_64"]);
    wrong.fails_with(2, "no pocket of Alpine Linux v3.24");
}
