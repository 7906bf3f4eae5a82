//! Machines that fail, each with the right words.

use std::error::Error as _;
use std::fs;
use std::time::Duration;

use vm_runner::{Architecture, Error, Machine, Qemu};

use crate::guest::{Guest, run, run_with, script};
use crate::harness::Test;

pub const TESTS: &[Test] = &[
    ("boot_panic_is_quoted", boot_panic_is_quoted),
    ("boot_nobody_answers", boot_nobody_answers),
    ("boot_ends_before_anybody_answers", boot_ends_before_anybody_answers),
    ("boot_time_limit", boot_time_limit),
    ("boot_stopped", boot_stopped),
    ("no_kernel_is_refused", no_kernel_is_refused),
    ("silence_is_named", silence_is_named),
    ("missing_qemu_is_named", missing_qemu_is_named),
    ("refusing_qemu_is_quoted", refusing_qemu_is_quoted),
    ("unsound_machines_are_not_started", unsound_machines_are_not_started),
];

fn boot_panic_is_quoted() {
    let Some(guest) = Guest::new() else { return };
    let mut machine = guest.machine("panic");
    // A kernel that does not start again hangs; it is not waited for.
    machine.kernel_words[1] = "panic=0".into();
    let mut running = run(&machine, None).unwrap();
    let error = running.session(Duration::from_secs(300)).map(drop).unwrap_err();
    let Error::Panic { line, console } = error else { panic!("{error:?}") };
    assert!(line.contains("Attempted to kill init"), "{line}");
    assert!(console.0.iter().any(|line| line == "hello from the guest"));
}

fn boot_nobody_answers() {
    let Some(guest) = Guest::new() else { return };
    let mut running = run(&guest.machine("stay"), None).unwrap();
    // However slow this machine is, its kernel is heard before it is asked.
    while !running.console_tail().0.iter().any(|line| line == "staying") {
        std::thread::sleep(Duration::from_millis(50));
    }
    let error = running.session(Duration::from_millis(300)).map(drop).unwrap_err();
    assert!(matches!(error, Error::NoAgent { .. }), "{error:?}");
    assert!(error.to_string().contains("\n    staying"), "{error}");
    assert!(matches!(running.session(Duration::ZERO).map(drop), Err(Error::NoPort)));
}

fn boot_ends_before_anybody_answers() {
    let Some(guest) = Guest::new() else { return };
    let mut running = run(&guest.machine("off"), None).unwrap();
    let error = running.session(Duration::from_secs(300)).map(drop).unwrap_err();
    assert!(matches!(error, Error::Ended { .. }), "{error:?}");
    assert!(error.to_string().contains("hello from the guest"), "{error}");
}

fn boot_time_limit() {
    let Some(guest) = Guest::new() else { return };
    let running = run(&guest.machine("stay"), Some(Duration::from_secs(8))).unwrap();
    let error = running.wait().unwrap_err();
    // Where a kernel takes so long to say its first word, that is what is said.
    assert!(matches!(error, Error::TimeLimit { .. } | Error::NoKernel { .. }), "{error:?}");
}

fn boot_stopped() {
    let Some(guest) = Guest::new() else { return };
    let running = run(&guest.machine("stay"), None).unwrap();
    let stopper = running.stopper();
    let other = std::thread::spawn(move || stopper.stop());
    assert!(matches!(running.wait(), Err(Error::Stopped)));
    other.join().unwrap();
    let running = run(&guest.machine("stay"), None).unwrap();
    assert!(running.wait_within(Duration::ZERO).unwrap().is_none());
    running.stop();
    assert!(matches!(running.wait(), Err(Error::Stopped)));
}

fn no_kernel_is_refused() {
    let Some(guest) = Guest::new() else { return };
    let mut machine = guest.machine("off");
    machine.kernel = guest.directory.path().join("not there");
    let error = run(&machine, None).unwrap().wait().unwrap_err();
    assert!(matches!(&error, Error::Refused { said, .. } if said.contains("not there")), "{error}");
}

/// A machine of a program that only looks like QEMU.
fn stand_in(text: &str, limit: Option<Duration>) -> Error {
    let directory = tempfile::tempdir().unwrap();
    let qemu = script(directory.path(), text);
    let machine = Machine::new(Architecture::X86_64, "vmlinuz".into());
    run_with(&machine, &qemu, limit).unwrap().wait().unwrap_err()
}

fn silence_is_named() {
    let error = stand_in("exec sleep 1000", Some(Duration::from_millis(300)));
    assert!(matches!(error, Error::NoKernel { .. }), "{error:?}");
}

fn missing_qemu_is_named() {
    let qemu = Qemu { program: Some("qemu-system-of-nobody".into()) };
    let machine = Machine::new(Architecture::Aarch64, "Image".into());
    let mut running = run_with(&machine, &qemu, None).unwrap();
    let error = running.session(Duration::from_secs(60)).map(drop).unwrap_err();
    assert_eq!(
        error.to_string(),
        "qemu-system-of-nobody is not installed (package qemu-system-arm)"
    );
}

fn refusing_qemu_is_quoted() {
    let error = stand_in("echo 'qemu: no such board' >&2; exit 1", None);
    assert!(error.to_string().ends_with("refused the machine: qemu: no such board"), "{error}");
}

fn unsound_machines_are_not_started() {
    let directory = tempfile::tempdir().unwrap();
    let trace = directory.path().join("started");
    let qemu = script(directory.path(), &format!("touch '{}'", trace.display()));
    let mut machine = Machine::new(Architecture::X86_64, "vmlinuz".into());
    machine.cpus = 0;
    let error = run_with(&machine, &qemu, None).map(drop).unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "the machine has no processor");
    assert!(fs::metadata(trace).is_err());
}
