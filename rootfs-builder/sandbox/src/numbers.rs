//! System call numbers: of the host, and of the 32-bit programs that it also runs.

use crate::filter::Treatment;

/// The calls of one kind of program, and what becomes of them; all others are allowed.
pub(crate) struct Table {
    /// The kernel's name of that kind of program.
    pub(crate) audit: u32,
    pub(crate) calls: Vec<(u32, Treatment)>,
}

fn table(audit: u32, groups: &[(&[libc::c_long], Treatment)]) -> Table {
    let each = |(numbers, treatment): &(&[libc::c_long], Treatment)| {
        let treatment = *treatment;
        numbers.iter().map(move |&number| (number as u32, treatment)).collect::<Vec<_>>()
    };
    Table { audit, calls: groups.iter().flat_map(each).collect() }
}

/// Returns the calls of the host's own programs.
pub(crate) fn native() -> Table {
    table(
        native_audit(),
        &[
            (NATIVE_SYNC, Treatment::Done),
            (NATIVE_FORBIDDEN, Treatment::Forbidden),
            (NATIVE_ABSENT, Treatment::Absent),
            (&[libc::SYS_socket], Treatment::Socket),
            (NATIVE_SOCKET_CALL, Treatment::SocketCall),
        ],
    )
}

/// Returns the calls of the 32-bit programs that the host's kernel runs too, if it runs any.
pub(crate) fn compatible() -> Option<Table> {
    let (audit, sync, forbidden, socket, socket_call): (_, &[_], &[_], _, &[_]) =
        if cfg!(target_arch = "x86_64") {
            (AUDIT_I386, I386_SYNC, I386_FORBIDDEN, 359, &[102])
        } else if cfg!(target_arch = "aarch64") {
            (AUDIT_ARM, ARM_SYNC, ARM_FORBIDDEN, 281, &[])
        } else {
            return None;
        };
    Some(table(
        audit,
        &[
            (sync, Treatment::Done),
            (forbidden, Treatment::Forbidden),
            (&[425, 426, 427], Treatment::Absent),
            (&[socket], Treatment::Socket),
            (socket_call, Treatment::SocketCall),
        ],
    ))
}

const AUDIT_I386: u32 = 0x4000_0003;
const AUDIT_ARM: u32 = 0x4000_0028;

const fn native_audit() -> u32 {
    if cfg!(target_arch = "x86_64") {
        0xc000_003e
    } else if cfg!(target_arch = "aarch64") {
        0xc000_00b7
    } else if cfg!(target_arch = "riscv64") {
        0xc000_00f3
    } else if cfg!(target_arch = "s390x") {
        0x8000_0016
    } else if cfg!(all(target_arch = "powerpc64", target_endian = "little")) {
        0xc000_0015
    } else if cfg!(target_arch = "x86") {
        AUDIT_I386
    } else if cfg!(target_arch = "arm") {
        AUDIT_ARM
    } else {
        0
    }
}

#[cfg(target_arch = "powerpc64")]
const SYS_SYNC_RANGE: libc::c_long = libc::SYS_sync_file_range2;
#[cfg(target_arch = "aarch64")]
const SYS_SYNC_RANGE: libc::c_long = 84;
#[cfg(not(any(target_arch = "powerpc64", target_arch = "aarch64")))]
const SYS_SYNC_RANGE: libc::c_long = libc::SYS_sync_file_range;

const NATIVE_SYNC: &[libc::c_long] =
    &[libc::SYS_fsync, libc::SYS_fdatasync, libc::SYS_sync, libc::SYS_syncfs, SYS_SYNC_RANGE];

const NATIVE_FORBIDDEN: &[libc::c_long] = &[
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_settime,
    libc::SYS_delete_module,
    libc::SYS_finit_module,
    libc::SYS_fsopen,
    libc::SYS_init_module,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_mount,
    libc::SYS_move_mount,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pivot_root,
    libc::SYS_quotactl,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_umount2,
    libc::SYS_userfaultfd,
];

// Its rings would carry syncs, sockets and owners past the filter.
const NATIVE_ABSENT: &[libc::c_long] =
    &[libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register];

#[cfg(any(target_arch = "s390x", target_arch = "powerpc64", target_arch = "x86"))]
const NATIVE_SOCKET_CALL: &[libc::c_long] = &[libc::SYS_socketcall];
#[cfg(not(any(target_arch = "s390x", target_arch = "powerpc64", target_arch = "x86")))]
const NATIVE_SOCKET_CALL: &[libc::c_long] = &[];

// From the kernel's arch/x86/entry/syscalls/syscall_32.tbl, in the order of the native lists.
const I386_SYNC: &[libc::c_long] = &[118, 148, 36, 344, 314];
const I386_FORBIDDEN: &[libc::c_long] = &[
    51, 286, 357, 343, 405, 264, 404, 129, 350, 430, 128, 283, 288, 21, 429, 342, 428, 336, 217,
    131, 88, 287, 346, 79, 25, 115, 87, 52, 22, 374, 101, 110,
];

// From the kernel's arch/arm/tools/syscall.tbl, in the order of the native lists.
const ARM_SYNC: &[libc::c_long] = &[118, 148, 36, 373, 341];
const ARM_FORBIDDEN: &[libc::c_long] = &[
    51, 309, 386, 372, 405, 262, 404, 129, 379, 430, 128, 347, 401, 311, 21, 429, 371, 428, 364,
    218, 131, 88, 310, 375, 79, 115, 87, 52, 388,
];
