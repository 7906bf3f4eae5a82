//! What the user's own files hold: lock files, distributions, apt's sources.

use rootfs_builder::digest::Digest;
use rootfs_builder::family::deb::sources;
use rootfs_builder::plan::{Finish, Plan, PlannedPackage, PlannedRepository};

use crate::Target;

pub(crate) const ALL: &[Target] = &[
    Target { name: "lock", run: read_lock, seeds: locks },
    Target { name: "distro", run: read_distro, seeds: distros },
    Target { name: "sources", run: read_sources, seeds: source_lists },
];

fn read_lock(data: &[u8]) -> bool {
    let Ok(plan) = Plan::from_lock(&String::from_utf8_lossy(data)) else { return false };
    let text = plan.to_lock().expect("what was read can be written");
    assert_eq!(Plan::from_lock(&text).expect("what was written can be read"), plan);
    true
}

fn locks() -> Vec<Vec<u8>> {
    let digest = Digest::of("");
    let repository = PlannedRepository {
        tag: None,
        url: "http://127.0.0.1/some".into(),
        suite: "one".into(),
        components: vec!["main".into()],
        release_sha256: digest,
        signed_by: Some("00AA".into()),
    };
    let package = PlannedPackage {
        name: "hello".into(),
        version: "1:1.0~rc1-1+b1".into(),
        arch: "all".into(),
        url: "http://127.0.0.1/some/pool/hello.deb".into(),
        size: 12,
        sha256: digest,
        requested: true,
    };
    let plan = Plan {
        version: Plan::VERSION,
        family: distros::Family::Deb,
        distro: "some".into(),
        release: "one".into(),
        arch: "amd64".into(),
        profile: "base".into(),
        timestamp: 1_700_000_000,
        wanted: Vec::new(),
        keys: Vec::new(),
        finish: Finish { prune: vec!["/usr/share/doc".into()], ..Finish::default() },
        repositories: vec![repository],
        packages: vec![package],
    };
    vec![plan.to_lock().unwrap().into_bytes()]
}

fn read_distro(data: &[u8]) -> bool {
    let key = |_: &std::path::Path| Ok(Vec::new());
    distros::DataDistro::parse(&String::from_utf8_lossy(data), key).is_ok()
}

fn distros() -> Vec<Vec<u8>> {
    let text = "name = \"some\"\ntitle = \"Some\"\nfamily = \"deb\"\ndefault_release = \"one\"\n\
                [arch]\nx86_64 = \"amd64\"\n[[release]]\nname = \"one\"\naliases = [\"1\"]\n\
                arch = [\"amd64\"]\nkeys.release = [\"key\"]\n[[repository]]\npocket = \"release\"\n\
                url = \"http://127.0.0.1/some\"\nsuite = \"{release}\"\ncomponents = [\"main\"]\n\
                [packages]\nmanager = [\"apt\"]\n";
    vec![text.into()]
}

fn read_sources(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    !(sources::parse_deb822(&text).is_empty() && sources::parse_one_line(&text).is_empty())
}

fn source_lists() -> Vec<Vec<u8>> {
    let deb822 = "# A comment.\nTypes: deb deb-src\nURIs: http://127.0.0.1/some\n\
                  Suites: one one-updates\nComponents: main contrib\nEnabled: yes\n\
                  Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n\nTypes: deb\nURIs: /a\nSuites: ./\n";
    let one_line = "deb [arch=amd64 signed-by=/key.asc] http://127.0.0.1/some one main # comment\n\
                    deb-src http://127.0.0.1/some one main\ndeb [ trusted=yes ] cdrom:[name]/ one main\n";
    vec![deb822.into(), one_line.into()]
}
