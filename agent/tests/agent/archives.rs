//! Agents that come as archives, honest and hostile.

use agent::{AgentSpec, Error, Origin, Place};
use test_support::{Compression, Entry, tar};
use tree::{Kind, Tree};

use crate::guests::{MERGED, SYSTEMD, TIME, guest, installed, is_the_program, path, program, spec};

/// Installs from an archive of these members.
fn from_members(
    tree: &mut Tree,
    members: &[Entry],
    compression: Compression,
    (place, name): (Place, Option<&str>),
) -> Result<agent::Installed, Error> {
    let directory = tempfile::tempdir().unwrap();
    // The bytes say how it is compressed, not the name.
    let archive = directory.path().join("agent.archive");
    std::fs::write(&archive, compression.compress(&tar(members))).unwrap();
    let bare = spec(Origin::Tarball(archive), place);
    let result = installed(tree, &AgentSpec { name: name.map(str::to_owned), ..bare });
    tree.load_small(directory.path(), 64 << 20).unwrap();
    result
}

fn service(members: &[Entry]) -> Result<(Tree, agent::Installed), Error> {
    let mut tree = guest(&[&MERGED[..], &[SYSTEMD]].concat());
    let found = from_members(&mut tree, members, Compression::None, (Place::Service, None))?;
    Ok((tree, found))
}

#[test]
fn an_archive_lands_over_the_tree_in_every_compression() {
    let Some(program) = program() else { return };
    let unit = "[Service]\nExecStart=/usr/bin/kata-agent\n";
    let members = [
        Entry::directory("./", 0o700).owner(1000, 1000),
        Entry::directory("./lib/", 0o700).owner(1000, 1000),
        Entry::file("./lib/systemd/system/kata-agent.service", unit, 0o644),
        Entry::file("./usr/bin/kata-agent", program, 0o755),
        Entry::file("./usr/libexec/helper", "text", 0o640).owner(5, 6),
    ];
    for compression in [Compression::None, Compression::Gz, Compression::Xz, Compression::Zst] {
        let mut tree = guest(&[&MERGED[..], &[SYSTEMD]].concat());
        let place = (Place::Service, None);
        let found = from_members(&mut tree, &members, compression, place).unwrap();
        assert_eq!(found.program, path("usr/bin/kata-agent"));
        assert!(is_the_program(&tree, "usr/bin/kata-agent"));
        assert!(matches!(tree.get(&path("lib")).unwrap().kind, Kind::Symlink(_)));
        let root = &tree.get(&path("")).unwrap().meta;
        assert_eq!((root.mode, root.uid), (0o755, 0));
        let helper = &tree.get(&path("usr/libexec/helper")).unwrap().meta;
        assert_eq!((helper.mode, helper.uid, helper.gid), (0o640, 5, 6));
        assert!(helper.mtime <= TIME);
        let brought = tree.get(&path("usr/lib/systemd/system/kata-agent.service")).unwrap();
        let Kind::File(content) = &brought.kind else { panic!("{brought:?}") };
        assert_eq!(content.read(1000).unwrap(), unit.as_bytes());
    }
}

#[test]
fn the_agent_is_found_by_its_name_or_as_the_only_program() {
    let Some(program) = program() else { return };
    let bin = |name: &str| Entry::file(&format!("usr/local/bin/{name}"), program, 0o755);
    let (_, found) = service(&[bin("one"), Entry::file("usr/bin/text", "", 0o644)]).unwrap();
    assert_eq!((found.name.as_str(), &found.program), ("one", &path("usr/local/bin/one")));
    let error = service(&[bin("one"), bin("two")]).unwrap_err();
    assert!(error.to_string().contains("/usr/local/bin/one, /usr/local/bin/two"), "{error}");
    let (_, found) = service(&[bin("one"), bin("kata-agent")]).unwrap();
    assert_eq!(found.name, "kata-agent");
    let mut tree = guest(&[SYSTEMD]);
    let place = (Place::Service, Some("two"));
    let members = [bin("one"), bin("two")];
    let found = from_members(&mut tree, &members, Compression::None, place).unwrap();
    assert_eq!(found.name, "two");
    let place = (Place::Service, Some("three"));
    let error = from_members(&mut tree, &members, Compression::None, place).unwrap_err();
    assert!(matches!(error, Error::NoProgram { .. }), "{error}");
    let error = service(&[]).unwrap_err();
    assert!(matches!(error, Error::NoProgram { .. }), "{error}");
    let error = service(&[Entry::file("usr/bin/kata-agent", program, 0o644)]).unwrap_err();
    assert!(matches!(error, Error::NotExecutable { .. }), "{error}");
}

#[test]
fn an_agent_behind_a_link_keeps_the_link_s_name() {
    let Some(program) = program() else { return };
    let members = [
        Entry::file("opt/kata/agent-3.2", program, 0o755),
        Entry::symlink("usr/bin/kata-agent", "../../opt/kata/agent-3.2"),
    ];
    let (tree, found) = service(&members).unwrap();
    assert_eq!((found.name.as_str(), &found.program), ("kata-agent", &path("opt/kata/agent-3.2")));
    assert!(tree.get(&path("usr/lib/systemd/system/kata-containers.target")).is_some());
}

#[test]
fn what_the_guest_had_before_is_not_the_agent() {
    let Some(program) = program() else { return };
    let mut tree = guest(&[SYSTEMD, ("usr/bin/kata-agent", "old")]);
    let members = [Entry::file("usr/bin/other", program, 0o755)];
    let place = (Place::Service, None);
    let found = from_members(&mut tree, &members, Compression::None, place).unwrap();
    assert_eq!(found.name, "other");
}

#[test]
fn an_archive_made_for_init_brings_the_init() {
    let Some(program) = program() else { return };
    let members = [Entry::file("sbin/init", program, 0o755)];
    let systemd = ("usr/sbin/init", "-> ../lib/systemd/systemd");
    let mut tree = guest(&[&MERGED[..], &[SYSTEMD, systemd]].concat());
    let place = (Place::Init, None);
    let found = from_members(&mut tree, &members, Compression::None, place).unwrap();
    assert_eq!((found.name.as_str(), &found.program), ("kata-agent", &path("usr/sbin/init")));
    assert!(is_the_program(&tree, "usr/sbin/init"));
}

#[test]
fn nothing_of_an_archive_leaves_the_tree() {
    let Some(program) = program() else { return };
    let agent = || Entry::file("usr/bin/kata-agent", program, 0o755);
    for hostile in [
        Entry::file("../outside", "x", 0o644),
        Entry::file("usr/../../outside", "x", 0o644),
        Entry::hard_link("usr/lib/x", "../../etc/passwd"),
        Entry::hard_link("usr/lib/x", "missing"),
        Entry::file("etc", "no directory", 0o644).claiming_size(1 << 40),
        Entry::symlink("usr", "elsewhere"),
    ] {
        assert!(service(&[agent(), hostile.clone()]).is_err(), "{hostile:?}");
    }
    // An absolute link leads to the guest's root, and so does a path through it.
    let through = [Entry::symlink("out", "/opt"), Entry::file("out/file", "x", 0o644), agent()];
    let (tree, _) = service(&through).unwrap();
    assert!(tree.get(&path("opt/file")).is_some());
    let circle =
        [Entry::symlink("a", "b"), Entry::symlink("b", "a"), Entry::file("a/x", "", 0o644)];
    assert!(service(&circle).is_err());
}

#[test]
fn damaged_archives_are_refused_and_name_themselves() {
    let Some(program) = program() else { return };
    let members = [Entry::file("usr/bin/kata-agent", program, 0o755)];
    let directory = tempfile::tempdir().unwrap();
    let archive = directory.path().join("agent.tar.zst");
    let whole = Compression::Zst.compress(&tar(&members));
    let mut state = 99_u64;
    for _ in 0..60 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let at = (state >> 33) as usize % whole.len();
        std::fs::write(&archive, &whole[..at]).unwrap();
        let bare = spec(Origin::Tarball(archive.clone()), Place::Init);
        let error = installed(&mut Tree::new(), &bare).unwrap_err();
        let chain = format!("{error}: {:?}", std::error::Error::source(&error));
        assert!(chain.contains("agent.tar"), "{chain}");
    }
}
