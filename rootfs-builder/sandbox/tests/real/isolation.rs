//! What a tool can see and reach.

use sandbox::{Error, Input, Rung, ToolStatus};

use crate::harness::{Guest, Test, has, on_root_rungs, run_call};

pub const TESTS: &[Test] = &[
    ("status_and_signal_of_the_tool_are_told", status_and_signal_of_the_tool_are_told),
    ("a_missing_program_is_an_error_that_names_it", a_missing_program_is_an_error_that_names_it),
    ("only_the_given_environment_is_seen", only_the_given_environment_is_seen),
    ("both_streams_arrive_in_order", both_streams_arrive_in_order),
    ("the_first_process_is_outside_the_guest", the_first_process_is_outside_the_guest),
    ("the_host_is_invisible", the_host_is_invisible),
    ("the_kernel_is_read_only", the_kernel_is_read_only),
    ("there_is_no_network", there_is_no_network),
    ("syncs_are_answered_without_work", syncs_are_answered_without_work),
    ("owners_and_limits_are_as_for_root", owners_and_limits_are_as_for_root),
    ("inputs_are_seen_and_read_only", inputs_are_seen_and_read_only),
    ("links_in_the_guest_lead_no_mount_astray", links_in_the_guest_lead_no_mount_astray),
    ("stand_ins_are_gone_after_a_chroot", stand_ins_are_gone_after_a_chroot),
];

fn status_and_signal_of_the_tool_are_told() {
    let guest = Guest::new("status");
    on_root_rungs(|rung| {
        for (words, expected) in [
            (["exit", "0"], ToolStatus::Exited(0)),
            (["exit", "7"], ToolStatus::Exited(7)),
            (["signal", "15"], ToolStatus::Signalled(15)),
            (["signal", "9"], ToolStatus::Signalled(9)),
        ] {
            let (output, _) = run_call(rung, &guest.call(&words));
            assert_eq!(output.unwrap().status, expected, "{rung}");
        }
    });
}

fn a_missing_program_is_an_error_that_names_it() {
    let guest = Guest::new("missing");
    on_root_rungs(|rung| {
        let mut call = guest.call(&[]);
        call.program = "/no/such".into();
        let error = run_call(rung, &call).0.unwrap_err();
        assert!(matches!(&error, Error::Setup { step, .. } if step == "run /no/such"), "{error:?}");
    });
}

fn only_the_given_environment_is_seen() {
    let guest = Guest::new("environment");
    on_root_rungs(|rung| {
        let call = guest.call(&["environment"]).variable("A", "1").variable("B", "");
        assert_eq!(run_call(rung, &call).1, ["A=1", "B="]);
    });
}

fn both_streams_arrive_in_order() {
    let guest = Guest::new("streams");
    on_root_rungs(|rung| {
        let lines = guest.ask(rung, &["both"]);
        let expected: Vec<_> = (0..100).map(|line| format!("out {line}\nerr {line}")).collect();
        assert_eq!(lines, expected.join("\n"));
    });
}

fn the_first_process_is_outside_the_guest() {
    let guest = Guest::new("first");
    on_root_rungs(|rung| assert_eq!(guest.ask(rung, &["chroot?"]), "true"));
    if !has(Rung::Root) {
        return;
    }
    assert_eq!(guest.ask(Rung::Root, &["list", "/proc/1/root"]), "guest");
}

fn the_host_is_invisible() {
    let guest = Guest::new("invisible");
    on_root_rungs(|rung| {
        assert_eq!(guest.ask(rung, &["list", "/"]), "dev proc tmp tool");
        assert_eq!(guest.ask(rung, &["list", "/tmp/../.."]), "dev proc tmp tool");
    });
    if has(Rung::Root) {
        let hostname = guest.ask(Rung::Root, &["read", "/proc/sys/kernel/hostname"]);
        assert_eq!(hostname.trim(), "localhost");
        let mounts = guest.ask(Rung::Root, &["read", "/proc/self/mountinfo"]);
        assert!(!mounts.contains(" /boot ") && !mounts.contains(" /host"), "{mounts}");
        let devices = "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero";
        assert_eq!(guest.ask(Rung::Root, &["list", "/dev"]), devices);
    }
}

fn the_kernel_is_read_only() {
    if !has(Rung::Root) {
        return;
    }
    let guest = Guest::new("kernel");
    let read_only = format!("error {}", libc::EROFS);
    for path in ["/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches"] {
        assert_eq!(guest.ask(Rung::Root, &["write", path]), read_only);
    }
    assert_eq!(guest.ask(Rung::Root, &["mount"]), format!("error {}", libc::EPERM));
}

fn there_is_no_network() {
    let guest = Guest::new("network");
    on_root_rungs(|rung| {
        let errno = if rung == Rung::Root { libc::ENETUNREACH } else { libc::EAFNOSUPPORT };
        assert_eq!(guest.ask(rung, &["connect"]), format!("error {errno}"));
    });
}

fn syncs_are_answered_without_work() {
    let guest = Guest::new("sync");
    on_root_rungs(|rung| assert_eq!(guest.ask(rung, &["syncfs"]), "done"));
}

fn owners_and_limits_are_as_for_root() {
    let guest = Guest::new("owners");
    std::fs::write(guest.path("file"), "x").unwrap();
    on_root_rungs(|rung| {
        assert_eq!(guest.ask(rung, &["chown", "/file", "33", "65534"]), "33:65534 100644");
        let limits = guest.ask(rung, &["limits"]);
        assert!(limits.ends_with("files 1024 umask 22"), "{limits}");
        if rung == Rung::Root {
            assert!(limits.contains("CapEff:\t00000000a80405fb"), "{limits}");
            assert!(limits.contains("CapBnd:\t00000000a80405fb"), "{limits}");
        }
    });
}

fn inputs_are_seen_and_read_only() {
    if !has(Rung::Root) {
        return;
    }
    let (guest, host) = (Guest::new("inputs"), Guest::new("inputs-host"));
    std::fs::write(host.path("tmp/note"), "hello").unwrap();
    let with_input = |words: &[&str]| {
        let mut call = guest.call(words);
        let file = Input { host: host.path("tmp/note"), guest: "/etc/given/note".into() };
        call.inputs = vec![Input { host: host.path("tmp"), guest: "/srv/given".into() }, file];
        call
    };
    let ask = |words: &[&str]| run_call(Rung::Root, &with_input(words)).1.join("\n");
    assert_eq!(ask(&["read", "/srv/given/note"]), "hello");
    assert_eq!(ask(&["read", "/etc/given/note"]), "hello");
    let read_only = format!("error {}", libc::EROFS);
    assert_eq!(ask(&["write", "/srv/given/other"]), read_only);
    assert_eq!(ask(&["write", "/etc/given/note"]), read_only);
    let refused = run_call(Rung::Chroot, &with_input(&["exit", "0"])).0;
    assert!(matches!(refused, Err(Error::NeedsNamespaces { .. })));
}

fn links_in_the_guest_lead_no_mount_astray() {
    let guest = Guest::new("links");
    let outside = Guest::new("links-outside");
    for name in ["dev", "proc"] {
        std::fs::remove_dir(guest.path(name)).unwrap();
        std::os::unix::fs::symlink(outside.path("tmp"), guest.path(name)).unwrap();
    }
    on_root_rungs(|rung| {
        let (output, _) = run_call(rung, &guest.call(&["exit", "0"]));
        assert!(rung == Rung::Chroot || output.is_err());
        assert_eq!(std::fs::read_dir(outside.path("tmp")).unwrap().count(), 0);
    });
}

fn stand_ins_are_gone_after_a_chroot() {
    if !has(Rung::Chroot) {
        return;
    }
    let guest = Guest::new("nodes");
    std::fs::write(guest.path("dev/tty"), "the guest's own").unwrap();
    let modified = |name| std::fs::metadata(guest.path(name)).unwrap().modified().unwrap();
    let before = modified("dev");
    let seen = guest.ask(Rung::Chroot, &["list", "/dev"]);
    assert_eq!(seen, "full null random tty urandom zero");
    assert_eq!(std::fs::read_dir(guest.path("dev")).unwrap().count(), 1);
    assert_eq!(std::fs::read_dir(guest.path("proc")).unwrap().count(), 0);
    assert_eq!(modified("dev"), before);
}
