//! Starts a command: pipes or a terminal, an account, and a process.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

use agent_protocol::{Start, TerminalSize};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{self, Mode, OFlags};
use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, PidfdFlags, Rlimit, pidfd_open};
use rustix::pty::{self, OpenptFlags};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::accounts::{self, Account};
use crate::child::{self, Program};
use crate::environment;
use crate::kernel::{self, Forked, Pointers};
use crate::small_file;

/// A process that is about to become the program.
pub(crate) struct Spawned {
    pub(crate) process: Pid,
    /// Readable when the process ended; kernels before 5.3 have none.
    pub(crate) watch: Option<OwnedFd>,
    /// Says why there is no program, or ends when there is.
    pub(crate) report: OwnedFd,
    pub(crate) input: Option<OwnedFd>,
    pub(crate) output: OwnedFd,
    pub(crate) errors: Option<OwnedFd>,
}

/// Why something was not done.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) errno: Errno,
    pub(crate) text: Vec<u8>,
}

impl Refusal {
    pub(crate) fn new(errno: Errno, what: &str, name: &[u8]) -> Self {
        let shown = name.get(..name.len().min(1024)).unwrap_or_default();
        let text = if shown.is_empty() {
            what.as_bytes().to_vec()
        } else {
            [what.as_bytes(), b": ", shown].concat()
        };
        Self { errno, text }
    }
}

/// Begins; whether there is such a program is known when `report` ends.
pub(crate) fn spawn(start: &Start, open_files: Rlimit) -> Result<Spawned, Refusal> {
    let no_streams = |errno| Refusal::new(errno, "no pipe or terminal", b"");
    spawn_with(start, open_files, Streams::open(start).map_err(no_streams)?)
}

fn spawn_with(start: &Start, open_files: Rlimit, streams: Streams) -> Result<Spawned, Refusal> {
    let account = account(&start.user)?;
    let invalid = |what| Refusal::new(Errno::INVAL, what, b"");
    let variables = environment::variables(start, &account)
        .ok_or_else(|| invalid("a variable without a name"))?;
    let program = start.arguments.first().ok_or_else(|| invalid("no program"))?;
    let candidates = environment::candidates(program, &variables)
        .ok_or_else(|| invalid("a zero byte in a path"))?;
    let arguments = c_strings(&start.arguments)?;
    let directories = directories(start, &account)?;
    let program = Program {
        candidates: &candidates,
        arguments: Pointers::new(arguments.iter().map(CString::as_c_str)),
        environment: Pointers::new(variables.iter().map(CString::as_c_str)),
        directories: &directories,
        user: fs::Uid::from_raw(account.user),
        group: fs::Gid::from_raw(account.group),
        groups: account.groups.iter().map(|group| fs::Gid::from_raw(*group)).collect(),
        open_files,
        input: &streams.child_input,
        output: &streams.child_output,
        errors: &streams.child_errors,
        is_terminal: start.terminal.is_some(),
        report: &streams.child_report,
    };
    let no_process = |errno| Refusal::new(errno, "no process", b"");
    let process = match kernel::fork().map_err(no_process)? {
        Forked::Child => child::become_program(&program),
        Forked::Parent(process) => Pid::from_raw(process).ok_or_else(|| no_process(Errno::SRCH))?,
    };
    let watch = pidfd_open(process, PidfdFlags::empty()).ok();
    let Streams { report, input, output, errors, .. } = streams;
    Ok(Spawned { process, watch, report, input, output, errors })
}

fn account(user: &[u8]) -> Result<Account, Refusal> {
    let passwd = small_file::read(c"/etc/passwd").unwrap_or_default();
    let group = small_file::read(c"/etc/group").unwrap_or_default();
    accounts::find(user, &passwd, &group)
        .ok_or_else(|| Refusal::new(Errno::NOENT, "no such user", user))
}

/// A home that is missing is no failure unless it was asked for.
fn directories(start: &Start, account: &Account) -> Result<Vec<CString>, Refusal> {
    if start.directory.is_empty() {
        c_strings(&[account.home.clone(), b"/".to_vec()])
    } else {
        c_strings(core::slice::from_ref(&start.directory))
    }
}

fn c_strings(strings: &[Vec<u8>]) -> Result<Vec<CString>, Refusal> {
    let zero = |_| Refusal::new(Errno::INVAL, "a zero byte in a string", b"");
    strings.iter().map(|string| CString::new(string.clone()).map_err(zero)).collect()
}

/// Both ends of all that connects the agent and a command.
struct Streams {
    report: OwnedFd,
    input: Option<OwnedFd>,
    output: OwnedFd,
    errors: Option<OwnedFd>,
    child_report: OwnedFd,
    child_input: OwnedFd,
    child_output: OwnedFd,
    child_errors: OwnedFd,
}

impl Streams {
    fn open(start: &Start) -> Result<Self, Errno> {
        let (report, child_report) = pipe_with(PipeFlags::CLOEXEC)?;
        never_wait(&report)?;
        match start.terminal {
            Some(size) => Self::terminal(size, report, child_report),
            None => Self::pipes(start.has_input, report, child_report),
        }
    }

    fn terminal(size: TerminalSize, report: OwnedFd, child_report: OwnedFd) -> Result<Self, Errno> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = pty::openpt(flags)?;
        pty::unlockpt(&ours)?;
        resize(&ours, size)?;
        let child_input = pty::ioctl_tiocgptpeer(&ours, flags)?;
        never_wait(&ours)?;
        Ok(Self {
            report,
            input: Some(duplicate(&ours)?),
            output: ours,
            errors: None,
            child_report,
            child_output: duplicate(&child_input)?,
            child_errors: duplicate(&child_input)?,
            child_input,
        })
    }

    fn pipes(has_input: bool, report: OwnedFd, child_report: OwnedFd) -> Result<Self, Errno> {
        let (output, child_output) = pipe_with(PipeFlags::CLOEXEC)?;
        let (errors, child_errors) = pipe_with(PipeFlags::CLOEXEC)?;
        never_wait(&output)?;
        never_wait(&errors)?;
        let (child_input, input) = if has_input {
            let (child_input, input) = pipe_with(PipeFlags::CLOEXEC)?;
            never_wait(&input)?;
            (child_input, Some(input))
        } else {
            (fs::open(c"/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?, None)
        };
        let errors = Some(errors);
        Ok(Self {
            report,
            input,
            output,
            errors,
            child_report,
            child_input,
            child_output,
            child_errors,
        })
    }

    /// None to anybody: what is said goes where the agent's own words go.
    fn alone() -> Result<Self, Errno> {
        let (report, child_report) = pipe_with(PipeFlags::CLOEXEC)?;
        let words = || fcntl_dupfd_cloexec(kernel::standard_output(), 3);
        let child_input = fs::open(c"/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self {
            report,
            input: None,
            output: words()?,
            errors: None,
            child_report,
            child_input,
            child_output: words()?,
            child_errors: words()?,
        })
    }
}

/// Tells a terminal, and what runs in it, its size.
pub(crate) fn resize(terminal: &OwnedFd, size: TerminalSize) -> Result<(), Errno> {
    let (ws_row, ws_col) = (size.rows, size.columns);
    tcsetwinsize(terminal, Winsize { ws_row, ws_col, ws_xpixel: 0, ws_ypixel: 0 })
}

/// Makes reads and writes come back at once.
pub(crate) fn never_wait(descriptor: impl AsFd) -> Result<(), Errno> {
    let flags = fs::fcntl_getfl(&descriptor)?;
    fs::fcntl_setfl(descriptor, flags | OFlags::NONBLOCK)
}

fn duplicate(descriptor: &OwnedFd) -> Result<OwnedFd, Errno> {
    fcntl_dupfd_cloexec(descriptor, 3)
}

/// Starts a program that nobody speaks with.
pub(crate) fn run_alone(arguments: &[&CStr], open_files: Rlimit) -> Result<Pid, Refusal> {
    let arguments = arguments.iter().map(|argument| argument.to_bytes().to_vec()).collect();
    let start = Start { arguments, ..Start::default() };
    // Pipes that nobody reads would end it with its first word.
    let streams = Streams::alone().map_err(|errno| Refusal::new(errno, "no stream", b""))?;
    spawn_with(&start, open_files, streams).map(|spawned| spawned.process)
}
