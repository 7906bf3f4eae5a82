//! The system call filter: syncs are answered without work, and what no tool needs is refused.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use crate::call::Network;
use crate::numbers::{self, Table};
use crate::owners::{self, OpenFlags, Watch};
use crate::rung::Rung;
use crate::wire::Request;

/// What becomes of a system call that is not simply allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// Answered as done: the tree is read back at once, whether it is on the disk or not.
    Done,
    /// Refused, as to anyone who is not root on the host.
    Forbidden,
    /// Answered as if the kernel did not have it.
    Absent,
    /// Makes a socket, of a kind given by the first argument.
    Socket,
    /// Does anything with sockets, as said by the first argument.
    SocketCall,
    /// Waits for the supervisor's answer.
    Watched,
    /// Likewise, if it may create a file, as said by the flags in this argument.
    WatchedIfCreating(usize),
}

/// Which kinds of sockets a tool may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sockets {
    /// All of them: the tool has the host's network.
    All,
    /// Those that a network namespace keeps in, which leaves out the hypervisor's.
    Contained,
    /// Those that reach no other machine.
    Local,
}

/// Installs the filter for `request` in this process and all that it starts.
///
/// Returns where the supervisor hears of watched calls, if any are.
pub(crate) fn install(request: &Request) -> io::Result<Option<OwnedFd>> {
    let sockets = match (request.call.network, request.rung.has_namespaces()) {
        (Network::Host, _) => Sockets::All,
        (Network::None, true) => Sockets::Contained,
        (Network::None, false) => Sockets::Local,
    };
    let is_watched = request.rung == Rung::SingleId;
    let program = program(&tables(is_watched), sockets);
    load(&program, is_watched)
}

fn tables(is_watched: bool) -> Vec<Table> {
    let mut tables = vec![numbers::native()];
    if !is_watched {
        tables.extend(numbers::compatible());
        return tables;
    }
    tables[0].calls.extend(watches(true));
    // Other kinds of programs would not be watched, and are refused every call.
    if cfg!(target_arch = "x86_64") {
        tables.extend(numbers::compatible());
        tables[1].calls.extend(watches(false));
    }
    tables
}

fn watches(is_native: bool) -> impl Iterator<Item = (u32, Treatment)> {
    owners::watched(is_native).into_iter().map(|(number, watch)| match watch {
        Watch::Make { flags: OpenFlags::Argument(index), .. } => {
            (number, Treatment::WatchedIfCreating(index))
        }
        _ => (number, Treatment::Watched),
    })
}

fn load(program: &[libc::sock_filter], is_watched: bool) -> io::Result<Option<OwnedFd>> {
    let fast = libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    if !is_watched {
        return load_with(program, fast).map(|_| None);
    }
    let watched = fast | libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    // Before Linux 5.19 a signal may make a waiting call fail.
    let fd = load_with(program, watched | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
        .or_else(|_| load_with(program, watched))?;
    // SAFETY: with this flag the call returns a new descriptor, which nobody else knows.
    Ok(Some(unsafe { OwnedFd::from_raw_fd(fd) }))
}

fn load_with(program: &[libc::sock_filter], flags: libc::c_ulong) -> io::Result<RawFd> {
    let length = u16::try_from(program.len()).map_err(io::Error::other)?;
    let program = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut() };
    let mode = libc::SECCOMP_SET_MODE_FILTER;
    // SAFETY: the kernel copies the program, whose length is right.
    match unsafe { libc::syscall(libc::SYS_seccomp, mode, flags, &raw const program) } {
        -1 => Err(io::Error::last_os_error()),
        code => Ok(code as RawFd),
    }
}

// Offsets into the kernel's `struct seccomp_data`.
const NUMBER: u32 = 0;
const AUDIT: u32 = 4;
const FIRST_ARGUMENT: u32 = if cfg!(target_endian = "big") { 20 } else { 16 };

/// Returns the offset of an argument's lower half.
fn argument(index: usize) -> u32 {
    FIRST_ARGUMENT + 8 * index as u32
}

/// System call numbers from here on belong to x86-64's x32 programs.
const X32: u32 = 0x4000_0000;

fn program(tables: &[Table], sockets: Sockets) -> Vec<libc::sock_filter> {
    let mut program = vec![load_word(AUDIT)];
    for table in tables {
        let block = block(table, sockets);
        program.push(jump_if_equal(table.audit, 1, 0));
        program.push(jump(block.len()));
        program.extend(block);
    }
    program.push(fail(libc::ENOSYS));
    program
}

fn block(table: &Table, sockets: Sockets) -> Vec<libc::sock_filter> {
    let mut block = vec![load_word(NUMBER)];
    if cfg!(target_arch = "x86_64") {
        block.push(jump_if_at_least(X32, 0, 1));
        block.push(fail(libc::ENOSYS));
    }
    for &(number, treatment) in &table.calls {
        let body = treat(treatment, sockets);
        block.push(jump_if_equal(number, 0, body.len() as u8));
        block.extend(body);
    }
    block.push(give(libc::SECCOMP_RET_ALLOW));
    block
}

/// Returns what to do once the number matched; it always ends in an answer.
fn treat(treatment: Treatment, sockets: Sockets) -> Vec<libc::sock_filter> {
    match (treatment, sockets) {
        (Treatment::Done, _) => vec![fail(0)],
        (Treatment::Forbidden, _) => vec![fail(libc::EPERM)],
        (Treatment::Absent, _) => vec![fail(libc::ENOSYS)],
        (Treatment::Watched, _) => vec![give(libc::SECCOMP_RET_USER_NOTIF)],
        (Treatment::WatchedIfCreating(index), _) => vec![
            load_word(argument(index)),
            jump_if_any(libc::O_CREAT.cast_unsigned(), 0, 1),
            give(libc::SECCOMP_RET_USER_NOTIF),
            give(libc::SECCOMP_RET_ALLOW),
        ],
        (Treatment::Socket, Sockets::All)
        | (Treatment::SocketCall, Sockets::All | Sockets::Contained) => {
            vec![give(libc::SECCOMP_RET_ALLOW)]
        }
        (Treatment::Socket, Sockets::Contained) => {
            allow_only(&[libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK])
        }
        (Treatment::Socket, Sockets::Local) => allow_only(&[libc::AF_UNIX, libc::AF_NETLINK]),
        (Treatment::SocketCall, Sockets::Local) => {
            // The kind of socket lies in memory, out of the filter's sight: none can be made.
            const MAKE_SOCKET: u32 = 1;
            vec![
                load_word(FIRST_ARGUMENT),
                jump_if_equal(MAKE_SOCKET, 0, 1),
                fail(libc::EAFNOSUPPORT),
                give(libc::SECCOMP_RET_ALLOW),
            ]
        }
    }
}

fn allow_only(families: &[libc::c_int]) -> Vec<libc::sock_filter> {
    let mut body = vec![load_word(FIRST_ARGUMENT)];
    for family in families {
        body.push(jump_if_equal(family.cast_unsigned(), 0, 1));
        body.push(give(libc::SECCOMP_RET_ALLOW));
    }
    body.push(fail(libc::EAFNOSUPPORT));
    body
}

fn fail(errno: libc::c_int) -> libc::sock_filter {
    give(libc::SECCOMP_RET_ERRNO | errno.cast_unsigned())
}

fn give(answer: u32) -> libc::sock_filter {
    instruction(libc::BPF_RET | libc::BPF_K, answer, 0, 0)
}

fn load_word(offset: u32) -> libc::sock_filter {
    instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset, 0, 0)
}

fn jump(distance: usize) -> libc::sock_filter {
    instruction(libc::BPF_JMP | libc::BPF_JA, distance as u32, 0, 0)
}

fn jump_if_equal(value: u32, then: u8, otherwise: u8) -> libc::sock_filter {
    instruction(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, value, then, otherwise)
}

fn jump_if_at_least(value: u32, then: u8, otherwise: u8) -> libc::sock_filter {
    instruction(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, value, then, otherwise)
}

fn jump_if_any(bits: u32, then: u8, otherwise: u8) -> libc::sock_filter {
    instruction(libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K, bits, then, otherwise)
}

fn instruction(code: u32, k: u32, jt: u8, jf: u8) -> libc::sock_filter {
    libc::sock_filter { code: code as u16, jt, jf, k }
}

#[cfg(test)]
mod tests;
