//! The programs that osb carries are what a guest without any library can start.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, clippy::disallowed_types)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use agent_program::{machines, program};

/// What an image of 8 MiB and an initrd in memory can well afford.
const BYTES_MAX: usize = 300 << 10;

/// Number of the machine in the header of a program.
const NUMBERS: [(&str, u8); 2] = [("x86_64", 62), ("aarch64", 183)];

#[test]
fn this_machine_has_a_program() {
    assert!(program(std::env::consts::ARCH).is_some());
    assert!(program("vax").is_none());
}

#[test]
fn programs_are_small_static_and_for_their_machine() {
    for machine in machines() {
        let bytes = program(machine).unwrap();
        assert_eq!(bytes[..5], *b"\x7fELF\x02", "{machine}");
        let number = NUMBERS.iter().find(|(name, _)| *name == machine).unwrap().1;
        // An executable at fixed addresses needs neither a loader nor relocations.
        assert_eq!(bytes[16..20], [2, 0, number, 0], "{machine}");
        assert!(!segments(bytes).any(|kind| kind == 2 || kind == 3), "{machine} asks for a loader");
        assert!(bytes.len() <= BYTES_MAX, "{machine}: {} bytes", bytes.len());
    }
}

#[test]
fn programs_do_not_say_where_they_were_built() {
    let places = [env!("CARGO_MANIFEST_DIR"), env!("CARGO_TARGET_TMPDIR"), env!("CARGO")];
    for machine in machines() {
        let text = String::from_utf8_lossy(program(machine).unwrap());
        for place in places {
            let workspace = place.rsplit_once('/').unwrap().0;
            assert!(!text.contains(workspace), "{machine}: {workspace}");
        }
    }
}

#[test]
fn the_program_says_its_version() {
    let host = tempfile::tempdir().unwrap();
    let place = host.path().join("osb-agent");
    fs::write(&place, program(std::env::consts::ARCH).unwrap()).unwrap();
    fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).unwrap();
    let output = Command::new(place).arg("--version").output().unwrap();
    assert!(output.status.success());
    let expected = format!("osb-agent {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

/// The kinds of a program's segments.
fn segments(bytes: &[u8]) -> impl Iterator<Item = u32> {
    let number = |at: usize| usize::from(bytes[at]) | usize::from(bytes[at + 1]) << 8;
    let (start, size, count) = (number(32), number(54), number(56));
    let kind = move |index| start + index * size;
    (0..count).map(move |index| {
        let at = kind(index);
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
    })
}
