#![allow(clippy::unwrap_used)]

use tree::{Content, GuestPath, Kind, Meta, Node, Timestamp, Tree};

use super::{Manager, enable};
use crate::error::Error;
use crate::guest;

const SYSTEMD: (&str, &str) = ("usr/lib/systemd/systemd", "program");
const MERGED: (&str, &str) = ("lib", "-> usr/lib");
const SERVICE: &str = "/usr/lib/systemd/system/osb-agent.service";

fn path(text: &str) -> GuestPath {
    GuestPath::new(text).unwrap()
}

/// A tree of programs, links and texts.
fn tree_of(nodes: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::new();
    for (at, what) in nodes {
        let (mode, kind) = match what.strip_prefix("-> ") {
            Some(target) => (0o777, Kind::Symlink(target.as_bytes().into())),
            None => (0o755, Kind::File(Content::from(what.as_bytes().to_vec()))),
        };
        let node = Node { meta: Meta { mode, ..Meta::default() }, kind };
        tree.insert_resolved(&path(at), node).unwrap();
    }
    tree
}

fn enabled(nodes: &[(&str, &str)], name: &str) -> Result<(Tree, Manager), Error> {
    let mut tree = tree_of(nodes);
    let program = path(&format!("usr/bin/{name}"));
    let manager = enable(&mut tree, name, &program, Timestamp::from_seconds(7))?;
    Ok((tree, manager))
}

fn text(tree: &Tree, at: &str) -> String {
    String::from_utf8(guest::text(tree, at).unwrap().unwrap()).unwrap()
}

fn target(tree: &Tree, at: &str) -> String {
    match &tree.get(&path(at)).unwrap().kind {
        Kind::Symlink(target) => String::from_utf8(target.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn our_agent_comes_early_and_stays() {
    let (tree, manager) = enabled(&[MERGED, SYSTEMD], "osb-agent").unwrap();
    assert_eq!(manager, Manager::Systemd);
    let unit = text(&tree, SERVICE);
    assert!(unit.contains("ExecStart=/usr/bin/osb-agent\n"), "{unit}");
    let wanted = "etc/systemd/system/sysinit.target.wants/osb-agent.service";
    assert_eq!(target(&tree, wanted), SERVICE);
    let meta = &tree.get(&path(SERVICE)).unwrap().meta;
    assert_eq!((meta.mode, meta.uid, meta.mtime.seconds), (0o644, 0, 7));
}

#[test]
fn a_bare_kata_agent_gets_the_units_that_it_needs() {
    let socket = ("usr/lib/systemd/system/dbus.socket", "[Socket]");
    let (tree, _) = enabled(&[SYSTEMD, socket], "kata-agent").unwrap();
    let folder = "usr/lib/systemd/system";
    let service = text(&tree, &format!("{folder}/kata-agent.service"));
    for line in [
        "Wants=kata-containers.target",
        "StandardOutput=tty",
        "Type=simple",
        "ExecStart=/usr/bin/kata-agent",
        "LimitNOFILE=1073741824",
        "ExecStop=/bin/sync ; /usr/bin/systemctl --force poweroff",
        "FailureAction=poweroff",
        "OOMScoreAdjust=-997",
    ] {
        assert!(service.lines().any(|other| other == line), "{line} is not in {service}");
    }
    let target_unit = text(&tree, &format!("{folder}/kata-containers.target"));
    assert!(target_unit.contains("Requires=kata-agent.service"), "{target_unit}");
    assert!(guest::has(&tree, format!("{folder}/tmp.mount")));
    let wants = "etc/systemd/system/basic.target.wants/kata-containers.target";
    assert_eq!(target(&tree, wants), "/usr/lib/systemd/system/kata-containers.target");
    let wants = "etc/systemd/system/kata-containers.target.wants/dbus.socket";
    assert_eq!(target(&tree, wants), "/usr/lib/systemd/system/dbus.socket");
}

#[test]
fn units_that_are_there_stay() {
    let own = "[Service]\nExecStart=-/opt/own --here\n";
    for at in ["etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"] {
        let service = format!("{at}/kata-agent.service");
        let nodes = [SYSTEMD, (&service, own), ("opt/own", "program")];
        let (tree, _) = enabled(&nodes, "kata-agent").unwrap();
        assert_eq!(text(&tree, &service), own);
        let units = tree.iter().filter(|(path, _)| path.name() == b"kata-agent.service");
        assert_eq!(units.count(), 1);
    }
    let wanted = ("usr/lib/systemd/system/own.service", "[Install]\nWantedBy=basic.target\n");
    let (tree, _) = enabled(&[SYSTEMD, wanted], "own").unwrap();
    let link = "etc/systemd/system/basic.target.wants/own.service";
    assert_eq!(target(&tree, link), "/usr/lib/systemd/system/own.service");
}

#[test]
fn a_masked_unit_is_no_way_to_start_an_agent() {
    for mask in ["-> /dev/null", ""] {
        let unit = ("etc/systemd/system/osb-agent.service", mask);
        let error = enabled(&[SYSTEMD, unit], "osb-agent").unwrap_err();
        assert!(matches!(error, Error::Masked { .. }), "{error}");
    }
}

#[test]
fn a_unit_that_starts_what_is_not_there_is_refused() {
    let unit = ("usr/lib/systemd/system/own.service", "[Service]\nExecStart=+/opt/own\n");
    let error = enabled(&[SYSTEMD, unit], "own").unwrap_err();
    let said = "/usr/lib/systemd/system/own.service starts /opt/own, which is not in the guest";
    assert_eq!(error.to_string(), said);
}

#[test]
fn openrc_runs_a_script_at_boot() {
    let openrc = ("sbin/openrc-run", "program");
    let (tree, manager) = enabled(&[openrc], "osb-agent").unwrap();
    assert_eq!(manager, Manager::OpenRc);
    assert!(text(&tree, "etc/init.d/osb-agent").contains("pidfile"));
    assert_eq!(tree.get(&path("etc/init.d/osb-agent")).unwrap().meta.mode, 0o755);
    assert_eq!(target(&tree, "etc/runlevels/boot/osb-agent"), "/etc/init.d/osb-agent");
    let supervisor = ("sbin/supervise-daemon", "program");
    let (tree, _) = enabled(&[openrc, supervisor], "osb-agent").unwrap();
    let script = text(&tree, "etc/init.d/osb-agent");
    assert!(script.contains("supervisor=\"supervise-daemon\""), "{script}");
    assert!(!script.contains("pidfile"), "{script}");
    let own = [openrc, ("etc/init.d/own", "#!"), ("etc/runlevels/default/own", "-> /x")];
    let (tree, _) = enabled(&own, "own").unwrap();
    assert_eq!(text(&tree, "etc/init.d/own"), "#!");
    assert!(!guest::has(&tree, "etc/runlevels/boot/own"));
}

#[test]
fn openrc_runs_a_script_in_a_runlevel_that_init_goes_through() {
    let check = |table: &str, runlevel: &str| {
        let nodes = [("sbin/openrc-run", "program"), ("etc/inittab", table)];
        let (tree, _) = enabled(&nodes, "osb-agent").unwrap();
        assert!(guest::has(&tree, format!("etc/runlevels/{runlevel}/osb-agent")), "{table}");
    };
    check("::sysinit:/sbin/openrc sysinit\n::sysinit:/sbin/openrc boot\n", "boot");
    check("si::sysinit:/etc/init.d/rcS\nl2:2:wait:/etc/init.d/rc 2\n", "default");
}

#[test]
fn the_manager_is_the_one_that_the_guest_boots_with() {
    let openrc = ("sbin/openrc-run", "program");
    let cases: [(&[(&str, &str)], Manager); 3] = [
        (&[SYSTEMD, openrc, ("sbin/init", "-> /usr/lib/systemd/systemd")], Manager::Systemd),
        (&[SYSTEMD, openrc, ("sbin/init", "busybox")], Manager::OpenRc),
        (&[SYSTEMD, openrc], Manager::Systemd),
    ];
    for (nodes, expected) in cases {
        assert_eq!(enabled(nodes, "osb-agent").unwrap().1, expected);
    }
    // No table, or an init that reads another kind of table.
    let table = ("etc/inittab", "::sysinit:/etc/init.d/rcS\n");
    assert!(enabled(&[("sbin/init", "sysvinit"), table], "osb-agent").is_err());
    let error = enabled(&[("sbin/init", "busybox")], "osb-agent").unwrap_err();
    assert!(error.to_string().ends_with("make the agent its init with --agent-init"), "{error}");
}

#[test]
fn an_init_of_busybox_starts_the_agent_again_and_again() {
    let busybox = [("bin/busybox", "program"), ("sbin/init", "-> /bin/busybox")];
    let check = |table: &str, expected: &str| {
        let nodes = [busybox[0], busybox[1], ("etc/inittab", table)];
        let (tree, manager) = enabled(&nodes, "osb-agent").unwrap();
        assert_eq!(manager, Manager::Inittab);
        assert_eq!(text(&tree, "etc/inittab"), expected);
    };
    let line = "::respawn:/usr/bin/osb-agent\n";
    check("", line);
    check("::sysinit:/bin/true", &format!("::sysinit:/bin/true\n{line}"));
    check(&format!("#{line}"), &format!("#{line}{line}"));
    check("::once:/usr/bin/osb-agent --quiet\n", "::once:/usr/bin/osb-agent --quiet\n");
    let openrc = [busybox[0], busybox[1], ("etc/inittab", ""), ("sbin/openrc-run", "program")];
    assert_eq!(enabled(&openrc, "osb-agent").unwrap().1, Manager::OpenRc);
}
