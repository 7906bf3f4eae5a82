//! The processes of machines: nothing survives its caller.
//!
//! The caller's program is run again; this helper asks the kernel to be killed with its parent,
//! and becomes the hypervisor, which keeps that wish. There is no file or socket with a name, so
//! whatever kills the caller, nothing is left.

// The one door of this crate to processes: a machine must outlive the call that starts it, and
// needs devices and the network, so it cannot be a tool in the sandbox.
#![allow(clippy::disallowed_types)]

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, PidfdFlags, Signal};

use crate::error::Tail;
use crate::locks::{locked, wait_on};
use crate::text::Lines;

/// The hidden first argument that makes a program become a hypervisor.
const MACHINE_ARGUMENT: &str = "__machine";
/// What a shell exits with when it does not find a program.
const NOT_FOUND_STATUS: i32 = 127;
const NOT_STARTED_STATUS: i32 = 126;
const LOOK_EVERY: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
const ERROR_LINES: usize = 20;

/// Becomes a machine's process, if that is what this program was started for.
///
/// To be called first in `main`, before any thread exists.
pub fn dispatch() {
    let mut words = std::env::args_os().skip(1);
    if words.next().as_deref() != Some(OsStr::new(MACHINE_ARGUMENT)) {
        return;
    }
    std::process::exit(become_hypervisor(words));
}

/// Returns only if it did not work: with an exit status.
fn become_hypervisor(mut words: impl Iterator<Item = OsString>) -> i32 {
    let parent = words.next().and_then(|word| word.to_str()?.parse::<i32>().ok());
    let (Some(parent), Some(program)) = (parent, words.next()) else { return NOT_STARTED_STATUS };
    if rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).is_err() {
        return NOT_STARTED_STATUS;
    }
    // The parent may have died before the wish was known.
    if rustix::process::getppid() != Pid::from_raw(parent) {
        return NOT_STARTED_STATUS;
    }
    let error = Command::new(&program).args(words).exec();
    // There is nobody to tell if this fails.
    let _ = writeln!(io::stderr(), "{}: {error}", program.display());
    if error.kind() == io::ErrorKind::NotFound { NOT_FOUND_STATUS } else { NOT_STARTED_STATUS }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    /// Its exit status, unless a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

impl End {
    pub(crate) fn is_missing(self) -> bool {
        self.code == Some(NOT_FOUND_STATUS)
    }
}

impl fmt::Display for End {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(formatter, "exit status {code}"),
            (None, Some(signal)) => write!(formatter, "signal {signal}"),
            (None, None) => formatter.write_str("no status"),
        }
    }
}

/// A process that ends with this one.
pub(crate) struct Process {
    shared: Arc<Shared>,
    handle: Arc<OwnedFd>,
}

#[derive(Default)]
struct Shared {
    end: Mutex<Option<End>>,
    has_ended: Condvar,
    errors: Mutex<Lines>,
}

/// Asked again and again while the process runs: whether it has to end.
pub(crate) type Verdict = Box<dyn FnMut() -> bool + Send>;

impl Process {
    /// Starts a program with a standard input and output.
    pub(crate) fn start(
        program: &OsStr,
        arguments: &[OsString],
        streams: (OwnedFd, OwnedFd),
        verdict: Verdict,
    ) -> io::Result<Self> {
        let mut command = Command::new("/proc/self/exe");
        let ourselves = rustix::process::getpid().as_raw_nonzero().to_string();
        command.arg(MACHINE_ARGUMENT).arg(ourselves).arg(program).args(arguments);
        command.stdin(streams.0).stdout(streams.1).stderr(Stdio::piped());
        // What the terminal sends to its foreground is the caller's to interpret.
        command.process_group(0);
        let shared = Arc::new(Shared::default());
        let (sender, receiver) = mpsc::channel();
        let kept = Arc::clone(&shared);
        // The kernel kills a child with the thread that made it, so this thread lives as long.
        let keeper = move || keep(command, &kept, verdict, &sender);
        std::thread::Builder::new().name("machine".into()).spawn(keeper)?;
        let handle = receiver.recv().map_err(io::Error::other)??;
        Ok(Process { shared, handle })
    }

    /// Waits until it ends, or until the time is over.
    pub(crate) fn wait(&self, limit: Option<Duration>) -> Option<End> {
        let until = limit.map(|limit| Instant::now() + limit);
        let mut end = locked(&self.shared.end);
        while end.is_none() && until.is_none_or(|until| Instant::now() < until) {
            end = wait_on(&self.shared.has_ended, end, until);
        }
        *end
    }

    /// The last lines of its standard error.
    pub(crate) fn errors(&self) -> Tail {
        locked(&self.shared.errors).tail()
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) {
        self.send(Signal::TERM);
    }

    /// Ends it.
    pub(crate) fn kill(&self) {
        self.send(Signal::KILL);
    }

    /// What can end it from elsewhere.
    pub(crate) fn killer(&self) -> Killer {
        Killer(Arc::clone(&self.handle))
    }

    fn send(&self, signal: Signal) {
        // It may have ended by itself.
        let _ = rustix::process::pidfd_send_signal(&*self.handle, signal);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        // A process that hangs in the kernel ends when the kernel lets it.
        self.wait(Some(Duration::from_secs(1)));
    }
}

/// Ends a process that somebody else waits for.
#[derive(Clone)]
pub(crate) struct Killer(Arc<OwnedFd>);

impl Killer {
    pub(crate) fn kill(&self) {
        // It may have ended by itself.
        let _ = rustix::process::pidfd_send_signal(&*self.0, Signal::KILL);
    }
}

type Started = mpsc::Sender<io::Result<Arc<OwnedFd>>>;

/// Starts a child, watches it, and tells its end.
fn keep(mut command: Command, shared: &Arc<Shared>, verdict: Verdict, sender: &Started) {
    let started = command.spawn().and_then(|mut child| {
        let handle = rustix::process::pidfd_open(Pid::from_child(&child), PidfdFlags::empty());
        let handle = handle.inspect_err(|_| drop(child.kill()))?;
        Ok((child, Arc::new(handle)))
    });
    // The command holds the child's ends of its streams, whose end others wait for.
    drop(command);
    let (mut child, handle) = match started {
        Ok(started) => started,
        Err(error) => return drop(sender.send(Err(error))),
    };
    let errors = child.stderr.take().map(|stream| listen(stream, Arc::clone(shared)));
    // Who started this waits for it.
    let _ = sender.send(Ok(Arc::clone(&handle)));
    watch(&mut child, &handle, verdict);
    let status = child.wait();
    // A grandchild could hold the stream; what is known by then must do.
    let patience = Instant::now() + Duration::from_millis(500);
    while errors.as_ref().is_some_and(|thread| !thread.is_finished()) && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(2));
    }
    let (code, signal) = status.map_or((None, None), |status| (status.code(), status.signal()));
    *locked(&shared.end) = Some(End { code, signal });
    shared.has_ended.notify_all();
}

fn watch(child: &mut Child, handle: &OwnedFd, mut verdict: Verdict) {
    loop {
        let mut readable = [PollFd::new(handle, PollFlags::IN)];
        match rustix::event::poll(&mut readable, Some(&LOOK_EVERY)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) | Err(_) => return,
        }
        if verdict() {
            // It may have ended by itself.
            let _ = child.kill();
            return;
        }
    }
}

fn listen(mut stream: ChildStderr, shared: Arc<Shared>) -> std::thread::JoinHandle<()> {
    *locked(&shared.errors) = Lines::new(ERROR_LINES);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            locked(&shared.errors).push(&buffer[..count], &mut |_| {});
        }
    })
}
