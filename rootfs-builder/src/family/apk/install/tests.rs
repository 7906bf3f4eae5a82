//! What packages become in a guest.
#![allow(clippy::unwrap_used)]

mod hostile;
mod ownership;
mod real;
mod really;

use std::collections::BTreeMap;

use test_support::apk::Package;
use tree::Kind;

use super::*;
use crate::family::apk::package::PackageInfo;
use crate::family::apk::testing::{Opened, TIME, has, node, open, text};
use crate::plan::PlannedKey;

fn installed(packages: &[Package]) -> Result<Tree, InstallError> {
    let Opened { packages, plan, .. } = &open(packages);
    let mut tree = install(plan, packages, None)?;
    // The archives go with the packages.
    tree.load_small(Path::new("/"), 1 << 20).unwrap();
    Ok(tree)
}

/// A package that is installed even if nothing in it has a byte.
fn made(name: &str, version: &str) -> Package {
    Package::new(name, version).field("size", "4096")
}

/// The database without checksums; a line that ends with a dot begins so.
const DATABASE: [&str; 46] = [
    "P:meta",
    "V:2",
    "A:x86_64",
    "S:.",
    "I:0",
    "T:meta made by a test",
    "U:https://example.org/",
    "L:MIT",
    "o:meta",
    "m:Nobody <nobody@example.org>",
    "t:.",
    "c:0123456789abcdef0123456789abcdef01234567",
    "",
    "P:tool",
    "V:1.0-r0",
    "A:x86_64",
    "S:.",
    "I:4096",
    "T:tool made by a test",
    "U:https://example.org/",
    "L:MIT",
    "o:tool",
    "m:Nobody <nobody@example.org>",
    "t:.",
    "c:0123456789abcdef0123456789abcdef01234567",
    "D:so:libc.so",
    "p:cmd:tool=1.0-r0",
    "F:usr",
    "F:usr/bin",
    "R:tool",
    "a:0:0:4755:.",
    "Z:.",
    "R:other",
    "a:0:0:4755",
    "Z:.",
    "R:link",
    "a:0:0:777",
    "Z:.",
    "F:var",
    "F:var/spool",
    "F:var/spool/tool",
    "M:7:8:1770",
    "F:dev",
    "R:one",
    "a:0:0:666",
    "",
];

#[test]
fn a_package_comes_with_its_files_and_what_the_database_says_of_it() {
    let tree = installed(&[
        made("tool", "1.0-r0")
            .arch("x86_64")
            .depends("so:libc.so")
            .provides("cmd:tool=1.0-r0")
            .triggers("/etc/none", "#!/bin/sh\nexit 1\n")
            .file("usr/bin/tool", "program", 0o4755)
            .xattr("security.capability", b"\x01\x00")
            .hard_link("usr/bin/other", "usr/bin/tool")
            .symlink("usr/bin/link", "tool")
            .directory("var/spool/tool", 0o1770)
            .owner(7, 8)
            .device("dev/one", 1, 3),
        Package::new("meta", "2").field("size", "0").script("post-install", "#!/bin/none\n"),
    ])
    .unwrap();
    assert_eq!(node(&tree, "usr/bin/tool").meta.mode, 0o4755);
    assert_eq!(node(&tree, "usr/bin/other"), node(&tree, "usr/bin/tool"));
    assert!(!node(&tree, "usr/bin/tool").meta.xattrs.is_empty());
    assert_eq!(node(&tree, "dev/one").kind, Kind::CharDevice { major: 1, minor: 3 });
    let installed = text(&tree, "lib/apk/db/installed");
    let lines: Vec<&str> = installed.lines().filter(|line| !line.starts_with("C:")).collect();
    assert_eq!(lines.len(), DATABASE.len());
    for (line, expected) in lines.iter().zip(DATABASE) {
        let fits =
            expected.strip_suffix('.').map_or(*line == expected, |begin| line.starts_with(begin));
        assert!(fits, "{line} is not {expected} in\n{installed}");
    }
    let triggers = text(&tree, "lib/apk/db/triggers");
    assert!(triggers.starts_with("Q1") && triggers.ends_with("= /etc/none\n"), "{triggers}");
    assert_eq!(text(&tree, "etc/apk/world"), "meta\ntool\n");
    assert_eq!(text(&tree, "etc/apk/arch"), "x86_64\n");
    assert_eq!(text(&tree, "etc/apk/repositories"), "http://localhost/guest/v1/main\n");
    assert_eq!(node(&tree, "lib/apk/db/lock").meta.mode, 0o600);
    assert!(has(&tree, "var/cache/apk"));
}

#[test]
fn a_script_that_must_really_run_is_named_before_anything_is_written() {
    let script = "#!/bin/sh\nld-configure --all\n";
    let error = installed(&[
        made("base", "1").file("bin/sh", "", 0o755),
        made("tool", "1")
            .depends("base")
            .file("usr/tool", "x", 0o644)
            .script("post-install", script),
    ])
    .unwrap_err();
    assert_eq!(error.to_string(), "tool-1: post-install must run in the guest");
}

#[test]
fn packages_come_after_what_they_need_and_those_that_follow_others_at_once() {
    let order_of = |packages: &[Package], asked_for: &[&str]| -> Vec<String> {
        let Opened { packages, .. } = &open(packages);
        let order = order(asked_for, packages);
        order.into_iter().map(|at| packages[at].info.name.clone()).collect()
    };
    let package = |name: &str, depends: &str| made(name, "1").depends(depends);
    let packages = [
        package("app", "so:lib !old"),
        package("lib", "data").provides("so:lib"),
        package("data", ""),
        package("app-doc", "").install_if("app doc"),
        package("doc", ""),
        package("zebra", ""),
    ];
    assert_eq!(
        order_of(&packages, &["zebra", "app", "doc"]),
        ["data", "lib", "app", "doc", "app-doc", "zebra"]
    );
    let circle = [package("b", "c"), package("a", "b"), package("c", "a")];
    assert_eq!(order_of(&circle, &["b"]), ["a", "c", "b"]);
    let link = |number: usize| ApkPackage {
        info: PackageInfo {
            name: format!("p{number}"),
            depends: vec![format!("p{}", number + 1)],
            ..PackageInfo::default()
        },
        checksum: String::new(),
        scripts: BTreeMap::new(),
        entries: Vec::new(),
    };
    let chain: Vec<ApkPackage> = (0..100_000).map(link).collect();
    assert_eq!(order(&["p0"], &chain)[0], 99_999);
}

#[test]
fn keys_are_put_where_no_package_has_brought_them() {
    let key = |name: &str| PlannedKey { name: name.to_owned(), text: "ours".to_owned() };
    let mut opened = open(&[made("keys", "1").file("etc/apk/keys/a.rsa.pub", "theirs", 0o644)]);
    opened.plan.keys = vec![key("a.rsa.pub"), key("b.rsa.pub")];
    let tree = install(&opened.plan, &opened.packages, None).unwrap();
    assert_eq!(text(&tree, "etc/apk/keys/a.rsa.pub"), "theirs");
    assert_eq!(text(&tree, "etc/apk/keys/b.rsa.pub"), "ours");
    assert!(!has(&tree, "etc/apk/keys/a.rsa.pub.apk-new"));
}

#[test]
fn a_guest_with_merged_directories_has_its_database_below_usr() {
    let tree = installed(&[
        made("base", "1").symlink("lib", "usr/lib").directory("usr/lib", 0o755),
        made("tool", "1").depends("base").file("lib/tool.so", "x", 0o755),
    ])
    .unwrap();
    assert!(has(&tree, "usr/lib/apk/db/installed") && has(&tree, "usr/lib/tool.so"));
    assert!(text(&tree, "usr/lib/apk/db/installed").contains("F:lib\nR:tool.so\n"));
}

#[test]
fn owners_are_found_by_their_names_in_the_guest() {
    let tree = installed(&[
        made("accounts", "1").file("etc/passwd", "web:x:33:34::/:/bin/false\n", 0o644).file(
            "etc/group",
            "www:x:82:\n",
            0o644,
        ),
        made("tool", "1")
            .depends("accounts")
            .file("srv/index", "x", 0o640)
            .owner(1000, 1001)
            .owner_named("web", "www")
            .file("srv/other", "x", 0o640)
            .owner(1000, 1001)
            .owner_named("nobody-here", "www"),
    ])
    .unwrap();
    let owner = |path: &str| (node(&tree, path).meta.uid, node(&tree, path).meta.gid);
    assert_eq!(owner("srv/index"), (33, 82));
    assert_eq!(owner("srv/other"), (1000, 82));
    assert!(text(&tree, "lib/apk/db/installed").contains("R:index\na:33:82:640\n"));
}

#[test]
fn everything_made_carries_the_time_of_the_plan() {
    let tree = installed(&[made("tool", "1").file("tool", "x", 0o644)]).unwrap();
    for path in ["", "etc/apk/world", "lib/apk/db/installed", "lib/apk/exec", "var/cache"] {
        assert_eq!(node(&tree, path).meta.mtime.seconds, TIME, "{path}");
    }
}
