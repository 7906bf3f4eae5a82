//! The first process of the tool's world: builds the view, starts the tool, outlives orphans.
//!
//! It stays outside the guest's root, so that `/proc/1/root` is not the guest's `/`. Debian's
//! `ischroot` then says "in a chroot", and libc6's installation skips a `sleep 1`.

use std::io::{PipeReader, PipeWriter, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use rustix::process::{DumpableBehavior, Pid, WaitOptions};

use crate::call::{Network, ToolStatus};
use crate::emulation::{self, Emulation};
use crate::error::{Failure, Step};
use crate::process::{self, Fork};
use crate::rung::Rung;
use crate::stand_ins::StandIns;
use crate::view::View;
use crate::wire::{self, Report, Request};
use crate::{privileges, tool};

/// The step whose failure may be cured by doing without a user namespace.
pub(crate) const PROC_STEP: &str = "make /proc";

/// What the first process of a tool's world is given.
pub(crate) struct Birth<'a> {
    pub(crate) request: &'a Request,
    /// Where the tool's output goes.
    pub(crate) output: &'a OwnedFd,
    /// Ready to be read once the ids are mapped; closed if the parent died.
    pub(crate) go: PipeReader,
    /// Where the end is told.
    pub(crate) verdict: PipeWriter,
    /// Where the tool's calls are answered, if they are.
    pub(crate) supervisor: Option<UnixStream>,
    /// Whether this is a user namespace that can still be done without.
    pub(crate) is_optional_user: bool,
}

/// Returns the namespaces that a tool gets.
pub(crate) fn namespaces(request: &Request) -> libc::c_int {
    if !request.rung.has_namespaces() {
        return 0;
    }
    let own = libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;
    match request.call.network {
        Network::None => own | libc::CLONE_NEWNET,
        Network::Host => own,
    }
}

/// Is the first process of a tool's world, to its end.
pub(crate) fn main(birth: Birth<'_>) -> ! {
    let Birth { verdict, .. } = &birth;
    let report = match live(&birth) {
        Ok(status) => Report::Finished { status, owners: Vec::new() },
        Err(failure) => Report::from(failure),
    };
    // Nobody is left to be told if this fails.
    let _ = wire::send(&report, verdict);
    process::leave(0)
}

fn live(birth: &Birth<'_>) -> Result<ToolStatus, Failure> {
    process::die_with_parent().step("follow the build's death")?;
    if (&birth.go).read(&mut [0]).step("wait for ids")? == 0 {
        process::leave(0);
    }
    let request = birth.request;
    if !request.rung.has_namespaces() {
        let stand_ins = StandIns::make(&request.call.root)?;
        let status = run_tool(birth, None);
        stand_ins.remove()?;
        return status;
    }
    rustix::system::sethostname(b"localhost").step("set the host's name")?;
    rustix::system::setdomainname(b"(none)").step("set the domain's name")?;
    let _registration = register_emulator(birth)?;
    let view = View::build(&request.call, birth.is_optional_user)?;
    run_tool(birth, Some(view))
}

/// Registers the emulator that the call names, for the tool's world alone.
fn register_emulator(birth: &Birth<'_>) -> Result<Option<OwnedFd>, Failure> {
    let Emulation::Private { machine, interpreter } = &birth.request.call.emulation else {
        return Ok(None);
    };
    if birth.request.rung == Rung::Root && !birth.is_optional_user {
        let step = "register the emulator for this build alone".into();
        return Err(Failure { step, errno: libc::EPERM });
    }
    emulation::register(*machine, interpreter).map(Some)
}

fn run_tool(birth: &Birth<'_>, view: Option<View>) -> Result<ToolStatus, Failure> {
    match process::fork(0).step("fork")? {
        Fork::Child => tool::main(birth, view),
        Fork::Parent(tool) => {
            if view.is_some() {
                be_visible(birth.request.rung)?;
            }
            drop(view);
            wait_for(tool)
        }
    }
}

/// Lets the tool look at `/proc/1/root`.
///
/// It may only if this process has no capability more, and its memory is not marked as secret.
fn be_visible(rung: Rung) -> Result<(), Failure> {
    privileges::drop_unneeded(rung)?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::Dumpable).step("be visible")
}

/// Waits for the tool; other processes that end meanwhile are orphans, and only reaped.
fn wait_for(tool: Pid) -> Result<ToolStatus, Failure> {
    loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == tool => {
                let exited = status.exit_status().map(ToolStatus::Exited);
                let signalled = status.terminating_signal().map(ToolStatus::Signalled);
                return Ok(exited.or(signalled).unwrap_or(ToolStatus::Exited(127)));
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error).step("wait for the tool"),
        }
    }
}
