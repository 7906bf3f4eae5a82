#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::Path;

use super::*;

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn stems(folder: &Path, ending: &str) -> BTreeSet<String> {
    let names = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names
        .filter_map(|name| name.to_str().unwrap().strip_suffix(ending).map(str::to_owned))
        .collect()
}

#[test]
fn every_distribution_file_is_compiled_in() {
    let mut files = stems(folder(), ".toml");
    files.remove("Cargo");
    let distros = built_in().unwrap();
    // A family's file is the only other kind.
    for distro in &distros {
        files.remove(&distro.family().to_string());
    }
    assert_eq!(files, distros.iter().map(|distro| distro.name().to_owned()).collect());
}

#[test]
fn every_key_file_is_compiled_in_and_used() {
    let mut used = BTreeSet::new();
    for distro in built_in().unwrap() {
        for release in distro.releases() {
            for arch in &release.architectures {
                for repository in distro.repositories(release, *arch, &release.pockets).unwrap() {
                    assert!(!repository.keys.is_empty());
                    used.extend(repository.keys.into_iter().map(|key| key.name));
                }
            }
        }
    }
    assert_eq!(used, stems(&folder().join("keys"), ".asc"));
    assert_eq!(used, crate::built_in::KEYS.iter().map(|(name, _)| (*name).to_owned()).collect());
}

#[test]
fn every_profile_is_there_for_every_distribution() {
    for distro in built_in().unwrap() {
        for profile in Profile::ALL {
            assert!(!distro.profile_packages(profile, &[]).unwrap().is_empty());
        }
    }
}

#[test]
fn what_is_pruned_is_absolute_and_has_no_parent_folder_in_it() {
    for distro in built_in().unwrap() {
        for profile in Profile::ALL {
            let facts = distro.family_facts().profile(profile).unwrap();
            for path in facts.prune.iter().chain(facts.links.keys()) {
                assert!(path.starts_with('/') && !path.contains("..") && !path.ends_with('/'));
            }
            assert!(facts.prune_names.iter().all(|name| !name.contains('/')));
        }
    }
}

fn suites(distro: &str, release: &str, arch: Arch) -> Vec<String> {
    let distro = find(distro).unwrap();
    let release = distro.release(release).unwrap();
    let repositories = distro.repositories(release, arch, &release.pockets).unwrap();
    repositories.into_iter().map(|place| format!("{} {}", place.url, place.suite)).collect()
}

#[test]
fn a_release_is_found_by_number_and_by_name() {
    let expected = [
        "http://ftp.debian.org/debian bookworm",
        "http://ftp.debian.org/debian bookworm-updates",
        "http://ftp.debian.org/debian-security bookworm-security",
    ];
    for name in ["bookworm", "12", "oldstable"] {
        assert_eq!(suites("debian", name, Arch::X86_64), expected);
    }
    assert_eq!(suites("debian", "unstable", Arch::S390x), ["http://ftp.debian.org/debian sid"]);
}

#[test]
fn other_architectures_come_from_the_ports_archive() {
    assert_eq!(
        suites("ubuntu", "24.04", Arch::Aarch64),
        [
            "http://ports.ubuntu.com/ubuntu-ports noble",
            "http://ports.ubuntu.com/ubuntu-ports noble-updates",
            "http://ports.ubuntu.com/ubuntu-ports noble-security",
        ]
    );
    assert_eq!(
        suites("ubuntu", "noble", Arch::X86_64)[2],
        "http://security.ubuntu.com/ubuntu noble-security"
    );
}

#[test]
fn an_architecture_that_a_release_lacks_is_refused_by_name() {
    let debian = find("debian").unwrap();
    let bookworm = debian.release("12").unwrap();
    let error = debian.repositories(bookworm, Arch::Riscv64, &[Pocket::Release]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "debian bookworm is not made for riscv64; it is for x86_64, aarch64, armv7, i686, ppc64le, s390x"
    );
}

#[test]
fn a_pocket_that_a_release_lacks_is_refused_by_name() {
    let debian = find("debian").unwrap();
    let sid = debian.release("sid").unwrap();
    let error = debian.repositories(sid, Arch::X86_64, &[Pocket::Security]).unwrap_err();
    assert_eq!(error.to_string(), "debian sid has no pocket security");
}

#[test]
fn an_unknown_name_is_answered_with_the_known_ones() {
    let error = find("slackware").unwrap_err();
    assert_eq!(
        error.to_string(),
        "no distribution is named \"slackware\"; known are debian, ubuntu"
    );
    assert!(find("debian").unwrap().release("buzz").is_err());
}

#[test]
fn the_init_is_left_out_where_the_agent_is_the_init() {
    let debian = find("debian").unwrap();
    let with = debian.profile_packages(Profile::Kata, &[]).unwrap();
    let without = debian.profile_packages(Profile::Kata, &[Group::Init]).unwrap();
    assert!(with.contains(&"init".to_owned()) && !without.contains(&"init".to_owned()));
}

#[test]
fn every_common_spelling_names_the_same_architecture() {
    for (arch, spellings) in [
        (Arch::X86_64, ["x86_64", "amd64", "AMD64"]),
        (Arch::Aarch64, ["aarch64", "arm64", "ARM64"]),
        (Arch::Armv7, ["armhf", "armv7l", "armv7"]),
        (Arch::I686, ["i386", "i686", "x86"]),
        (Arch::Ppc64le, ["ppc64el", "ppc64le", "powerpc64le"]),
    ] {
        for spelling in spellings {
            assert_eq!(spelling.parse(), Ok(arch));
        }
    }
    assert!("mips".parse::<Arch>().is_err());
    for arch in Arch::ALL {
        assert_eq!(arch.name().parse(), Ok(arch));
    }
}

const OWN: &str = r#"
name = "own"
title = "Own"
family = "deb"
default_release = "one"
arch = { x86_64 = "amd64" }
release = [{ name = "one", arch = ["amd64"], keys = { release = ["key"] } }]
repository = [{ pocket = "release", url = "http://localhost/own/", suite = "{release}", components = ["main"] }]
packages = { manager = ["apt"] }
"#;

fn refused(from: &str, to: &str) -> String {
    assert!(OWN.contains(from));
    let text = OWN.replace(from, to);
    let error = DataDistro::parse(&text, |_| Ok(b"key".to_vec())).unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    format!("{error}: {source}")
}

#[test]
fn a_user_may_bring_a_file_of_their_own() {
    let folder = std::env::temp_dir().join(format!("osb-distros-{}", std::process::id()));
    fs_err::create_dir_all(folder.join("keys")).unwrap();
    fs_err::write(folder.join("own.toml"), OWN).unwrap();
    let missing = DataDistro::from_file(&folder.join("own.toml")).unwrap_err();
    assert_eq!(missing.to_string(), "own: key key");
    fs_err::write(folder.join("keys/key.asc"), "armor").unwrap();
    let own = DataDistro::from_file(&folder.join("own.toml")).unwrap();
    fs_err::remove_dir_all(&folder).unwrap();
    let release = own.default_release();
    let found = own.repositories(release, Arch::X86_64, &release.pockets).unwrap();
    assert_eq!(found[0].url, "http://localhost/own");
    assert_eq!(found[0].keys, [Key { name: "key".into(), bytes: b"armor".into() }]);
    assert!(own.profile_packages(Profile::Kata, &[]).is_err());
}

#[test]
fn an_unknown_key_in_any_table_is_refused() {
    for (from, to) in [
        ("name = \"own\"", "colour = 1\nname = \"own\""),
        ("{ name = \"one\",", "{ colour = 1, name = \"one\","),
        ("{ pocket =", "{ colour = 1, pocket ="),
        ("{ manager", "{ colour = [], manager"),
        ("{ x86_64", "{ vax = \"vax\", x86_64"),
    ] {
        let error = refused(from, to);
        assert!(error.contains("colour") || error.contains("vax"), "{error}");
    }
}

#[test]
fn a_file_that_contradicts_itself_is_refused() {
    assert!(refused("default_release = \"one\"", "default_release = \"two\"").contains("default"));
    assert!(refused("arch = [\"amd64\"]", "arch = [\"arm64\"]").contains("arm64 has no row"));
    assert!(
        refused("keys = { release", "aliases = [\"one\"], keys = { release").contains("called one")
    );
    assert!(refused("release = [\"key\"]", "release = []").contains("no key"));
    assert!(refused("pocket = \"release\"", "pocket = \"updates\"").contains("0 repositories"));
}
