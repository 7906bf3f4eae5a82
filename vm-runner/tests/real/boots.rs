//! Machines that do what they should.

use std::fs;
use std::time::Duration;

use vm_runner::{Accelerator, Disk, DiskFormat, Launch, Qemu, Writes, start};

use crate::guest::{Guest, Shown, run};
use crate::harness::Test;

pub const TESTS: &[Test] = &[
    ("boot_is_heard_and_followed", boot_is_heard_and_followed),
    ("boot_two_share_a_disk_that_does_not_change", boot_two_share_a_disk_that_does_not_change),
    ("boot_keeps_what_is_written", boot_keeps_what_is_written),
    ("boot_agent_that_is_late_is_waited_for", boot_agent_that_is_late_is_waited_for),
];

fn boot_is_heard_and_followed() {
    let Some(guest) = Guest::new() else { return };
    let (shown, machine) = (Shown::default(), guest.machine("off"));
    let running = start(Launch {
        machine: &machine,
        hypervisor: &Qemu::default(),
        accelerator: Accelerator::Emulation,
        live: Some(Box::new(shown.clone())),
        limit: None,
    });
    let running = running.unwrap();
    running.wait().unwrap();
    let told = running.milestones();
    let guests = [told.kernel, told.init, told.power_down].map(|step| step.unwrap().guest.unwrap());
    assert!(guests.is_sorted(), "{guests:?}");
    assert_eq!((told.panic, told.corruption), (None, None));
    assert!(shown.text().contains("hello from the guest"));
    let tail = running.console_tail().0;
    assert!(tail.len() <= 201 && tail.iter().any(|line| line == "hello from the guest"));
}

fn disk(guest: &Guest, writes: Writes) -> Disk {
    let path = guest.directory.path().join("a, disk.img");
    if !path.exists() {
        fs::write(&path, [&b"original"[..], &[0; 1 << 20]].concat()).unwrap();
    }
    Disk { path, format: DiskFormat::Raw, writes, serial: Some("root".into()) }
}

fn boot_two_share_a_disk_that_does_not_change() {
    let Some(guest) = Guest::new() else { return };
    let mut machine = guest.machine("disk");
    machine.disks = vec![disk(&guest, Writes::Forgotten)];
    let before = fs::read(&machine.disks[0].path).unwrap();
    let both = [run(&machine, None).unwrap(), run(&machine, None).unwrap()];
    for running in both {
        running.wait().unwrap();
        let said = running.console_tail().0.join("\n");
        assert!(said.contains("disk begins with original"), "{said}");
        assert!(said.contains("disk now begins with changed!"), "{said}");
    }
    assert!(fs::read(&machine.disks[0].path).unwrap() == before);
}

fn boot_keeps_what_is_written() {
    let Some(guest) = Guest::new() else { return };
    let mut machine = guest.machine("disk");
    machine.disks = vec![disk(&guest, Writes::Kept)];
    run(&machine, None).unwrap().wait().unwrap();
    assert!(fs::read(&machine.disks[0].path).unwrap().starts_with(b"changed!"));
}

fn boot_agent_that_is_late_is_waited_for() {
    let Some(guest) = Guest::new() else { return };
    let mut running = run(&guest.machine("agent"), None).unwrap();
    let session = running.session(Duration::from_secs(120)).unwrap();
    assert_eq!(session.agent().kernel_release, "k");
    session.power(agent_protocol::Power::Off).unwrap();
    running.wait().unwrap();
}
