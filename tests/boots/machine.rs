//! The machine is as it was asked for, and so is what is shown of it.

use super::artifact::{SMALL, boot, can_boot, osb, words};

#[test]
fn memory_processors_parameters_and_network_are_as_asked() {
    if !can_boot() {
        return;
    }
    let script = "grep -c ^processor /proc/cpuinfo; grep MemTotal: /proc/meminfo; \
                  cat /proc/cmdline; ls /sys/class/net";
    let script = script.replace("grep", "busybox grep");
    let flags = ["--memory", "700M", "--cpus", "2", "--append", "osb.test=\"two words\" one"];
    let said = boot(&SMALL, &flags, &script).succeeds().stdout;
    let mut lines = said.lines();
    let mut line = || lines.next().unwrap();
    assert_eq!(line(), "2");
    let memory: u64 = line().split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!((600 << 10..700 << 10).contains(&memory), "{said}");
    assert!(line().ends_with(" osb.test=\"two words\" one"), "{said}");
    assert_eq!((line(), line()), ("eth0", "lo"));
    let said = boot(&SMALL, &["--no-network"], "ls /sys/class/net").succeeds().stdout;
    assert_eq!(said, "lo\n");
}

#[test]
fn the_console_is_shown_while_it_runs_or_only_on_failure() {
    if !can_boot() {
        return;
    }
    let said = boot(&SMALL, &[], "true").succeeds().stderr;
    assert!(!said.contains("Linux version"), "{said}");
    let said = boot(&SMALL, &["--console"], "true").succeeds().stderr;
    assert!(said.contains("Linux version") && said.contains("osb: root mounted"), "{said}");
    let said = boot(&SMALL, &["--timeout", "15"], "sleep 1000").fails_with(124, "").stderr;
    let (_, console) = said.split_once("its console ends:").unwrap();
    assert!(console.contains("osb: root mounted"), "{said}");
}

#[test]
fn the_command_line_is_printed_and_nothing_is_started() {
    if !can_boot() {
        return;
    }
    let flags = ["--print", "--memory", "1G", "--port", "8080:80", "--share", "/tmp:/here:ro"];
    // Neither a guest nor its hypervisor is needed for it.
    let osb = osb().env("PATH", "/nowhere");
    let outcome = osb.run(words(&SMALL, &flags, &[])).succeeds();
    let line = outcome.stdout.trim_end();
    assert!(line.starts_with("qemu-system-x86_64 ") && !line.contains('\n'), "{line}");
    let image = format!("snapshot=on,file={}", SMALL.display());
    let parts = ["-m 1024M", "hostfwd=tcp:127.0.0.1:8080-:80", "readonly=on,path=/tmp", &image];
    parts.iter().for_each(|part| assert!(line.contains(part), "no {part} in {line}"));
}
