//! Nothing survives.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use vm_runner::{Disk, DiskFormat, Writes};

use crate::guest::{Guest, machine, run};
use crate::harness::Test;

pub const TESTS: &[Test] = &[
    ("boot_killed_caller_leaves_nothing", boot_killed_caller_leaves_nothing),
    ("boot_outlives_the_thread_that_started_it", boot_outlives_the_thread_that_started_it),
    ("boot_dropped_is_gone", boot_dropped_is_gone),
];

/// Runs a machine for ever; says when it is up.
pub fn hold(kernel: &str, initrd: &str, disk: &str) {
    let mut machine = machine(Path::new(kernel), Path::new(initrd), "stay");
    let (path, format) = (disk.into(), DiskFormat::Raw);
    machine.disks = vec![Disk { path, format, writes: Writes::Forgotten, serial: None }];
    let running = run(&machine, None).unwrap();
    while running.console_tail().0.is_empty() {
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("up");
    running.wait().unwrap();
}

/// The children of a process, as the kernel tells them.
fn children(parent: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{parent}/task")).unwrap().flatten();
    let text: String = threads
        .map(|thread| fs::read_to_string(thread.path().join("children")).unwrap_or_default())
        .collect();
    text.split_whitespace().map(|word| word.parse().unwrap()).collect()
}

fn is_alive(process: u32) -> bool {
    // One that has ended may not have been waited for, where nobody waits for orphans.
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

fn wait_until_dead(process: u32) {
    while is_alive(process) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn boot_killed_caller_leaves_nothing() {
    let Some(guest) = Guest::new() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let disk = guest.directory.path().join("disk");
    fs::write(&disk, [0; 1 << 20]).unwrap();
    let mut command = Command::new("/proc/self/exe");
    command.arg("hold").arg(guest.kernel()).arg(guest.initrd()).arg(disk);
    let mut caller = command.env("TMPDIR", scratch.path()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(caller.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "up\n");
    let machines = children(caller.id());
    assert_eq!(machines.len(), 1);
    let name = fs::read_to_string(format!("/proc/{}/comm", machines[0])).unwrap();
    assert!(name.starts_with("qemu-system"), "{name}");
    caller.kill().unwrap();
    caller.wait().unwrap();
    wait_until_dead(machines[0]);
    let left: Vec<_> = fs::read_dir(scratch.path()).unwrap().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

fn boot_outlives_the_thread_that_started_it() {
    let Some(guest) = Guest::new() else { return };
    let machine = guest.machine("off");
    let running = std::thread::spawn(move || run(&machine, None).unwrap()).join().unwrap();
    running.wait().unwrap();
    assert!(running.milestones().power_down.is_some());
}

fn boot_dropped_is_gone() {
    let Some(guest) = Guest::new() else { return };
    let running = run(&guest.machine("stay"), None).unwrap();
    let machines = children(std::process::id());
    assert_eq!(machines.len(), 1);
    drop(running);
    assert!(!is_alive(machines[0]));
}
