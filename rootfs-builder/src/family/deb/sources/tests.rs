#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

const DEBIAN: &str = "\
Types: deb
# http://snapshot.example/archive/debian/20250520T000000Z
URIs: http://near.example/debian/
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://near.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
";

const UBUNTU: &str = "\
Types: deb
URIs: http://near.example/ubuntu/
Suites: noble noble-updates noble-backports
Components: main universe
Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg

Types: deb
URIs: http://security.example/ubuntu/
Suites: noble-security
Components: main universe
Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg
";

fn mirrors(sources: &[Source], distro: &str, release: &str, arch: Arch) -> Vec<Vec<String>> {
    let distro = distros::find(distro).unwrap();
    let release = distro.release(release).unwrap();
    let repositories = distro.repositories(release, arch, &release.pockets).unwrap();
    repositories
        .iter()
        .map(|place| mirrors_for(sources, &distro, place, arch, Some(Arch::X86_64)))
        .collect()
}

fn check(sources: &[Source], distro: &str, release: &str, expected: &[&[&str]]) {
    assert_eq!(mirrors(sources, distro, release, Arch::X86_64), expected);
}

const NEAR: &[&str] = &["http://near.example/debian"];

#[test]
fn each_pocket_has_the_mirror_that_the_host_uses() {
    let security = ["http://near.example/debian-security"];
    check(&parse_deb822(DEBIAN), "debian", "bookworm", &[NEAR, NEAR, &security]);
}

#[test]
fn the_mirror_of_one_release_serves_the_others() {
    let security = ["http://near.example/debian-security"];
    check(&parse_deb822(DEBIAN), "debian", "trixie", &[NEAR, NEAR, &security]);
    check(&parse_deb822(DEBIAN), "debian", "sid", &[NEAR]);
}

#[test]
fn a_host_of_another_distribution_has_no_mirror() {
    check(&parse_deb822(UBUNTU), "debian", "sid", &[&[]]);
    check(&parse_deb822(DEBIAN), "ubuntu", "noble", &[&[], &[], &[]]);
}

#[test]
fn the_security_pocket_has_an_archive_of_its_own() {
    let near = ["http://near.example/ubuntu"].as_slice();
    let security = ["http://security.example/ubuntu"];
    check(&parse_deb822(UBUNTU), "ubuntu", "jammy", &[near, near, &security]);
}

#[test]
fn the_host_s_mirror_does_not_serve_an_architecture_from_another_archive() {
    let none: &[&str] = &[];
    let found = mirrors(&parse_deb822(UBUNTU), "ubuntu", "noble", Arch::Aarch64);
    assert_eq!(found, [none, none, none]);
    let ports = "deb [arch=arm64] http://ports.example/ubuntu-ports noble main";
    let found = mirrors(&parse_one_line(ports), "ubuntu", "noble", Arch::Aarch64);
    assert_eq!(found[0], ["http://ports.example/ubuntu-ports"]);
    // Debian has one archive for all.
    assert_eq!(mirrors(&parse_deb822(DEBIAN), "debian", "sid", Arch::S390x)[0], NEAR);
}

#[test]
fn the_one_line_form_is_read() {
    let text = "\
deb cdrom:[Debian GNU/Linux 12]/ bookworm main
# deb http://off.example/debian bookworm main
deb-src http://source.example/debian bookworm main
deb [ arch=amd64,i386 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg ] http://near.example/debian/ bookworm main # near
";
    assert_eq!(
        parse_one_line(text),
        [Source {
            url: "http://near.example/debian".into(),
            suites: vec!["bookworm".into()],
            components: vec!["main".into()],
            architectures: vec!["amd64".into(), "i386".into()],
            signed_by: Some("/usr/share/keyrings/debian-archive-keyring.gpg".into()),
        }]
    );
    check(&parse_one_line(text), "debian", "sid", &[NEAR]);
}

#[test]
fn an_old_host_without_keyrings_in_its_sources_has_a_mirror() {
    let text = "\
deb http://near.example/d bookworm main
deb http://near.example/d bookworm-updates main
deb http://near.example/s bookworm-security main
";
    // One suite at an address without the distribution's name could be anyone's.
    let own = ["http://near.example/d"].as_slice();
    check(&parse_one_line(text), "debian", "bookworm", &[own, own, &[]]);
}

#[test]
fn archives_of_others_with_the_same_suites_are_left_out() {
    let others = "\
deb http://others.example/apt bookworm main
deb https://others.example/debian bookworm main
deb [signed-by=/etc/apt/keyrings/other.gpg] https://other.example/debian bookworm main
deb https://browser.example/debian stable main
deb https://containers.example/linux/debian bookworm stable
";
    let mut sources = parse_one_line(others);
    sources.extend(parse_deb822(DEBIAN));
    check(&sources, "debian", "sid", &[NEAR]);
    let alone = "deb [signed-by=/etc/apt/keyrings/o.gpg] http://o.example/debian bookworm main";
    check(&parse_one_line(alone), "debian", "sid", &[&[]]);
    check(&parse_one_line("deb https://o.example/apt stable main"), "debian", "sid", &[&[]]);
}

#[test]
fn a_host_that_follows_stable_by_that_name_has_a_mirror() {
    let text = "deb http://near.example/debian stable main\n";
    check(&parse_one_line(text), "debian", "sid", &[NEAR]);
}

#[test]
fn several_mirrors_keep_their_order() {
    let text = "\
deb http://one.example/debian bookworm main
deb http://two.example/debian bookworm main
deb http://one.example/debian bookworm main
";
    let both = ["http://one.example/debian", "http://two.example/debian"];
    check(&parse_one_line(text), "debian", "sid", &[&both]);
}

#[test]
fn what_cannot_be_fetched_from_or_holds_a_secret_is_left_out() {
    for address in [
        "mirror+file:/etc/apt/mirrors.txt",
        "mirror://near.example/list",
        "tor+http://onion.example/debian",
        "cdrom:[disc]/",
        "http://user:secret@near.example/debian",
        "http:///debian",
        "ftp://near.example/debian",
        "http://near.example/$(ARCH)",
    ] {
        let text = format!("Types: deb\nURIs: {address}\nSuites: sid\nComponents: main\n");
        assert_eq!(parse_deb822(&text), [], "{address}");
        assert_eq!(parse_one_line(&format!("deb {address} sid main")), [], "{address}");
    }
    assert_eq!(parse_one_line("deb file:/srv/debian sid main")[0].url, "file:///srv/debian");
}

#[test]
fn a_source_that_is_off_or_of_sources_only_is_left_out() {
    let source = |fields| format!("{fields}\nURIs: http://near.example/debian\nSuites: sid\n");
    assert_eq!(parse_deb822(&source("Types: deb deb-src\nEnabled: yes")).len(), 1);
    for fields in ["Types: deb\nEnabled: no", "Types: deb\nenabled: False", "Types: deb-src"] {
        assert_eq!(parse_deb822(&source(fields)), []);
    }
}

#[test]
fn the_files_of_a_host_are_read_in_order_and_may_be_missing() {
    let root = tempfile::tempdir().unwrap();
    assert_eq!(host_sources(root.path()).unwrap(), []);
    let folder = root.path().join("etc/apt/sources.list.d");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("b.list"), "deb http://b.example/debian sid main").unwrap();
    std::fs::write(folder.join("a.sources"), DEBIAN).unwrap();
    std::fs::write(folder.join("c.save"), "deb http://c.example/debian sid main").unwrap();
    std::fs::create_dir(folder.join("d.list")).unwrap();
    let urls: Vec<_> = host_sources(root.path()).unwrap().into_iter().map(|s| s.url).collect();
    assert_eq!(
        urls,
        [
            "http://near.example/debian",
            "http://near.example/debian-security",
            "http://b.example/debian"
        ]
    );
}
