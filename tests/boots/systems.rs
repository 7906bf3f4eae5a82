//! Guests of real packages, each asked from inside.

use super::artifact::{DEBIAN, STATE, SYSTEMD, assert_runs, boot, can_boot, make};

#[test]
fn debian_runs_with_the_agent_as_its_init() {
    if !can_boot() {
        return;
    }
    let said = boot(&DEBIAN, &[], "cat /proc/1/comm /etc/debian_version; dpkg --audit").succeeds();
    assert!(said.stdout.starts_with("init\n12."), "{said}");
    assert_eq!(said.stdout.lines().count(), 2, "{said}");
}

#[test]
fn debian_runs_with_systemd_and_the_agent_as_a_service() {
    if can_boot() {
        assert_runs(&boot(&SYSTEMD, &[], STATE).succeeds().stdout, "6.1");
    }
}

/// Its kernel has compressed modules; its systemd wants the file that kmod brings along.
#[test]
fn the_newest_debian_runs_with_systemd() {
    if !can_boot() {
        return;
    }
    let packages = ["--package", "systemd-sysv", "--package", "kmod"];
    let image = [&["image", "--release", "trixie", "--profile", "minimal"][..], &packages].concat();
    let image = make("trixie.img", &image);
    assert_runs(&boot(&image, &[], STATE).succeeds().stdout, "6.12");
}

#[test]
fn an_initrd_runs_systemd() {
    if !can_boot() {
        return;
    }
    // An initrd holds no access control lists, which only the journal's directory has.
    let arguments = ["initrd", "--release", "bookworm", "--profile", "minimal", "--drop-xattrs"];
    let initrd = make("systemd.initrd", &[&arguments[..], &["--package", "systemd-sysv"]].concat());
    assert_runs(&boot(&initrd, &[], STATE).succeeds().stdout, "6.1");
}

#[test]
fn the_guest_loads_modules_of_the_kernel_that_it_brings_along() {
    if !can_boot() {
        return;
    }
    let packages = ["--package", "linux-image-cloud-amd64", "--package", "kmod"];
    let usual = ["image", "--release", "bookworm", "--profile", "minimal", "--agent-init"];
    let image = make("kernel.img", &[&usual[..], &packages].concat());
    let script = "modprobe dummy && cat /sys/module/dummy/initstate; ls /lib/modules; uname -r";
    let outcome = boot(&image, &[], script).succeeds();
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    let [state, modules, running] = lines[..] else { panic!("{outcome}") };
    assert_eq!((state, modules), ("live", running), "{outcome}");
    assert!(outcome.stderr.contains("from the artifact"), "{outcome}");
}

#[test]
fn debian_runs_with_openrc_and_the_agent_as_a_service() {
    if !can_boot() {
        return;
    }
    let packages = ["--package", "openrc,sysvinit-core", "--free-space", "64M"];
    let image =
        [&["image", "--release", "bookworm", "--profile", "minimal"][..], &packages].concat();
    let image = make("openrc.img", &image);
    let script =
        "rc-status --all | grep -c 'osb-agent.*started'; cat /proc/1/comm; echo kept >/mark";
    // Whoever may write is waited for until the guest has switched itself off.
    let said = boot(&image, &["--write"], script).succeeds().stdout;
    assert_eq!(said, "1\ninit\n");
    assert_eq!(boot(&image, &[], "cat /mark").succeeds().stdout, "kept\n");
}
