//! Scripts and triggers, run by a real shell: this machine's busybox.

use std::fs;

use test_support::apk::{Package, Repository};
use test_support::{Archive, Fault, needs};

use super::made::{COMMUNITY, MAIN, Target, key, stub};

/// A script that leaves what must not differ: names, owners, modes, and a file that only scripts make.
pub const TOUCHY: &str = "#!/bin/sh\nset -e\nmkdir -p /var/made\ndate >/tmp/when 2>/dev/null || true\n\
                          rm -f /tmp/when\necho made >/var/made/file\nchmod 640 /var/made/file\n\
                          chown 0:42 /var/made/file\nln -s file /var/made/link\n";

/// This machine's static busybox.
pub fn busybox() -> Vec<u8> {
    let places = ["/usr/bin/busybox", "/bin/busybox"];
    places.iter().find_map(|place| fs::read(place).ok()).unwrap()
}

/// A busybox that makes its own links, as the real package does.
pub fn shell() -> Package {
    let install = "#!/bin/busybox sh\n/bin/busybox mkdir -p /bin /sbin /usr/bin /usr/sbin\n\
                   /bin/busybox --install -s\n";
    Package::new("busybox", "1.35.0-r0")
        .arch("x86_64")
        .provides("/bin/sh cmd:busybox=1.35.0-r0")
        .directory("sbin", 0o755)
        .directory("usr/bin", 0o755)
        .directory("usr/sbin", 0o755)
        .directory("tmp", 0o1777)
        .directory("var", 0o755)
        .directory("proc", 0o555)
        .directory("dev", 0o755)
        .file("bin/busybox", busybox(), 0o755)
        .symlink("bin/sh", "busybox")
        .script("post-install", install)
        .triggers("/bin /usr/bin /sbin /usr/sbin", "#!/bin/busybox sh\n/bin/busybox --install -s\n")
}

/// The made distribution with a shell in it.
pub fn mirror(packages: &[Package]) -> Archive {
    let names = ["alpine-baselayout", "alpine-keys", "alpine-release", "apk-tools", "libc-utils"];
    let stubs: Vec<_> = names.iter().map(|name| stub(name)).collect();
    let main = Repository::new(MAIN, &key()).packages(&stubs).package(&shell()).packages(packages);
    Archive::of([main.publish(), Repository::new(COMMUNITY, &key()).publish()])
}

#[test]
fn a_script_runs_in_the_guest_with_the_version_as_its_argument() {
    if !needs(&[("busybox", "busybox-static")]) {
        return;
    }
    let body =
        "#!/bin/sh\npwd >/var/said\necho \"$0 $@\" >>/var/said\n[ -e /usr/share/one/file ]\n";
    let one = stub("one").depends("busybox").script("post-install", body);
    let target = Target::new(mirror(&[one]));
    target.build(&["one"]).succeeds();
    let said = target.text("var/said");
    assert!(said.starts_with("/\n") && said.trim_end().ends_with(" 1.0-r0"), "{said}");
    assert!(target.has("lib/apk/db/scripts.tar") || target.has("lib/apk/db/scripts.tar.gz"));
}

#[test]
fn a_trigger_runs_once_with_the_directories_that_changed() {
    if !needs(&[("busybox", "busybox-static")]) {
        return;
    }
    let watcher = stub("watcher").depends("busybox").triggers(
        "/usr/share/watched/* /usr/lib/never",
        "#!/bin/sh\necho \"$@\" >>/var/triggered\n",
    );
    let changer = |name: &str| {
        Package::new(name, "1.0-r0").file(&format!("usr/share/watched/{name}/file"), "x", 0o644)
    };
    let target = Target::new(mirror(&[watcher, changer("a"), changer("b")]));
    target.build(&["watcher", "a", "b"]).succeeds();
    let said = target.text("var/triggered");
    let mut words: Vec<_> = said.split_whitespace().collect();
    words.sort_unstable();
    assert_eq!(words, ["/usr/share/watched/a", "/usr/share/watched/b"]);
    assert_eq!(said.lines().count(), 1);
    assert!(target.text("lib/apk/db/triggers").contains(" /usr/share/watched/* /usr/lib/never\n"));
}

#[test]
fn links_of_busybox_are_there() {
    if !needs(&[("busybox", "busybox-static")]) {
        return;
    }
    let target = Target::new(mirror(&[]));
    target.build(&[]).succeeds();
    let mut tar = std::process::Command::new("tar");
    let output = tar.args(["-tvf", &target.path("out.tar")]).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let of = |name: &str| lines.lines().find(|line| line.contains(&format!("{name} -> ")));
    for name in ["bin/ls", "usr/bin/find", "sbin/init"] {
        assert!(of(name).is_some_and(|line| line.contains("busybox")), "{name}: {lines}");
    }
}

#[test]
fn a_failing_script_is_named_and_leaves_no_artifact() {
    if !needs(&[("busybox", "busybox-static")]) {
        return;
    }
    let bad = stub("bad").depends("busybox").script("pre-install", "#!/bin/sh\necho why\nexit 9\n");
    let target = Target::new(mirror(&[bad]));
    let outcome = target.build(&["bad"]).fails_with(4, "bad");
    assert!(outcome.stderr.contains("why"), "{outcome}");
    assert!(!target.osb.directory().join("out.tar").exists());
}

#[test]
fn a_script_reaches_no_network_and_no_file_of_the_host() {
    if !needs(&[("busybox", "busybox-static")]) {
        return;
    }
    let target = Target::new(mirror(&[]));
    let (url, home) = (target.server.url(), target.osb.directory().display().to_string());
    let body = format!(
        "#!/bin/sh\nwget -q -T 2 -O /var/stolen {url}/secret && exit 1\n\
         [ -e '{home}' ] && exit 1\necho x >'{home}/escaped' 2>/dev/null && exit 1\nexit 0\n"
    );
    let nosy = stub("nosy").depends("busybox").script("post-install", &body);
    let mut archive = mirror(&[nosy]);
    archive.put("secret", "secret");
    target.server.replace(archive);
    target.server.fault("nothing", Fault::Stall);
    target.build(&["nosy"]).succeeds();
    assert_eq!(target.server.count("secret"), 0);
    assert!(!target.osb.directory().join("escaped").exists());
}
