//! Runs a call for real: starts the sandbox process, listens, and brings back the result.

use std::io::{self, PipeReader, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::call::{ToolCall, ToolOutput, ToolStatus};
use crate::child::SANDBOX_ARGUMENT;
use crate::error::Error;
use crate::owners;
use crate::rung::Rung;
use crate::runner::ToolRunner;
use crate::tail::Tail;
use crate::wire::{self, Report, Request};

/// Runs tools in a sandbox of this process's rung.
#[derive(Debug)]
pub struct Sandbox {
    rung: Rung,
}

impl Sandbox {
    /// Returns a sandbox for a process that is on `rung` already.
    ///
    /// Rungs that [must be entered](Rung::must_be_entered) are entered by [`enter`](crate::enter).
    pub fn new(rung: Rung) -> Result<Self, Error> {
        if rung == Rung::SingleId && !owners::is_supported() {
            let reason = "owners cannot be recorded on this kind of processor".into();
            return Err(Error::Unavailable { rung, reason, fix: None });
        }
        match rung {
            Rung::Files => Err(Error::NoTools { rung }),
            Rung::SubordinateIds | Rung::SingleId | Rung::Root | Rung::Chroot => {
                Ok(Sandbox { rung })
            }
        }
    }

    fn request(&self, call: &ToolCall) -> Result<Request, Error> {
        let needs = |what| Err(Error::NeedsNamespaces { rung: self.rung, what });
        if !self.rung.has_namespaces() && !call.inputs.is_empty() {
            return needs("an input from the host");
        }
        let mut call = call.clone();
        call.root = fs_err::canonicalize(&call.root)
            .map_err(|source| Error::Setup { step: "find the guest's root".into(), source })?;
        Ok(Request { rung: self.rung, call })
    }
}

impl ToolRunner for Sandbox {
    fn run(&self, call: &ToolCall, line: &dyn Fn(&str)) -> Result<ToolOutput, Error> {
        let request = self.request(call)?;
        tracing::debug!(rung = %self.rung, %call, "run");
        let mut helper = Helper::start(&request)?;
        let mut tail = Tail::new(line);
        let deadline = call.time_limit.map(|limit| Instant::now() + limit);
        let in_time = helper.listen(&mut tail, deadline)?;
        let tail = tail.finish();
        if !in_time {
            return Ok(ToolOutput { status: ToolStatus::TimedOut, tail, owners: Vec::new() });
        }
        match helper.report()? {
            Report::Finished { status, owners } => Ok(ToolOutput { status, tail, owners }),
            Report::Failed { step, errno } => {
                Err(Error::Setup { step, source: io::Error::from_raw_os_error(errno) })
            }
            Report::SecondId { program, call } => Err(Error::NeedsMoreIds { program, call }),
        }
    }
}

/// A running sandbox process; dropping it kills the tool and everything that the tool started.
struct Helper {
    child: Child,
    socket: UnixStream,
    output: PipeReader,
}

impl Helper {
    fn start(request: &Request) -> Result<Self, Error> {
        let spawn = |source| Error::Spawn { source };
        let (socket, theirs) = UnixStream::pair().map_err(spawn)?;
        let (output, output_end) = io::pipe().map_err(spawn)?;
        let child = Command::new("/proc/self/exe")
            .arg(SANDBOX_ARGUMENT)
            .env_clear()
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(output_end.try_clone().map_err(spawn)?)
            .stderr(output_end)
            .spawn()
            .map_err(spawn)?;
        let mut helper = Helper { child, socket, output };
        helper.ask(request).map_err(|source| Error::Wire { source })?;
        Ok(helper)
    }

    fn ask(&mut self, request: &Request) -> io::Result<()> {
        self.socket.write_all(&serde_json::to_vec(request)?)?;
        self.socket.shutdown(Shutdown::Write)
    }

    /// Reads output to its end; false if the deadline came first.
    fn listen(&mut self, tail: &mut Tail<'_>, deadline: Option<Instant>) -> Result<bool, Error> {
        let wire = |source| Error::Wire { source };
        let mut buffer = [0; 16 << 10];
        loop {
            if !self.wait_for_output(deadline).map_err(wire)? {
                return Ok(false);
            }
            match self.output.read(&mut buffer).map_err(wire)? {
                0 => return Ok(true),
                count => tail.push(&buffer[..count]),
            }
        }
    }

    fn wait_for_output(&self, deadline: Option<Instant>) -> io::Result<bool> {
        let Some(deadline) = deadline else { return Ok(true) };
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
            let mut waiting = [PollFd::new(&self.output, PollFlags::IN)];
            match poll(&mut waiting, Some(&timeout)) {
                Ok(ready) => return Ok(ready > 0),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn report(&mut self) -> Result<Report, Error> {
        let mut bytes = Vec::new();
        self.socket.read_to_end(&mut bytes).map_err(|source| Error::Wire { source })?;
        wire::first_report(&bytes).ok_or(Error::Lost)
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // The helper takes the closed socket as the order to kill everything and leave.
        // Both calls fail only if it is gone already.
        let _ = self.socket.shutdown(Shutdown::Both);
        let _ = self.child.wait();
    }
}
