//! The choice between KVM and emulation, on stand-ins: the real device is never touched.

use std::fs;
use std::io::{Seek, Write};
use std::process::Command;
use std::time::Duration;

use test_support::needs;
use vm_runner::choose;
use vm_runner::{
    Acceleration, Accelerator, Architecture, Chosen, Error, Hypervisor, KvmTest, Qemu,
};

use crate::guest::script;
use crate::harness::Test;

pub const TESTS: &[Test] = &[
    ("kvm_that_hangs_is_not_used", kvm_that_hangs_is_not_used),
    ("kvm_that_fails_is_not_used", kvm_that_fails_is_not_used),
    ("kvm_that_works_is_used", kvm_that_works_is_used),
    ("kvm_that_is_not_there_is_not_used", kvm_that_is_not_there_is_not_used),
    ("kvm_needs_its_hypervisor", kvm_needs_its_hypervisor),
    ("firmware_of_the_self_test_runs", firmware_of_the_self_test_runs),
];

fn host() -> Architecture {
    Architecture::from_name(std::env::consts::ARCH).unwrap()
}

/// Chooses with a program that stands in for QEMU.
fn choice(text: &str, wanted: Acceleration, limit: Duration) -> Result<Chosen, Error> {
    let directory = tempfile::tempdir().unwrap();
    let device = directory.path().join("kvm");
    fs::write(&device, "").unwrap();
    let qemu = script(directory.path(), text);
    choose(wanted, &qemu, host(), &KvmTest { device, limit })
}

fn kvm_that_hangs_is_not_used() {
    let limit = Duration::from_millis(200);
    let chosen = choice("exec sleep 1000", Acceleration::Detect, limit).unwrap();
    assert_eq!(chosen.accelerator, Accelerator::Emulation);
    assert!(chosen.why.contains("hangs"), "{}", chosen.why);
    let error = choice("exec sleep 1000", Acceleration::Kvm, limit).unwrap_err();
    assert!(matches!(error, Error::NoKvm { .. }), "{error:?}");
    let chosen = choice("exec sleep 1000", Acceleration::Emulation, limit).unwrap();
    assert_eq!(chosen.why, "emulation was asked for");
}

fn kvm_that_fails_is_not_used() {
    let text = "echo 'failed to initialize kvm: Operation not permitted' >&2; exit 1";
    let chosen = choice(text, Acceleration::Detect, Duration::from_secs(60)).unwrap();
    assert_eq!(chosen.accelerator, Accelerator::Emulation);
    assert!(chosen.why.ends_with("Operation not permitted"), "{}", chosen.why);
}

/// Emulation stands in for KVM, so the firmware really runs.
fn kvm_that_works_is_used() {
    let program = Qemu::default().program(host()).into_string().unwrap();
    if !needs(&[(&program, Qemu::default().package(host()))]) {
        return;
    }
    let text = format!(
        "exec {program} $(echo \"$@\" | sed 's/-accel kvm -cpu host/-accel tcg -cpu max/')"
    );
    let chosen = choice(&text, Acceleration::Detect, Duration::from_secs(60)).unwrap();
    assert_eq!(chosen.why, "kvm passed its self-test");
    assert_eq!(chosen.accelerator, Accelerator::Kvm);
}

fn kvm_that_is_not_there_is_not_used() {
    let (qemu, limit) = (Qemu::default(), Duration::from_secs(60));
    let test = KvmTest { device: "/nowhere/kvm".into(), limit };
    let why = |architecture| choose(Acceleration::Detect, &qemu, architecture, &test).unwrap().why;
    assert_eq!(why(host()), "there is no /nowhere/kvm");
    let foreign = match host() {
        Architecture::X86_64 => Architecture::Aarch64,
        Architecture::Aarch64 => Architecture::X86_64,
    };
    assert!(why(foreign).starts_with("this host's processor is not"));
}

fn kvm_needs_its_hypervisor() {
    let directory = tempfile::tempdir().unwrap();
    let qemu = Qemu { program: Some("qemu-system-of-nobody".into()) };
    let test = KvmTest { device: directory.path().into(), limit: Duration::from_secs(60) };
    let error = choose(Acceleration::Detect, &qemu, host(), &test).unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error:?}");
}

/// Each architecture's, by emulation.
fn firmware_of_the_self_test_runs() {
    let qemu = Qemu::default();
    for architecture in [Architecture::X86_64, Architecture::Aarch64] {
        let program = qemu.program(architecture).into_string().unwrap();
        if !needs(&[(&program, qemu.package(architecture))]) {
            continue;
        }
        let test = qemu.self_test(architecture);
        let mut firmware = tempfile::tempfile().unwrap();
        firmware.write_all(&test.firmware).unwrap();
        firmware.rewind().unwrap();
        let words = test.arguments.iter().map(|word| match word.to_str() {
            Some("kvm") => "tcg",
            Some("host") => "max",
            word => word.unwrap(),
        });
        let status = Command::new(&program).args(words).stdin(firmware).status().unwrap();
        assert_eq!(status.code(), Some(test.status), "{program}");
    }
}
