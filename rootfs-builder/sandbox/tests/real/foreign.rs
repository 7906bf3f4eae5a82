//! Guests for other machines.

use std::os::unix::fs::PermissionsExt;

use sandbox::{Emulation, Machine, Rung, ToolCall, ToolStatus};

use crate::harness::{Guest, Test, has, run_call};
use crate::users::run_as_user;

pub const TESTS: &[Test] = &[
    (
        "a_foreign_program_runs_without_registration_on_the_host",
        a_foreign_program_runs_without_registration_on_the_host,
    ),
    ("a_foreign_program_runs_for_an_ordinary_user", a_foreign_program_runs_for_an_ordinary_user),
    ("the_hosts_own_programs_need_no_emulator", the_hosts_own_programs_need_no_emulator),
];

/// The status that the foreign program leaves with.
const STATUS: u8 = 42;

/// Returns a program for a 64-bit machine, little end first, of number `machine`.
fn program(machine: u8, code: &[[u8; 4]]) -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    file.extend([2, 0, machine, 0, 1, 0, 0, 0]);
    for value in [0x10078u64, 64, 0] {
        file.extend(value.to_le_bytes());
    }
    file.extend([0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    file.extend([1, 0, 0, 0, 5, 0, 0, 0]);
    let size = 0x78 + 4 * code.len() as u64;
    for value in [0u64, 0x10000, 0x10000, size, size, 0x10000] {
        file.extend(value.to_le_bytes());
    }
    file.extend(code.concat());
    file
}

/// Puts a foreign program into the guest and returns its machine.
fn install_foreign(guest: &Guest) -> Machine {
    // Both put 93, exit, and the status into registers, and call the kernel.
    let (machine, bytes) = if cfg!(target_arch = "aarch64") {
        let status = (u32::from(STATUS) << 20 | 0x513).to_le_bytes();
        let code = [[0x93, 0x08, 0xd0, 0x05], status, [0x73, 0, 0, 0]];
        (Machine::Riscv64, program(243, &code))
    } else {
        let status = (0xd280_0000 | u32::from(STATUS) << 5).to_le_bytes();
        let code = [[0xa8, 0x0b, 0x80, 0xd2], status, [1, 0, 0, 0xd4]];
        (Machine::Aarch64, program(183, &code))
    };
    std::fs::write(guest.path("foreign"), bytes).unwrap();
    std::fs::set_permissions(guest.path("foreign"), PermissionsExt::from_mode(0o755)).unwrap();
    machine
}

/// Runs the foreign program and says how it ended.
pub fn run_foreign(rung: Rung, root: &str, machine: Machine) -> String {
    let emulation = match Emulation::find(machine, rung) {
        Ok(emulation) => emulation,
        Err(error) => return error.to_string(),
    };
    let mut call = ToolCall::new(root, "/foreign");
    call.emulation = emulation;
    let (output, lines) = run_call(rung, &call);
    output
        .map_or_else(|error| format!("{error:?}"), |output| format!("{} {lines:?}", output.status))
}

fn check(said: &str) {
    if said.contains("no static emulator") || said.contains("not registered") {
        return println!("  skipped: {said}");
    }
    assert_eq!(said, format!("{} []", ToolStatus::Exited(STATUS.into())));
}

fn a_foreign_program_runs_without_registration_on_the_host() {
    if !has(Rung::Root) {
        return;
    }
    let guest = Guest::new("foreign");
    let machine = install_foreign(&guest);
    check(&run_foreign(Rung::Root, guest.root.to_str().unwrap(), machine));
    // The registration was the sandbox's own.
    assert!(std::process::Command::new(guest.path("foreign")).status().is_err());
}

fn a_foreign_program_runs_for_an_ordinary_user() {
    if !has(Rung::Root) {
        return;
    }
    let guest = Guest::new("foreign-user");
    install_foreign(&guest);
    let root = guest.root.to_str().unwrap();
    for rung in ["SubordinateIds", "SingleId"] {
        let output = run_as_user(&guest, true, &["climb", rung, root, "foreign"]);
        check(String::from_utf8_lossy(&output.stdout).trim());
    }
}

fn the_hosts_own_programs_need_no_emulator() {
    let Some(host) = Machine::host() else { return };
    assert_eq!(Emulation::find(host, Rung::Chroot).unwrap(), Emulation::Native);
}
