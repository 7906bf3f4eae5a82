//! Small process chores with no safe wrapper, or with one reason worth a name.

use std::io;
use std::mem::size_of;
use std::os::fd::OwnedFd;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::process::{Pid, Signal, WaitOptions};

/// On which side of a fork we woke up.
pub(crate) enum Fork {
    Child,
    Parent(Pid),
}

/// Forks, the child living in the new namespaces that `flags` name.
///
/// Only for processes without threads: the child goes on with ordinary code.
pub(crate) fn fork(flags: libc::c_int) -> io::Result<Fork> {
    let pid = if flags == 0 { plain_fork() } else { fork_with_namespaces(flags) };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        pid => Ok(Pid::from_raw(pid).map_or(Fork::Child, Fork::Parent)),
    }
}

fn plain_fork() -> libc::pid_t {
    // SAFETY: the process has a single thread, so the child's memory is consistent.
    unsafe { libc::fork() }
}

/// The first version of the kernel's `struct clone_args`, which every kernel with the call takes.
#[repr(C, align(8))]
#[derive(Default)]
struct CloneArguments {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
}

fn fork_with_namespaces(flags: libc::c_int) -> libc::pid_t {
    let arguments = CloneArguments {
        flags: u64::from(flags.cast_unsigned()),
        exit_signal: u64::from(libc::SIGCHLD.cast_unsigned()),
        ..CloneArguments::default()
    };
    // SAFETY: without CLONE_VM and a stack this is a fork; the process has a single thread.
    let pid =
        unsafe { libc::syscall(libc::SYS_clone3, &raw const arguments, size_of_val(&arguments)) };
    pid as libc::pid_t
}

const _: () = assert!(size_of::<CloneArguments>() == 64);

/// Tells whether the host refused, as against something being broken.
pub(crate) fn is_refusal(error: &io::Error) -> bool {
    let code = error.raw_os_error().unwrap_or(0);
    [libc::EPERM, libc::EACCES, libc::ENOSPC, libc::EINVAL, libc::ENOSYS, libc::EUSERS]
        .contains(&code)
}

/// Closes every file descriptor from `first` on.
pub(crate) fn close_from(first: u32) -> io::Result<()> {
    // SAFETY: plain numbers; whoever owns one of those descriptors has not been created yet.
    if unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) } == 0 {
        return Ok(());
    }
    // Older kernels, and seccomp profiles older than the call, do not have it.
    let numbers: Vec<i32> = fs_err::read_dir("/proc/self/fd")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    for number in numbers.into_iter().filter(|&number| number.cast_unsigned() >= first) {
        // SAFETY: as above; closing a number that is closed already is harmless here.
        unsafe { libc::close(number) };
    }
    Ok(())
}

/// Opens `/dev/null` for both directions.
pub(crate) fn open_null() -> io::Result<OwnedFd> {
    Ok(rustix::fs::openat(CWD, "/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?)
}

/// Has the kernel kill this process when its parent dies.
pub(crate) fn die_with_parent() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?)
}

/// Becomes the parent of every descendant whose parent dies.
pub(crate) fn adopt_orphans() -> io::Result<()> {
    Ok(rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?)
}

/// Outlives what the terminal sends to its whole process group: the build decides when to end.
pub(crate) fn ignore_terminal_signals() {
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT] {
        // SAFETY: installs no handler.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

/// Gives every signal its default meaning and unblocks all, since both are inherited by programs.
pub(crate) fn reset_signals() {
    for signal in 1..=libc::SIGRTMAX() {
        // SAFETY: installs no handler; the few numbers that cannot be set are refused harmlessly.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    // SAFETY: the set is initialised before it is used.
    unsafe {
        let mut none = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// Kills every descendant of a process that [adopts orphans](adopt_orphans).
pub(crate) fn kill_descendants() {
    // Each round kills the children; theirs then become ours, until none is left.
    while rustix::process::wait(WaitOptions::NOHANG).is_ok() {
        let Ok(children) = children() else { return };
        for child in children {
            // It may have ended meanwhile.
            let _ = rustix::process::kill_process(child, Signal::KILL);
        }
        if rustix::process::wait(WaitOptions::empty()).is_err() {
            return;
        }
    }
}

fn children() -> io::Result<Vec<Pid>> {
    let ours = rustix::process::getpid().as_raw_nonzero().to_string();
    let mut children = Vec::new();
    for entry in fs_err::read_dir("/proc")? {
        let Ok(name) = entry?.file_name().into_string() else { continue };
        let Ok(number) = name.parse() else { continue };
        // It may be gone by now.
        let Ok(stat) = fs_err::read_to_string(format!("/proc/{name}/stat")) else { continue };
        if parent_in_stat(&stat) == Some(&ours) {
            children.extend(Pid::from_raw(number));
        }
    }
    Ok(children)
}

/// Returns the parent's number; the program's name before it may hold anything.
fn parent_in_stat(stat: &str) -> Option<&str> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)
}

/// Ends this process without running anything that its other half may want to run.
pub(crate) fn leave(code: i32) -> ! {
    // SAFETY: takes a number and does not return.
    unsafe { libc::_exit(code) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_named_like_a_stat_line_does_not_hide_its_parent() {
        assert_eq!(parent_in_stat("12 (a) R 1 (b)) S 7 12 12 0"), Some("7"));
    }
}
