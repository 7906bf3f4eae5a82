//! What cannot be booted, and what is said of it.

use std::fs;

use test_support::{Osb, Outcome};
use tree::{Content, GuestPath, Kind, Meta, Node, Tree};

use super::artifact::{SMALL, SYSTEMD, archive, boot, can_boot, osb, small, words};

/// An image of a tree that is as wrong as it is wanted.
fn image(tree: &Tree, flags: &[&str]) -> Osb {
    let osb = osb();
    archive(tree, &osb.directory().join("rootfs.tar"));
    let usual = ["image", "--rootfs", "rootfs.tar", "--output", "disk.img", "--no-check"];
    osb.run(usual.iter().chain(flags)).succeeds();
    osb
}

const DISK: &str = "disk.img";

/// Insists that the console's last lines follow the message.
#[track_caller]
fn assert_has_console(outcome: &Outcome) {
    let (_, console) = outcome.stderr.split_once("its console ends:\n").expect("a console");
    assert!(console.lines().filter(|line| line.starts_with("    ")).count() > 2, "{outcome}");
}

#[test]
fn a_hypervisor_that_is_not_installed_is_named_with_its_package() {
    if !can_boot() {
        return;
    }
    let osb = osb().env("PATH", "/nowhere");
    let outcome = osb.run(words(&SMALL, &[], &["true"]));
    outcome.fails_with(1, "qemu-system-x86_64 is not installed (package qemu-system-x86)");
}

#[test]
fn a_guest_without_agent_is_refused_before_it_boots() {
    if !can_boot() {
        return;
    }
    let osb = image(&small(), &["--no-agent"]);
    let outcome = osb.run(words(DISK.as_ref(), &[], &["true"]));
    outcome.fails_with(2, "disk.img has no agent that could run a command");
}

#[test]
fn a_guest_without_init_says_so_on_its_console() {
    if !can_boot() {
        return;
    }
    let osb = image(&small(), &["--no-agent"]);
    let outcome = osb.run(words(DISK.as_ref(), &["--console"], &[]));
    let outcome = outcome.fails_with(1, "the guest cannot start: cannot start /sbin/init");
    assert_has_console(&outcome);
}

#[test]
fn a_file_that_is_no_kernel_is_refused() {
    if !can_boot() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let kernel = place.path().join("garbage");
    fs::write(&kernel, vec![0x5a; 1 << 20]).unwrap();
    let outcome = boot(&SMALL, &["--kernel", kernel.to_str().unwrap()], "true");
    outcome.fails_with(1, "qemu-system-x86_64 refused the machine");
}

#[test]
fn a_guest_of_a_processor_that_is_not_emulated_is_refused_by_number() {
    if !can_boot() {
        return;
    }
    let mut tree = small();
    let busybox = GuestPath::new("bin/busybox").unwrap();
    let Some(Kind::File(content)) = tree.get(&busybox).map(|node| node.kind.clone()) else {
        panic!("no busybox");
    };
    let mut bytes = Vec::new();
    std::io::copy(&mut content.open().unwrap(), &mut bytes).unwrap();
    // The field of an ELF header that names the processor; 243 is RISC-V.
    bytes[18..20].copy_from_slice(&243_u16.to_le_bytes());
    tree.remove(&busybox);
    let meta = Meta { mode: 0o755, ..Meta::default() };
    tree.insert(busybox, Node { meta, kind: Kind::File(Content::from(bytes)) }).unwrap();
    let osb = image(&tree, &["--no-agent"]);
    let outcome = osb.run(words(DISK.as_ref(), &[], &["true"]));
    outcome.fails_with(2, "a processor that osb cannot run (number 243 in ELF)");
}

#[test]
fn what_is_no_artifact_is_refused() {
    if !can_boot() {
        return;
    }
    let osb = osb();
    fs::write(osb.directory().join("noise.img"), test_support::noise(2, 1 << 20)).unwrap();
    let outcome = osb.run(words("noise.img".as_ref(), &[], &["true"]));
    assert_eq!(outcome.code, Some(2), "{outcome}");
    assert!(outcome.stderr.contains("noise.img"), "{outcome}");
}

#[test]
fn an_image_that_is_cut_is_refused() {
    if !can_boot() {
        return;
    }
    let osb = osb();
    let bytes = fs::read(&*SMALL).unwrap();
    fs::write(osb.directory().join(DISK), &bytes[..bytes.len() / 2]).unwrap();
    let outcome = osb.run(words(DISK.as_ref(), &[], &["true"]));
    outcome.fails_with(3, "disk.img ends before its partition 1");
}

#[test]
fn a_kernel_that_is_not_there_is_named() {
    if !can_boot() {
        return;
    }
    let outcome = boot(&SMALL, &["--kernel", "nowhere"], "true");
    outcome.fails_with(2, "nowhere does not exist");
    // Nothing is known of any kernel, and nothing may be asked.
    let osb = Osb::new(env!("CARGO_BIN_EXE_osb"));
    let outcome = osb.run(words(&SMALL, &["--offline"], &["true"]));
    outcome.fails_with(3, "find a kernel for the guest");
}

#[test]
fn an_agent_that_does_not_answer_is_waited_for_as_long_as_was_said() {
    if !can_boot() {
        return;
    }
    let mask = ["--append", "systemd.mask=osb-agent.service"];
    let flags = [&mask[..], &["--boot-timeout", "15", "--timeout", "200"]].concat();
    let mut words = words(&SYSTEMD, &flags, &["true"]);
    // The usual time for a boot is named, too.
    let usual = words.iter().position(|word| word == "--boot-timeout").unwrap();
    words.drain(usual..usual + 2);
    let outcome = osb().run(words).fails_with(1, "the agent did not answer within 15 seconds");
    assert_has_console(&outcome);
}

#[test]
fn what_cannot_be_copied_is_told_before_anything_boots() {
    if !can_boot() {
        return;
    }
    // Where there is no hypervisor, that is not what is said.
    let osb = osb().env("PATH", "/nowhere");
    let run = |flags: &[&str]| osb.run(words(&SMALL, flags, &["true"]));
    run(&["--copy-in", "none:/x"]).fails_with(2, "none does not exist");
    run(&["--copy-in", "/usr:/x"]).fails_with(2, "/usr is no regular file");
    run(&["--copy-out", "/x:none/x"]).fails_with(2, "none does not exist");
}

#[test]
fn a_machine_without_room_for_its_kernel_says_so() {
    if !can_boot() {
        return;
    }
    let outcome = boot(&SMALL, &["--memory", "16M"], "true");
    outcome.fails_with(1, "is --memory enough");
}
