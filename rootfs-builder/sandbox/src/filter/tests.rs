#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;

fn errno(code: libc::c_int) -> u32 {
    libc::SECCOMP_RET_ERRNO | code.cast_unsigned()
}

/// Runs a filter as the kernel would.
fn answer(program: &[libc::sock_filter], audit: u32, number: u32, argument: u32) -> u32 {
    let (mut at, mut word) = (0, 0);
    loop {
        let step = program[at];
        at += 1;
        match (u32::from(step.code), step.k) {
            (0x20, NUMBER) => word = number,
            (0x20, AUDIT) => word = audit,
            (0x20, FIRST_ARGUMENT) => word = argument,
            (0x05, distance) => at += distance as usize,
            (0x15, value) => at += usize::from(if word == value { step.jt } else { step.jf }),
            (0x35, value) => at += usize::from(if word >= value { step.jt } else { step.jf }),
            (0x06, answer) => return answer,
            other => panic!("instruction {other:?}"),
        }
    }
}

fn check(audit: u32, number: libc::c_long, argument: libc::c_int, sockets: Sockets, expected: u32) {
    let tables: Vec<Table> =
        [Some(numbers::native()), numbers::compatible()].into_iter().flatten().collect();
    let program = program(&tables, sockets);
    assert_eq!(answer(&program, audit, number as u32, argument.cast_unsigned()), expected);
}

fn native() -> u32 {
    numbers::native().audit
}

#[test]
fn syncs_are_answered_and_files_are_not_touched() {
    for number in [libc::SYS_fsync, libc::SYS_fdatasync, libc::SYS_sync, libc::SYS_syncfs] {
        check(native(), number, 3, Sockets::Contained, errno(0));
    }
    for number in [libc::SYS_openat, libc::SYS_write, libc::SYS_execve, libc::SYS_clone3] {
        check(native(), number, 3, Sockets::Contained, ALLOW);
    }
}

#[test]
fn the_clock_modules_and_rings_are_out_of_reach() {
    check(native(), libc::SYS_clock_settime, 0, Sockets::All, errno(libc::EPERM));
    check(native(), libc::SYS_finit_module, 0, Sockets::All, errno(libc::EPERM));
    check(native(), libc::SYS_io_uring_setup, 0, Sockets::All, errno(libc::ENOSYS));
}

#[test]
fn without_a_network_namespace_only_local_sockets_are_made() {
    let refused = errno(libc::EAFNOSUPPORT);
    for (family, local, contained) in [
        (libc::AF_UNIX, ALLOW, ALLOW),
        (libc::AF_INET, refused, ALLOW),
        (libc::AF_INET6, refused, ALLOW),
        (libc::AF_VSOCK, refused, refused),
    ] {
        check(native(), libc::SYS_socket, family, Sockets::Local, local);
        check(native(), libc::SYS_socket, family, Sockets::Contained, contained);
        check(native(), libc::SYS_socket, family, Sockets::All, ALLOW);
    }
}

#[test]
fn programs_of_an_unknown_kind_get_no_system_call() {
    check(0x1234_5678, libc::SYS_write, 1, Sockets::All, errno(libc::ENOSYS));
}

#[cfg(target_arch = "x86_64")]
#[test]
fn thirty_two_bit_programs_have_their_own_numbers() {
    const I386: u32 = 0x4000_0003;
    check(I386, 118, 3, Sockets::Contained, errno(0));
    check(I386, 102, 1, Sockets::Local, errno(libc::EAFNOSUPPORT));
    check(I386, 102, 8, Sockets::Local, ALLOW);
    check(I386, 359, libc::AF_INET, Sockets::Local, errno(libc::EAFNOSUPPORT));
    // This number is fsync's to 64-bit programs and dup2's to these.
    check(I386, libc::SYS_fsync, 3, Sockets::Contained, ALLOW);
    check(native(), 0x4000_0000 + libc::SYS_write, 1, Sockets::All, errno(libc::ENOSYS));
}
