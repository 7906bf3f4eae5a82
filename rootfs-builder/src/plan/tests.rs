#![allow(clippy::unwrap_used)]

use super::*;

fn plan() -> Plan {
    Plan {
        version: VERSION,
        family: Family::default(),
        distro: "any".to_owned(),
        release: "one".to_owned(),
        arch: "amd64".to_owned(),
        profile: "base".to_owned(),
        timestamp: 1_700_000_000,
        wanted: vec!["hello>=2".to_owned()],
        keys: vec![PlannedKey { name: "me@here.pub".to_owned(), text: "key".to_owned() }],
        finish: Finish::default(),
        repositories: vec![PlannedRepository {
            url: "http://mirror.example/any".to_owned(),
            suite: "one".to_owned(),
            components: vec!["main".to_owned()],
            tag: Some("edge".to_owned()),
            release_sha256: Digest::of("release"),
            signed_by: Some("00AA".to_owned()),
        }],
        packages: vec![PlannedPackage {
            name: "hello".to_owned(),
            version: "1:2.0~rc1-1+b1".to_owned(),
            arch: "amd64".to_owned(),
            url: "http://mirror.example/any/pool/h/hello.deb".to_owned(),
            size: 12,
            sha256: Digest::of("hello"),
            requested: true,
        }],
    }
}

#[test]
fn a_lock_file_reads_back_as_the_same_plan() {
    let text = plan().to_lock().unwrap();
    assert_eq!(Plan::from_lock(&text).unwrap(), plan());
}

#[test]
fn a_name_with_a_slash_is_refused() {
    let mut hostile = plan();
    hostile.packages[0].name = "../../etc/passwd".to_owned();
    let refused = Plan::from_lock(&hostile.to_lock().unwrap()).unwrap_err();
    assert!(matches!(refused, PlanError::Field { field: "package", .. }), "{refused}");
}

#[test]
fn a_key_file_outside_its_folder_is_refused() {
    for name in ["../../shadow", ".profile", "a/b", ""] {
        let mut hostile = plan();
        hostile.keys[0].name = name.to_owned();
        let refused = Plan::from_lock(&hostile.to_lock().unwrap()).unwrap_err();
        assert!(matches!(refused, PlanError::Field { field: "key", .. }), "{refused}");
    }
}

#[test]
fn an_unknown_key_is_refused() {
    let text = plan().to_lock().unwrap().replace("timestamp", "timestomp");
    assert!(matches!(Plan::from_lock(&text), Err(PlanError::Syntax(_))));
}

#[test]
fn another_format_is_refused() {
    let text = plan().to_lock().unwrap().replace("version = 1\n", "version = 2\n");
    assert!(matches!(Plan::from_lock(&text), Err(PlanError::Version { found: 2 })));
}
