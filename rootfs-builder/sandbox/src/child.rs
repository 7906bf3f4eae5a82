//! The sandbox process outside the namespaces: starts the tool's world and watches both sides.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use crate::error::{Failure, Step};
use crate::init;
use crate::probe::{self, PROBE_ARGUMENT};
use crate::process;
use crate::rung::Rung;
use crate::wire::{self, Report};
use crate::workdir::{self, REMOVE_ARGUMENT};
use crate::world::World;

/// The hidden first argument that makes a program serve as a sandbox process.
pub(crate) const SANDBOX_ARGUMENT: &str = "__sandbox";

/// Serves as a sandbox process and does not return, if that is what this program was started for.
///
/// To be called first in `main`, before any thread exists.
pub fn dispatch() {
    let first = std::env::args_os().nth(1).unwrap_or_default();
    if first == OsStr::new(SANDBOX_ARGUMENT) {
        serve();
    } else if first == OsStr::new(PROBE_ARGUMENT) {
        probe::serve();
    } else if first == OsStr::new(REMOVE_ARGUMENT) {
        process::leave(workdir::serve_removal());
    } else {
        return;
    }
    process::leave(0);
}

fn serve() {
    // Without its streams there is nobody to tell: the other side sees that no report came.
    let Ok(streams) = Streams::take() else { return };
    let Streams { socket, output } = streams;
    let report = supervise(&socket, output).unwrap_or_else(Report::from);
    let _ = wire::send(&report, &socket);
}

/// What this process was started with, moved out of the way of the tool.
struct Streams {
    socket: UnixStream,
    output: OwnedFd,
}

impl Streams {
    fn take() -> io::Result<Self> {
        process::close_from(3)?;
        let socket = rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3)?;
        let output = rustix::io::fcntl_dupfd_cloexec(io::stdout(), 3)?;
        let null = process::open_null()?;
        rustix::stdio::dup2_stdin(&null)?;
        rustix::stdio::dup2_stdout(&null)?;
        rustix::stdio::dup2_stderr(&null)?;
        Ok(Streams { socket: socket.into(), output })
    }
}

/// Has the tool run. The output is closed on return: its end tells the build to read the report.
fn supervise(socket: &UnixStream, output: OwnedFd) -> Result<Report, Failure> {
    let request = wire::receive_request(socket).step("read the call")?;
    process::ignore_terminal_signals();
    if request.rung.has_namespaces() {
        process::die_with_parent().step("follow the build's death")?;
    } else {
        process::adopt_orphans().step("adopt orphans")?;
    }
    let identity = request.rung == Rung::Root;
    let report = World::start(&request, &output, identity)?.watch(socket, &request.call.owners)?;
    match &report {
        // Some hosts refuse even root a fresh /proc in a user namespace.
        Report::Failed { step, .. } if identity && step == init::PROC_STEP => {
            World::start(&request, &output, false)?.watch(socket, &request.call.owners)
        }
        _ => Ok(report),
    }
}
