//! What is in a tree: the packages' files, and what `apk` in the guest goes by.

use test_support::apk::{Package, checksum};
use test_support::capability;

use super::made::{Target, key, mirror, stub};

/// The lines of `tar --verbose`, by a reader that we did not write.
fn listing(target: &Target) -> String {
    let mut command = std::process::Command::new("tar");
    let xattrs = ["--xattrs", "--xattrs-include=*", "--numeric-owner", "--full-time"];
    let output = command.args(xattrs).args(["-vvtf", &target.path("out.tar")]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let squeeze = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    text.lines().map(squeeze).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_base_tree_has_its_packages_and_the_state_of_apk() {
    let target = Target::new(mirror(&[]));
    target.build(&[]).succeeds();
    for name in ["busybox", "libc-utils", "apk-tools"] {
        assert_eq!(target.text(&format!("usr/share/{name}/file")), name);
        assert!(target.installed().contains(&name.to_owned()));
    }
    let world = target.text("etc/apk/world");
    assert!(world.lines().is_sorted() && world.lines().any(|line| line == "apk-tools"), "{world}");
    assert_eq!(target.text("etc/apk/arch"), "x86_64\n");
    let place = target.mirror();
    let lines = format!("{place}/v3.22/main\n{place}/v3.22/community\n");
    assert_eq!(target.text("etc/apk/repositories"), lines);
    assert_eq!(target.text(&format!("etc/apk/keys/{}", key().file_name())), key().public_pem());
    assert!(target.has("lib/apk/db/triggers"));
}

#[test]
fn requested_packages_are_the_world_and_others_are_not() {
    let needy = stub("needy").depends("helper>=1.0 !never").provides("cmd:needy=1.0-r0");
    let target = Target::new(mirror(&[needy, stub("helper"), stub("never")]));
    target.build(&["cmd:needy"]).succeeds();
    assert!(target.has("usr/share/helper/file") && !target.has("usr/share/never/file"));
    let world = target.text("etc/apk/world");
    assert!(world.contains("cmd:needy") && !world.contains("helper"), "{world}");
}

#[test]
fn what_is_installed_if_others_are_comes_along() {
    let addition = stub("addition").install_if("one=1.0-r0 two");
    let archive = mirror(&[stub("one"), stub("two"), addition]);
    let target = Target::new(archive);
    target.build(&["one"]).succeeds();
    assert!(!target.has("usr/share/addition/file"));
    target.build(&["one", "two"]).succeeds();
    assert!(target.has("usr/share/addition/file"));
}

#[test]
fn the_provider_with_the_highest_priority_is_taken() {
    let provider =
        |name: &str, priority| stub(name).provides("virtual").provider_priority(priority);
    let silent = stub("silent").provides("virtual");
    let target = Target::new(mirror(&[provider("low", 10), silent, provider("high", 20)]));
    target.build(&["virtual"]).succeeds();
    assert!(target.has("usr/share/high/file"));
    assert!(!target.has("usr/share/low/file") && !target.has("usr/share/silent/file"));
}

#[test]
fn links_devices_owners_and_capabilities_are_as_packed() {
    let odd = Package::new("odd", "1.0-r0")
        .file("usr/bin/tool", "tool", 0o4755)
        .hard_link("usr/bin/alias", "usr/bin/tool")
        .symlink("usr/bin/link", "tool")
        .file("usr/bin/ping", "ping", 0o755)
        .xattr("security.capability", &capability())
        .device("dev/console", 5, 1)
        .directory("var/shared", 0o2775)
        .owner(0, 50)
        .directory("tmp", 0o1777);
    let target = Target::new(mirror(&[odd]));
    target.build(&["odd"]).succeeds();
    let lines = listing(&target);
    let line = |path: &str| lines.lines().find(|line| line.contains(path)).unwrap_or_default();
    assert!(line("usr/bin/link").contains("-> tool"), "{lines}");
    assert!(lines.contains("link to ") && lines.contains("-rwsr-xr-x 0/0"), "{lines}");
    assert!(
        line("dev/console").starts_with("crw-rw-rw- 0/0") && lines.contains(" 5,1 "),
        "{lines}"
    );
    assert!(line("var/shared").starts_with("drwxrwsr-x 0/50"), "{lines}");
    assert!(line("/tmp/").starts_with("drwxrwxrwt"), "{lines}");
    let ping = lines.split("usr/bin/ping\n").nth(1).unwrap_or_default();
    assert!(ping.starts_with("x: 20 security.capability"), "{lines}");
}

#[test]
fn the_database_has_every_file_with_its_digest() {
    let target = Target::new(mirror(&[stub("one").symlink("usr/share/one/link", "file")]));
    target.build(&["one"]).succeeds();
    let installed = target.text("lib/apk/db/installed");
    let one = installed.split("\n\n").find(|text| text.contains("P:one\n")).unwrap();
    assert!(one.contains("V:1.0-r0\n") && one.contains("F:usr/share/one\n"), "{one}");
    for (name, content) in [("file", "one"), ("link", "file")] {
        let digest = format!("Z:{}", checksum(content.as_bytes()));
        let after = one.split(&format!("R:{name}\n")).nth(1).unwrap_or_default();
        assert!(after.lines().take(2).any(|line| line == digest), "{one}");
    }
}
