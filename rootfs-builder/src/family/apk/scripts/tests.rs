//! Scripts that are executed natively, and those that must really run.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use test_support::apk::Package;

use super::*;
use crate::family::apk::install::install;
use crate::family::apk::testing::{has, node, open, text};

const TIME: Timestamp = Timestamp { seconds: 1_700_000_000, nanoseconds: 0 };

/// A guest with busybox and its links for the few commands that scripts use.
fn guest() -> Tree {
    let mut busybox = Package::new("busybox", "1")
        .file("bin/busybox", "program", 0o755)
        .symlink("bin/sh", "/bin/busybox")
        .file("etc/busybox-paths.d/busybox", "bin/cat\nbin/sh\nusr/bin/env\nsbin/init\n", 0o644)
        .file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n", 0o644)
        .file("etc/group", "root:x:0:root\nshadow:x:42:\nusers:x:100:games\n", 0o644)
        .file("etc/shadow", "root:*::0:::::\n", 0o640)
        .directory("usr/bin", 0o755);
    for name in ["addgroup", "adduser", "chown", "ln", "mkdir"] {
        busybox = busybox.symlink(&format!("bin/{name}"), "busybox");
    }
    let opened = open(&[busybox]);
    let mut tree = install(&opened.plan, &opened.packages, None).unwrap();
    // The archives go with the test's packages.
    tree.load_small(std::path::Path::new("/"), 1 << 20).unwrap();
    tree
}

fn run(script: &str, arguments: &[&str]) -> Option<Tree> {
    let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
    run_natively(&guest(), script.as_bytes(), &arguments, TIME).map(|(tree, _)| tree)
}

fn must_run(lines: &str) {
    let script = format!("#!/bin/sh\n{lines}\n");
    assert!(run(&script, &["1"]).is_none(), "{script}");
}

fn is_native(lines: &str) -> Tree {
    let script = format!("#!/bin/sh\n{lines}\n");
    run(&script, &["1"]).unwrap_or_else(|| panic!("{script}"))
}

#[test]
fn applet_links_are_made_where_nothing_stands_and_a_directory_is() {
    let script =
        "#!/bin/busybox sh\n\n# The links.\n/bin/busybox --install -s || exit 1\n\nexit 0\n";
    let tree = run(script, &["1"]).unwrap();
    assert_eq!(text(&tree, "bin/cat"), "/bin/busybox");
    assert_eq!(text(&tree, "usr/bin/env"), "/bin/busybox");
    assert_eq!(node(&tree, "bin/cat").meta.mtime, TIME);
    assert!(!has(&tree, "sbin/init"), "a program does not make directories");
    let tree = is_native("/bin/busybox mkdir -p \"/bin\" \"/sbin\"\n/bin/busybox --install -s");
    assert_eq!(text(&tree, "sbin/init"), "/bin/busybox");
}

#[test]
fn only_the_branches_that_are_taken_must_be_known() {
    let script = "#!/bin/sh
wanted=
for each in \"$@\"; do
	case \"$each\" in
		/lib/modules/* | /usr/lib/modules/*)
			# What is not known:
			found=$(uname -r)
			if [ -d \"$each\" ] && [ \"$found\" = \"x\" ]; then
				/bin/busybox depmod ${each#*/modules/}
			fi
			;;
		*) wanted=yes;;
	esac
done
if [ -n \"$wanted\" ]; then
	[ -e /bin/other ] && /bin/other --install
	/bin/busybox --install -s
fi
";
    assert!(has(&run(script, &["/bin", "/usr/bin"]).unwrap(), "bin/cat"));
    assert!(!has(&run(script, &[]).unwrap(), "bin/cat"));
    assert!(run(script, &["/bin", "/lib/modules/6.1"]).is_none());
}

#[test]
fn accounts_are_made_as_the_guests_tools_make_them() {
    let tree = is_native(
        "user=web\naddgroup -S $user 2>/dev/null\n\
         adduser -S -D -H -h /var/lib/$user -s /sbin/nologin -G $user -g \"$user srv\" $user 2>/dev/null\nexit 0",
    );
    assert_eq!(
        text(&tree, "etc/passwd"),
        "root:x:0:0:root:/root:/bin/sh\nweb:x:100:101:web srv:/var/lib/web:/sbin/nologin\n"
    );
    assert!(text(&tree, "etc/group").ends_with("users:x:100:games\nweb:x:101:web\n"));
    assert_eq!(text(&tree, "etc/shadow"), "root:*::0:::::\nweb:!:19675:0:99999:7:::\n");
    assert_eq!(node(&tree, "etc/shadow").meta.mode, 0o640);
    // A group that is there is no harm to a script that goes on.
    is_native("addgroup -S -g 42 shadow 2>/dev/null\nexit 0");
    must_run("addgroup -S -g 42 shadow 2>/dev/null");
    must_run("addgroup -S 'bad name'; exit 0");
    must_run("adduser -S -D web\nexit 0");
}

#[test]
fn owners_links_and_directories_are_changed() {
    let tree = is_native(
        "chown root:shadow etc/shadow\n[ -e etc/shadow- ] && chown root:shadow etc/shadow-\nexit 0",
    );
    assert_eq!(node(&tree, "etc/shadow").meta.gid, 42);
    let tree = is_native("mkdir -p /var/lib/x/y etc/z\nln -sf ../x /var/lib/x/y/link");
    assert_eq!(text(&tree, "var/lib/x/y/link"), "../x");
    let case =
        "case \"$(readlink etc/old 2>/dev/null || true)\" in\n\tfound) ln -sf new etc/old;;\nesac";
    assert!(!has(&is_native(case), "etc/old"));
    assert_eq!(text(&is_native(&format!("ln -s found etc/old\n{case}")), "etc/old"), "new");
}

#[test]
fn what_follows_an_exit_that_is_reached_is_never_read() {
    let guard = "update() {\n\tlocal name=\"$1\"\n\tmkdir -p $name\n}\n\
                 if [ ! -d etc/rcS.d ] && [ ! -d etc/rcL.d ]; then\n\texit 0\nfi\n\
                 for i in etc/rc[SL].d/*; do\n\t[ -L \"$i\" ] || continue\n\trm $i\ndone";
    is_native(guard);
    must_run(&format!("mkdir -p etc/rcL.d\n{guard}"));
}

#[test]
fn lines_that_are_not_known_must_run() {
    for line in [
        "rm -rf /etc",
        "echo x > /etc/x",
        "mkdir -p /x; rm /y",
        "mkdir -p $(cat x)",
        "mkdir -p `cat x`",
        "mkdir -p /x*",
        "mkdir -p ~/x",
        "mkdir -p {a,b}",
        "mkdir -p $HOME",
        "mkdir -p $1",
        "mkdir -p ../x",
        "mkdir -p /x &",
        "mkdir -p /x | cat",
        "mkdir -p a\\ b",
        "mkdir /x",
        "mkdir -p /etc/passwd",
        "PATH=/x mkdir -p /y",
        "set -e\nmkdir -p /x",
        ". /etc/profile",
        "eval mkdir -p /x",
        "cat <<E\nmkdir -p /x\nE",
        "mkdir -p \"/x\nexit 0\n\"",
        "mkdir -p /x \\\n  /y",
        "while true; do\nexit 0\ndone",
        "mkdir() {\nexit 0\n}\nmkdir -p /x",
        "if grep -q x /etc/x; then\nexit 0\nfi",
        "if true\nthen\nexit 0\nfi",
        "case \"$x\" in\n[a-z]) exit 0;;\nesac",
        "{\nmkdir -p /x\n}",
        "(mkdir -p /x)",
        "ln -s target /usr/bin",
        "chown nobody:nobody etc/shadow",
        "bin/cat",
        "unknown",
        "exit 1",
        "false",
        "[ -e /none ]",
        "[ -e /none ] && exit 0 || exit 1",
    ] {
        must_run(line);
    }
    for script in
        ["", "mkdir -p /x\n", "#!/bin/bash\n", "#!/bin/none\n", "#!/bin/sh -e\n", "\x7fELF"]
    {
        assert!(run(script, &[]).is_none(), "{script:?}");
    }
}

#[test]
fn another_program_behind_a_name_must_run() {
    let mut tree = guest();
    let node = Node {
        meta: Meta { mode: 0o755, ..Meta::default() },
        kind: Kind::File(Content::from(b"another".to_vec())),
    };
    tree.insert(GuestPath::new("usr/bin/addgroup").unwrap(), node).unwrap();
    let script = b"#!/bin/sh\naddgroup -S -g 42 shadow\nexit 0\n";
    assert!(run_natively(&tree, script, &[], TIME).is_none());
}

#[test]
fn deep_and_endless_scripts_must_run() {
    let nested =
        |depth| format!("{}exit 0\n{}", "if [ -d / ]; then\n".repeat(depth), "fi\n".repeat(depth));
    is_native(&nested(8));
    must_run(&nested(500));
    let words = "x ".repeat(100);
    let loops = format!(
        "for a in {words}; do\nfor b in {words}; do\nfor c in {words}; do\ntrue\ndone\ndone\ndone"
    );
    must_run(&loops);
}

proptest! {
    #[test]
    fn no_script_makes_the_reader_panic(pieces in proptest::collection::vec(
        prop_oneof![
            "[ -~\\n\u{e9}]{0,8}",
            proptest::sample::select(vec![
                "if [ -e /x ]; then\n", "else\n", "fi\n", "for i in \"$@\"; do\n", "done\n",
                "case \"$i\" in\n", "*) ", ";;\n", "esac\n", "mkdir -p ", "$i", "${i}", "\"", "'",
                " 2>/dev/null\n", " && ", " || ", "exit 0\n", "x=", "f() {\n", "}\n",
                "/bin/busybox --install -s\n", "addgroup -S ", "chown root:root ", "\u{e9}",
            ]).prop_map(str::to_owned),
        ], 0..24)) {
        let script = format!("#!/bin/sh\n{}", pieces.concat());
        if let Some(program) = shell::parse(script.as_bytes()) {
            let _ = evaluate::evaluate(&program, &SMALL.with(Tree::clone), &["/x".to_owned()], TIME);
        }
    }
}

thread_local! {
    static SMALL: Tree = guest();
}
