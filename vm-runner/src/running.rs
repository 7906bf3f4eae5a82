//! A machine that runs, and what its end means.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::acceleration::Accelerator;
use crate::console::{Console, Milestones};
use crate::error::{Error, Tail};
use crate::hypervisor::Hypervisor;
use crate::machine::Machine;
use crate::process::{End, Killer, Process};
use crate::session::{self, Session};

/// A machine to start, and how.
pub struct Launch<'a> {
    /// What the machine is.
    pub machine: &'a Machine,
    /// What makes a process of it.
    pub hypervisor: &'a dyn Hypervisor,
    /// What executes its instructions.
    pub accelerator: Accelerator,
    /// Where its console is shown while it runs, fit to be seen.
    pub live: Option<Box<dyn Write + Send>>,
    /// How long it may run.
    pub limit: Option<Duration>,
}

/// A machine that runs; it ends with this value, and with this process.
pub struct Running {
    process: Process,
    console: Console,
    agent: Option<UnixStream>,
    program: OsString,
    package: &'static str,
    limit: Option<Duration>,
    causes: Arc<Causes>,
}

/// Why we ended a machine, if we did.
#[derive(Default)]
struct Causes {
    is_overdue: AtomicBool,
    is_stopped: AtomicBool,
}

/// Ends a machine from another thread, such as one that handles signals.
#[derive(Clone)]
pub struct Stopper {
    killer: Killer,
    causes: Arc<Causes>,
}

impl Stopper {
    /// Ends the machine at once.
    pub fn stop(&self) {
        self.causes.is_stopped.store(true, Ordering::Relaxed);
        self.killer.kill();
    }
}

/// How long a kernel that gave up may go on telling why.
const PANIC_PATIENCE: Duration = Duration::from_secs(1);
/// How long a hypervisor that was asked to end may take to put its files in order.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// Starts a machine.
///
/// # Errors
///
/// If its description makes no sense, or the host cannot start a process. Whether the hypervisor
/// is there and takes the machine shows in what is waited for next.
pub fn start(launch: Launch<'_>) -> Result<Running, Error> {
    let Launch { machine, hypervisor, accelerator, live, limit } = launch;
    machine.check()?;
    hypervisor.check(machine)?;
    let program = hypervisor.program(machine.architecture);
    let failed = |source| Error::Start { program: program.clone(), source };
    let (agent, guests_agent) = UnixStream::pair().map_err(failed)?;
    let (console, guests_console) = UnixStream::pair().map_err(failed)?;
    let console = Console::listen(console, live).map_err(failed)?;
    let causes = Arc::new(Causes::default());
    let verdict = verdict(&console, limit, Arc::clone(&causes));
    let arguments = hypervisor.arguments(machine, accelerator);
    let streams = (OwnedFd::from(guests_agent), OwnedFd::from(guests_console));
    let process =
        Process::start(&program, &arguments, streams, Box::new(verdict)).map_err(failed)?;
    let package = hypervisor.package(machine.architecture);
    let agent = machine.has_agent_port.then_some(agent);
    Ok(Running { process, console, agent, program, package, limit, causes })
}

/// Tells when a machine has to end: its time is over, or its kernel gave up.
fn verdict(
    console: &Console,
    limit: Option<Duration>,
    causes: Arc<Causes>,
) -> impl FnMut() -> bool + Send + use<> {
    let start = Instant::now();
    let mut has_given_up = console.watcher(PANIC_PATIENCE);
    move || {
        let is_overdue = limit.is_some_and(|limit| start.elapsed() >= limit);
        if is_overdue {
            causes.is_overdue.store(true, Ordering::Relaxed);
        }
        is_overdue || has_given_up()
    }
}

impl Running {
    /// Waits for the agent at the machine's port; this can be done once.
    ///
    /// # Errors
    ///
    /// If the agent does not answer in time: why, as far as the console and the process tell.
    pub fn session(&mut self, limit: Duration) -> Result<Session, Error> {
        let stream = self.agent.take().ok_or(Error::NoPort)?;
        Session::open(stream, limit).map_err(|error| self.explain(error))
    }

    /// Waits until the machine ends by itself, as after a clean power-off.
    ///
    /// # Errors
    ///
    /// If it ends in another way.
    pub fn wait(&self) -> Result<(), Error> {
        loop {
            if let Some(end) = self.process.wait(None) {
                return self.judge(end);
            }
        }
    }

    /// Waits like [`Running::wait`], but not for ever; `None` if it still runs.
    ///
    /// # Errors
    ///
    /// If it ends in another way than by itself.
    pub fn wait_within(&self, patience: Duration) -> Result<Option<()>, Error> {
        self.process.wait(Some(patience)).map(|end| self.judge(end)).transpose()
    }

    /// Ends the machine; what it wrote to disks is kept where it should be.
    pub fn stop(&self) {
        self.causes.is_stopped.store(true, Ordering::Relaxed);
        self.process.terminate();
        if self.process.wait(Some(STOP_PATIENCE)).is_none() {
            self.process.kill();
            self.process.wait(Some(STOP_PATIENCE));
        }
    }

    /// What can stop the machine while another thread waits for it.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper { killer: self.process.killer(), causes: Arc::clone(&self.causes) }
    }

    /// How far the boot came by now.
    #[must_use]
    pub fn milestones(&self) -> Milestones {
        self.console.milestones()
    }

    /// The last lines of the console.
    #[must_use]
    pub fn console_tail(&self) -> Tail {
        self.console.tail()
    }

    /// Where keys for the console go, for a guest that reads them there.
    ///
    /// # Errors
    ///
    /// If the host has no descriptor left.
    pub fn console_input(&self) -> io::Result<impl Write + Send + use<>> {
        self.console.input()
    }

    /// Makes the machine's failure of a session's, where that is the reason.
    #[must_use]
    pub fn explain(&self, error: session::Error) -> Error {
        if !error.may_be_the_machine() {
            return Error::Session(error);
        }
        // A closed port is often the first thing that is seen of a machine's end.
        let patience = if error.is_closed() { STOP_PATIENCE } else { Duration::ZERO };
        if let Some(end) = self.process.wait(Some(patience)) {
            return self.judge(end).err().unwrap_or_else(|| Error::Ended {
                how: "it was switched off".into(),
                console: self.console.tail(),
            });
        }
        let session::Error::Silent { limit } = error else { return Error::Session(error) };
        let (limit, console) = (Some(limit), self.console.tail());
        match self.milestones().panic {
            Some(panic) => Error::Panic { line: panic.line, console },
            None if console.0.is_empty() => Error::NoKernel { limit },
            None => Error::NoAgent { limit, console },
        }
    }

    fn judge(&self, end: End) -> Result<(), Error> {
        self.console.settle();
        let console = self.console.tail();
        let program = || self.program.clone();
        if self.causes.is_stopped.load(Ordering::Relaxed) {
            return Err(Error::Stopped);
        }
        if end.is_missing() {
            return Err(Error::Missing { program: program(), package: self.package });
        }
        if let Some(panic) = self.milestones().panic {
            return Err(Error::Panic { line: panic.line, console });
        }
        if let (true, Some(limit)) = (self.causes.is_overdue.load(Ordering::Relaxed), self.limit) {
            return Err(match console.0.is_empty() {
                true => Error::NoKernel { limit: Some(limit) },
                false => Error::TimeLimit { limit, console },
            });
        }
        if let Some(refusal) = self.milestones().refusal {
            let line = refusal.line.trim_start_matches("osb: ").to_owned();
            return Err(Error::Unbootable { line, console });
        }
        match end.code {
            Some(0) => Ok(()),
            Some(_) if console.0.is_empty() => {
                let said = self.process.errors().0.join("; ");
                Err(Error::Refused { program: program(), said })
            }
            _ => {
                let said = self.process.errors().0.pop();
                let how = said.map_or(end.to_string(), |said| format!("{end}: {said}"));
                Err(Error::Ended { how, console })
            }
        }
    }
}
