//! The tool's world, seen from outside: its start, its watch, its end.

use std::io::{self, PipeReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::error::{Failure, Step};
use crate::init::{self, Birth};
use crate::owners::{FileOwner, Supervisor, Violation};
use crate::privileges;
use crate::process::{self, Fork};
use crate::rung::Rung;
use crate::wire::{self, Report, Request};

/// The tool's world as its watcher sees it.
pub(crate) struct World {
    init: Pid,
    verdict: PipeReader,
    /// Where the tool hands over its system calls, if they are watched.
    listener: Option<UnixStream>,
    is_namespaced: bool,
}

impl World {
    /// Starts the first process of the tool's world.
    ///
    /// With `identity` it lives, if the host agrees, in a user namespace that maps every id to
    /// itself: root there may do with the guest's files what root may, and nothing to the kernel.
    pub(crate) fn start(
        request: &Request,
        output: &OwnedFd,
        identity: bool,
    ) -> Result<World, Failure> {
        let (verdict, verdict_end) = io::pipe().step("make a pipe")?;
        let (go, mut go_end) = io::pipe().step("make a pipe")?;
        let (listener, supervisor) = match request.rung {
            Rung::SingleId => UnixStream::pair()
                .map(|(ours, theirs)| (Some(ours), Some(theirs)))
                .step("make a socket")?,
            Rung::Files | Rung::SubordinateIds | Rung::Root | Rung::Chroot => (None, None),
        };
        let (fork, has_own_user) = fork_world(init::namespaces(request), identity)?;
        match fork {
            Fork::Child => {
                drop((verdict, go_end, listener));
                let verdict = verdict_end;
                let is_optional_user = has_own_user;
                init::main(Birth { request, output, go, verdict, supervisor, is_optional_user })
            }
            Fork::Parent(init) => {
                if has_own_user {
                    privileges::map_every_id(init).step("map ids")?;
                }
                go_end.write_all(b"1").step("release the sandbox")?;
                let is_namespaced = request.rung.has_namespaces();
                Ok(World { init, verdict, listener, is_namespaced })
            }
        }
    }

    /// Waits for the end of the tool, or of the build, and leaves no process behind.
    pub(crate) fn watch(
        mut self,
        socket: &UnixStream,
        owners: &[FileOwner],
    ) -> Result<Report, Failure> {
        let watched = self.listen(socket, owners);
        self.end();
        let (verdict, supervisor) = match watched? {
            Watched::Ended(verdict, supervisor) => (verdict, supervisor),
            Watched::Violated(Violation { program, call }) => {
                return Ok(Report::SecondId { program, call });
            }
        };
        let killed = "the tool's process was killed".into();
        let mut report = wire::first_report(&verdict)
            .unwrap_or(Report::Failed { step: killed, errno: libc::EINTR });
        if let (Report::Finished { owners, .. }, Some(supervisor)) = (&mut report, supervisor) {
            *owners = supervisor.owners();
        }
        Ok(report)
    }

    fn listen(&mut self, socket: &UnixStream, owners: &[FileOwner]) -> Result<Watched, Failure> {
        let mut supervisor = match self.listener.take() {
            Some(listener) => Supervisor::meet(&listener, self.init, owners)?,
            None => None,
        };
        let mut verdict = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            match next_event(socket, &self.verdict, supervisor.as_ref())
                .step("wait for the tool")?
            {
                Event::Call => {
                    let served = supervisor.as_mut().map_or(Ok(()), Supervisor::serve);
                    if let Err(violation) = served {
                        return Ok(Watched::Violated(violation));
                    }
                }
                Event::BuildGone => return Ok(Watched::Ended(Vec::new(), None)),
                Event::Verdict => match self.verdict.read(&mut buffer).step("wait for the tool")? {
                    0 => return Ok(Watched::Ended(verdict, supervisor)),
                    count => verdict.extend_from_slice(&buffer[..count]),
                },
            }
        }
    }

    /// Kills what is left. The end of a process namespace's first process ends all the others.
    fn end(&self) {
        // Both fail only if the process is gone.
        let _ = kill_process(self.init, Signal::KILL);
        let _ = waitpid(Some(self.init), WaitOptions::empty());
        if !self.is_namespaced {
            process::kill_descendants();
        }
    }
}

/// How a watch ended.
enum Watched {
    /// With what the tool's world said, and who owns its files.
    Ended(Vec<u8>, Option<Supervisor>),
    /// With a call that cannot be honoured.
    Violated(Violation),
}

/// What happened next.
enum Event {
    /// The tool's world said something, or ended.
    Verdict,
    /// A call waits for the supervisor.
    Call,
    /// The build is gone, and nobody wants the result.
    BuildGone,
}

fn next_event(
    socket: &UnixStream,
    verdict: &PipeReader,
    supervisor: Option<&Supervisor>,
) -> io::Result<Event> {
    loop {
        // No event is asked of the socket: its hang-up is reported in any case.
        let mut sources = vec![
            PollFd::from_borrowed_fd(socket.as_fd(), PollFlags::empty()),
            PollFd::from_borrowed_fd(verdict.as_fd(), PollFlags::IN),
        ];
        sources
            .extend(supervisor.map(|calls| PollFd::from_borrowed_fd(calls.as_fd(), PollFlags::IN)));
        match poll(&mut sources, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let happened =
            |index: usize| sources.get(index).map_or(PollFlags::empty(), PollFd::revents);
        if !happened(0).is_empty() {
            return Ok(Event::BuildGone);
        }
        // When the tool has ended, the calls of what it leaves behind do not count.
        if !happened(1).is_empty() {
            return Ok(Event::Verdict);
        }
        if happened(2).contains(PollFlags::IN) {
            return Ok(Event::Call);
        }
    }
}

/// Forks with `namespaces`, and with a user namespace if `identity` and the host agrees.
fn fork_world(namespaces: libc::c_int, identity: bool) -> Result<(Fork, bool), Failure> {
    if identity {
        match process::fork(namespaces | libc::CLONE_NEWUSER) {
            Err(error) if process::is_refusal(&error) => {}
            other => return Ok((other.step("make namespaces")?, true)),
        }
    }
    Ok((process::fork(namespaces).step("make namespaces")?, false))
}
