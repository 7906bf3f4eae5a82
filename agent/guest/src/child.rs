//! What a new process does between fork and exec. It makes system calls only: in a program with
//! threads, another one may hold the allocator.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit};
use rustix::thread::{set_thread_gid, set_thread_groups, set_thread_uid};
use rustix::{fs, process, stdio};

use crate::kernel::{self, Pointers};

/// All that was decided before the fork.
pub(crate) struct Program<'a> {
    pub(crate) candidates: &'a [CString],
    pub(crate) arguments: Pointers<'a>,
    pub(crate) environment: Pointers<'a>,
    /// Tried in turn.
    pub(crate) directories: &'a [CString],
    pub(crate) user: rustix::fs::Uid,
    pub(crate) group: rustix::fs::Gid,
    pub(crate) groups: Vec<rustix::fs::Gid>,
    pub(crate) open_files: Rlimit,
    pub(crate) input: &'a OwnedFd,
    pub(crate) output: &'a OwnedFd,
    pub(crate) errors: &'a OwnedFd,
    pub(crate) is_terminal: bool,
    /// Where a failure is reported; closed by a successful exec.
    pub(crate) report: &'a OwnedFd,
}

/// What a child could not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Streams,
    User,
    Directory,
    Program,
}

impl Step {
    const ALL: [Self; 4] = [Self::Streams, Self::User, Self::Directory, Self::Program];
}

/// Reads what a child reported.
pub(crate) fn failure(report: &[u8]) -> Option<(Step, Errno)> {
    let (step, errno) = report.split_first()?;
    let errno = i32::from_le_bytes(errno.try_into().ok()?);
    let step = Step::ALL.into_iter().find(|known| *known as u8 == *step)?;
    Some((step, Errno::from_raw_os_error(errno)))
}

/// Never comes back.
pub(crate) fn become_program(program: &Program<'_>) -> ! {
    let Err((step, errno)) = attempt(program);
    let [a, b, c, d] = errno.raw_os_error().to_le_bytes();
    // Nobody is left to tell if this fails.
    let _ = rustix::io::write(program.report, &[step as u8, a, b, c, d]);
    kernel::exit(127)
}

enum Never {}

fn attempt(program: &Program<'_>) -> Result<Never, (Step, Errno)> {
    be_ordinary();
    streams(program).map_err(|errno| (Step::Streams, errno))?;
    user(program).map_err(|errno| (Step::User, errno))?;
    directory(program.directories).map_err(|errno| (Step::Directory, errno))?;
    Err((Step::Program, execute(program)))
}

/// Gives up the protection from running out of memory that a service's unit gives the agent.
fn be_ordinary() {
    let flags = fs::OFlags::WRONLY | fs::OFlags::CLOEXEC;
    // Without /proc there is nothing to give up.
    if let Ok(file) = fs::open(c"/proc/self/oom_score_adj", flags, fs::Mode::empty()) {
        let _ = rustix::io::write(&file, b"0");
    }
}

fn streams(program: &Program<'_>) -> Result<(), Errno> {
    process::setsid()?;
    if program.is_terminal {
        process::ioctl_tiocsctty(program.input)?;
        // A user other than root must be able to open its own terminal by name.
        let _ = fs::fchown(program.input.as_fd(), Some(program.user), None);
    }
    stdio::dup2_stdin(program.input)?;
    stdio::dup2_stdout(program.output)?;
    stdio::dup2_stderr(program.errors)?;
    process::setrlimit(Resource::Nofile, program.open_files)?;
    kernel::reset_signals();
    kernel::block_signals(0)
}

fn user(program: &Program<'_>) -> Result<(), Errno> {
    match set_thread_groups(&program.groups) {
        // Where one is not root, one stays who one is.
        Err(Errno::PERM) if program.user == process::geteuid() => return Ok(()),
        other => other?,
    }
    set_thread_gid(program.group)?;
    set_thread_uid(program.user)
}

fn directory(directories: &[CString]) -> Result<(), Errno> {
    let mut result = Ok(());
    for directory in directories {
        result = process::chdir(directory.as_c_str());
        if result.is_ok() {
            break;
        }
    }
    result
}

/// As `execvp` searches: what is missing is passed over, what is forbidden is remembered.
fn execute(program: &Program<'_>) -> Errno {
    let mut remembered = Errno::NOENT;
    for candidate in program.candidates {
        let path: &CStr = candidate;
        match kernel::execute(path, &program.arguments, &program.environment) {
            Errno::NOENT | Errno::NOTDIR => {}
            Errno::ACCESS => remembered = Errno::ACCESS,
            other => return other,
        }
    }
    remembered
}
