//! The agent as init and as service, from osb itself and from a file.

use agent::{AgentSpec, Error, Machine, Manager, Options, Origin, Place, install};
use tree::{Kind, Tree};

use crate::guests::{
    MERGED, SYSTEMD, TIME, guest, host, installed, is_the_program, options, path, program, spec,
};

fn own_as_init(nodes: &[(&str, &str)]) -> Tree {
    let mut tree = guest(nodes);
    let installed = installed(&mut tree, &spec(Origin::Own, Place::Init)).unwrap();
    assert_eq!(installed.name, "osb-agent");
    assert_eq!((installed.place, installed.manager), (Place::Init, None));
    assert!(tree.get(&path("usr/bin/osb-agent")).is_none());
    tree
}

#[test]
fn an_init_takes_the_place_of_systemd_wherever_sbin_leads() {
    if program().is_none() {
        return;
    }
    let link = ("sbin/init", "-> /lib/systemd/systemd");
    let tree = own_as_init(&[&MERGED[..], &[SYSTEMD, link]].concat());
    assert!(is_the_program(&tree, "usr/sbin/init"));
    assert!(matches!(tree.get(&path("sbin")).unwrap().kind, Kind::Symlink(_)));
    assert!(tree.get(&path(SYSTEMD.0)).is_some());
    assert!(is_the_program(&own_as_init(&[link]), "sbin/init"));
    assert!(is_the_program(&own_as_init(&[]), "sbin/init"));
    let twice = [("usr/bin", "-> ../programs"), ("usr/sbin", "-> bin"), ("sbin", "-> usr/sbin")];
    assert!(is_the_program(&own_as_init(&twice), "programs/init"));
}

#[test]
fn an_init_that_is_one_of_many_names_leaves_the_others() {
    if program().is_none() {
        return;
    }
    let mut tree = guest(&[("bin/busybox", "busybox")]);
    let node = tree.get(&path("bin/busybox")).unwrap().clone();
    let link = tree::Node { kind: Kind::HardLink(path("bin/busybox")), ..node };
    tree.insert(path("sbin/init"), link).unwrap();
    installed(&mut tree, &spec(Origin::Own, Place::Init)).unwrap();
    assert!(is_the_program(&tree, "sbin/init"));
    let Kind::File(content) = &tree.get(&path("bin/busybox")).unwrap().kind else { panic!() };
    assert_eq!(content.read(10).unwrap(), b"busybox");
}

#[test]
fn what_was_installed_is_told() {
    let Some(program) = program() else { return };
    let mut tree = guest(&[SYSTEMD]);
    let installed = installed(&mut tree, &spec(Origin::Own, Place::Service)).unwrap();
    assert_eq!(installed.manager, Some(Manager::Systemd));
    assert_eq!(installed.version.as_deref(), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(installed.program, path("usr/bin/osb-agent"));
    assert_eq!(installed.bytes, program.len() as u64);
    let digest: String = installed.digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, test_support::sha256(program));
    assert!(is_the_program(&tree, "usr/bin/osb-agent"));
    assert_eq!(tree.get(&path("usr/bin/osb-agent")).unwrap().meta.mtime, TIME);
}

#[test]
fn a_file_is_named_by_itself_or_by_whoever_knows_better() {
    let Some(program) = program() else { return };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("kata-agent");
    std::fs::write(&file, program).unwrap();
    let mut tree = guest(&[SYSTEMD]);
    let from_file = spec(Origin::File(file.clone()), Place::Service);
    let found = installed(&mut tree, &from_file).unwrap();
    assert_eq!((found.name.as_str(), found.version), ("kata-agent", None));
    assert!(is_the_program(&tree, "usr/bin/kata-agent"));
    assert!(tree.get(&path("usr/lib/systemd/system/kata-containers.target")).is_some());
    let renamed = AgentSpec { name: Some("helper".into()), ..from_file };
    let found = installed(&mut guest(&[SYSTEMD]), &renamed).unwrap();
    assert_eq!(found.program, path("usr/bin/helper"));
    let misnamed = AgentSpec { name: Some("../helper".into()), ..renamed };
    let error = installed(&mut guest(&[SYSTEMD]), &misnamed).unwrap_err();
    assert!(matches!(error, Error::Name { .. }), "{error}");
}

#[test]
fn what_cannot_run_is_refused_with_every_reason() {
    let Some(own) = program() else { return };
    let other = if host() == Machine::Aarch64 { Machine::X8664 } else { Machine::Aarch64 };
    let work = tempfile::tempdir().unwrap();
    let own_as_init = spec(Origin::Own, Place::Init);
    let foreign = Options { machine: other, ..options(Some(own)) };
    let error = install(&mut Tree::new(), &own_as_init, &foreign, work.path()).unwrap_err();
    let said = format!(
        "agent osb-agent cannot run in this guest: /sbin/init is for {} processors, the guest \
         has {other}",
        host()
    );
    assert_eq!(error.to_string(), said);
    let none = Options { own: None, ..foreign };
    let error = install(&mut Tree::new(), &own_as_init, &none, work.path()).unwrap_err();
    assert!(matches!(error, Error::NoOwn { .. }), "{error}");
    let missing = spec(Origin::File("/nowhere/agent".into()), Place::Init);
    let error = install(&mut Tree::new(), &missing, &none, work.path()).unwrap_err();
    assert_eq!(error.to_string(), "read /nowhere/agent");
    let folder = spec(Origin::File(work.path().to_owned()), Place::Init);
    let named = AgentSpec { name: Some("agent".into()), ..folder };
    let error = install(&mut Tree::new(), &named, &none, work.path()).unwrap_err();
    assert!(matches!(error, Error::NotFile { .. }), "{error}");
}

#[test]
fn the_same_agent_gives_the_same_tree() {
    if program().is_none() {
        return;
    }
    let once = || {
        let mut tree = guest(&[SYSTEMD]);
        installed(&mut tree, &spec(Origin::Own, Place::Service)).unwrap();
        tree
    };
    assert_eq!(once(), once());
}

#[test]
fn a_spec_survives_as_text_and_unknown_words_are_refused() {
    let file = AgentSpec {
        origin: Origin::File("/a/b".into()),
        place: Place::Service,
        name: Some("b".into()),
    };
    let text = serde_json::to_string(&file).unwrap();
    assert_eq!(text, r#"{"origin":{"file":"/a/b"},"place":"service","name":"b"}"#);
    assert_eq!(serde_json::from_str::<AgentSpec>(&text).unwrap(), file);
    let unknown = text.replace("name", "nome");
    assert!(serde_json::from_str::<AgentSpec>(&unknown).is_err());
}
