#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::Path;

use super::*;

mod own;

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
    for family in Family::ALL {
        assert!(files.remove(&family.to_string()));
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
    let mut files = stems(&folder().join("keys"), ".asc");
    files.extend(stems(&folder().join("keys"), ".rsa.pub"));
    assert_eq!(used, files);
    let names = crate::built_in::KEYS.iter().map(|(place, _)| place.strip_prefix("keys/").unwrap());
    let stem = |name: &str| -> String {
        [".asc", ".rsa.pub"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap().into()
    };
    assert_eq!(used, names.map(stem).collect());
}

#[test]
fn every_profile_is_there_for_every_distribution() {
    for distro in built_in().unwrap() {
        for profile in Profile::ALL {
            // Nothing but an init of its own may be missing; then the agent is the init.
            match distro.profile_packages(profile, &[]) {
                Ok(packages) => assert!(!packages.is_empty()),
                Err(error) => {
                    assert!(error.to_string().ends_with("names no packages for init"), "{error}");
                    assert!(!distro.profile_packages(profile, &[Group::Init]).unwrap().is_empty());
                }
            }
        }
    }
}

#[test]
fn what_is_pruned_is_absolute_and_has_no_parent_folder_in_it() {
    for distro in built_in().unwrap() {
        for profile in Profile::ALL {
            let facts = distro.family_facts().profile(profile).unwrap();
            for path in facts.prune.iter().chain(facts.links.keys()).chain(distro.services().keys())
            {
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

fn key_names(distro: &str, release: &str, arch: Arch) -> Vec<String> {
    let distro = find(distro).unwrap();
    let release = distro.release(release).unwrap();
    let repositories = distro.repositories(release, arch, &release.pockets).unwrap();
    repositories.into_iter().flat_map(|place| place.keys).map(|key| key.name).collect()
}

#[test]
fn alpine_has_main_and_community_of_each_release_in_one_place() {
    let alpine = find("alpine").unwrap();
    for name in ["3.18", "3.19", "3.20", "3.21", "3.22", "3.23", "3.24", "edge"] {
        let release = alpine.release(name).unwrap();
        let found = alpine.repositories(release, Arch::X86_64, &release.pockets).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].suite, release.name);
        assert_eq!(found[0].components, ["main", "community"]);
        assert_eq!(
            release.architectures.contains(&Arch::Riscv64),
            !["3.18", "3.19"].contains(&name)
        );
    }
    assert_eq!(
        suites("alpine", "3.20", Arch::Armv6),
        ["https://dl-cdn.alpinelinux.org/alpine v3.20"]
    );
    assert!(!alpine.release("v3.20").unwrap().architectures.contains(&Arch::Loongarch64));
}

#[test]
fn each_architecture_of_alpine_trusts_its_own_keys_alone() {
    let of = |arch| key_names("alpine", "edge", arch);
    let tails = |arch| -> Vec<String> {
        of(arch).iter().map(|name| name.rsplit_once('-').unwrap().1.to_owned()).collect()
    };
    assert_eq!(tails(Arch::Aarch64), ["616ae350", "58199dcc"]);
    assert_eq!(tails(Arch::Armv6), ["616a9724", "524d27bb"]);
    assert_eq!(tails(Arch::Armv7), ["616adfeb", "524d27bb"]);
    assert_eq!(tails(Arch::I686), ["61666e3f", "5243ef4b", "4a6a0840"]);
    assert_eq!(tails(Arch::Loongarch64), ["66ba20fe"]);
    assert_eq!(of(Arch::S390x)[0], "alpine-devel@lists.alpinelinux.org-616ac3bc");
}

#[test]
fn a_name_is_the_distributions_own_before_it_is_anyone_elses() {
    let alpine = find("alpine").unwrap();
    let debian = find("debian").unwrap();
    assert_eq!(alpine.arch("armhf"), Some(Arch::Armv6));
    assert_eq!(debian.arch("armhf"), Some(Arch::Armv7));
    for distro in [alpine, debian] {
        assert_eq!(distro.arch("armv7"), Some(Arch::Armv7));
        assert_eq!(distro.arch("amd64"), Some(Arch::X86_64));
        assert_eq!(distro.arch("x86"), Some(Arch::I686));
        assert_eq!(distro.arch("vax"), None);
    }
}

#[test]
fn services_are_started_only_by_an_init_that_is_there() {
    let alpine = find("alpine").unwrap();
    let devfs = "/etc/runlevels/sysinit/devfs";
    let made = |profile, without: &[Group]| {
        alpine.profile_links(profile, without).unwrap().contains_key(devfs)
    };
    assert!(made(Profile::Kata, &[]));
    assert!(!made(Profile::Kata, &[Group::Init]));
    assert!(!made(Profile::Minimal, &[]));
    assert!(
        !alpine
            .profile_packages(Profile::Kata, &[Group::Init])
            .unwrap()
            .contains(&"alpine-base".into())
    );
}

#[test]
fn keys_of_the_apk_family_are_rsa_keys_as_openssl_writes_them() {
    let rsa = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    for distro in built_in().unwrap().iter().filter(|distro| distro.family() == Family::Apk) {
        for release in distro.releases() {
            for arch in &release.architectures {
                for place in distro.repositories(release, *arch, &release.pockets).unwrap() {
                    for Key { name, bytes } in place.keys {
                        let text = String::from_utf8(bytes).unwrap();
                        let body = text.trim().strip_prefix("-----BEGIN PUBLIC KEY-----\n");
                        let body =
                            body.and_then(|body| body.strip_suffix("\n-----END PUBLIC KEY-----"));
                        let bytes =
                            base64(&body.unwrap_or_else(|| panic!("{name}")).replace('\n', ""));
                        assert!(bytes.windows(rsa.len()).any(|window| window == rsa), "{name}");
                        // A modulus of 2048 bits at least, and the exponent 65537.
                        assert!(bytes.len() > 290 && bytes.ends_with(&[2, 3, 1, 0, 1]), "{name}");
                    }
                }
            }
        }
    }
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for digit in text.trim_end_matches('=').bytes() {
        let value = DIGITS.iter().position(|known| *known == digit).unwrap();
        bits = (bits << 6) | u32::try_from(value).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
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
    let error = find("slackware").unwrap_err().to_string();
    assert!(error.starts_with("no distribution is named \"slackware\"; known are debian, ubuntu"));
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
        (Arch::Armv6, ["armv6", "armv6l", "ARMV6"]),
        (Arch::Loongarch64, ["loongarch64", "loong64", "LOONGARCH64"]),
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
