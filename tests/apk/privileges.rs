//! A tree without scripts needs nothing of the machine.

use std::fs;

use test_support::apk::Repository;
use test_support::{User, needs};

use super::made::{COMMUNITY, MAIN, Target, key, mirror, stub};

/// Calls that need or give privileges.
const CALLS: &str = "trace=unshare,setns,mount,chroot,pivot_root,clone,clone3,mknod,mknodat,\
                     chown,fchown,lchown,fchownat,setuid,setresuid,execve";

#[test]
fn no_namespace_is_used_where_no_script_runs() {
    if !needs(&[("strace", "strace")]) {
        return;
    }
    let mut target = Target::new(mirror(&[stub("one").device("dev/console", 5, 1)]));
    let user = User::plain();
    if let Some(user) = &user {
        target.osb = target.osb.as_user(user);
    }
    let trace = target.path("trace");
    target.osb = target.osb.under(&["strace", "-f", "-e", CALLS, "-o", &trace]);
    target.build(&["one"]).succeeds();
    let traced = fs::read_to_string(trace).unwrap();
    let lines = traced.lines();
    let is_privileged = |line: &&str| {
        let plain = ["clone(", "clone3(", "execve(", "<... ", "+++", "---"];
        line.contains("CLONE_NEW") || !plain.iter().any(|word| line.contains(word))
    };
    let found: Vec<_> = lines.filter(is_privileged).collect();
    assert!(found.is_empty(), "{found:#?}");
    let started = traced.lines().filter(|line| line.contains("execve(")).count();
    assert!(started <= 2, "{traced}");
}

#[test]
fn a_foreign_architecture_needs_no_emulation() {
    let names = [
        "alpine-baselayout",
        "alpine-keys",
        "alpine-release",
        "apk-tools",
        "busybox",
        "libc-utils",
    ];
    for arch in ["aarch64", "riscv64"] {
        let stubs: Vec<_> = names.iter().map(|name| stub(name).arch(arch)).collect();
        let both = [MAIN, COMMUNITY].map(|place| Repository::new(place, &key()));
        let [main, community] = both.map(|repository| repository.architectures(&[arch]));
        let main = main.packages(&stubs).publish();
        let archive = test_support::Archive::of([main, community.publish()]);
        let mut target = Target::new(archive);
        target.osb = target.osb.env("PATH", "/nowhere");
        target.rootfs(&["--arch", arch]).succeeds();
        assert_eq!(target.text("etc/apk/arch"), format!("{arch}\n"));
        assert!(target.text("lib/apk/db/installed").contains(&format!("\nA:{arch}\n")));
    }
}
