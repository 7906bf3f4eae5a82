//! Finds out which rungs this host offers, by trying each in a process that ends at once.

use std::io::{self, Read};
use std::process::{Child, Command, Stdio};

use rustix::process::WaitOptions;

use crate::call::ToolCall;
use crate::enter::spawn_on;
use crate::error::{Error, Failure, Step};
use crate::filter;
use crate::init;
use crate::process::{self, Fork};
use crate::run::Sandbox;
use crate::rung::Rung;
use crate::view::View;
use crate::wire::{self, Report, Request};

mod advice;

/// The rungs that can run tools, the preferred one first: with root's rights already there, giving
/// them up would only cost ids.
const TOOL_RUNGS: [Rung; 4] = [Rung::Root, Rung::SubordinateIds, Rung::SingleId, Rung::Chroot];

use advice::Facts;

/// The hidden first argument that makes a program try the rung named next.
pub(crate) const PROBE_ARGUMENT: &str = "__sandbox-probe";

/// The machine that this runs on.
#[derive(Debug)]
pub struct Host;

/// Which rungs a host offers to this user, lowest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostReport {
    /// One entry per rung.
    pub rungs: Vec<RungReport>,
}

/// Whether one rung works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RungReport {
    /// The rung.
    pub rung: Rung,
    /// Whether it works.
    pub verdict: Verdict,
}

/// Whether something works, and if not, what would change that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It was tried and it works.
    Works,
    /// It does not work.
    Missing {
        /// Why.
        reason: String,
        /// The one line that fixes it, if there is one.
        fix: Option<String>,
    },
}

impl Host {
    /// Tries every rung, and changes nothing.
    pub fn probe() -> HostReport {
        let rungs = std::thread::scope(|scope| {
            let probes = Rung::ALL.map(|rung| (rung, scope.spawn(move || try_rung(rung))));
            probes.map(|(rung, probe)| {
                let broken = || Verdict::Missing { reason: "the probe broke".into(), fix: None };
                RungReport { rung, verdict: probe.join().unwrap_or_else(|_| broken()) }
            })
        });
        let mut report = HostReport { rungs: rungs.into() };
        report.put_namespaces_before_ids();
        report
    }

    /// Returns the lowest rung that works and can run tools; if none does, why.
    pub fn rung_for_tools() -> Result<Rung, HostReport> {
        // What works is tried first and alone: that is all a build needs to know.
        let works = |rung: &Rung| try_rung(*rung) == Verdict::Works;
        TOOL_RUNGS.into_iter().find(works).ok_or_else(Self::probe)
    }
}

impl HostReport {
    /// Returns whether `rung` works.
    pub fn verdict(&self, rung: Rung) -> &Verdict {
        const UNKNOWN: &Verdict = &Verdict::Missing { reason: String::new(), fix: None };
        self.rungs.iter().find(|report| report.rung == rung).map_or(UNKNOWN, |found| &found.verdict)
    }

    /// Where no namespace can be had, more ids would not help: the first obstacle is told.
    fn put_namespaces_before_ids(&mut self) {
        let single = self.verdict(Rung::SingleId).clone();
        let is_late = |report: &&mut RungReport| {
            report.rung == Rung::SubordinateIds && report.verdict != Verdict::Works
        };
        if let (Verdict::Missing { .. }, Some(report)) =
            (&single, self.rungs.iter_mut().find(is_late))
        {
            report.verdict = single;
        }
    }

    /// Returns the lowest rung that works and can run tools.
    pub fn lowest_for_tools(&self) -> Option<Rung> {
        TOOL_RUNGS.into_iter().find(|&rung| *self.verdict(rung) == Verdict::Works)
    }
}

fn try_rung(rung: Rung) -> Verdict {
    if rung == Rung::Files {
        return Verdict::Works;
    }
    if !rung.must_be_entered() && !rustix::process::geteuid().is_root() {
        return Verdict::Missing { reason: "this is not root".into(), fix: None };
    }
    if let Err(Error::Unavailable { reason, fix, .. }) = Sandbox::new(rung) {
        return Verdict::Missing { reason, fix };
    }
    let mut command = Command::new("/proc/self/exe");
    command.arg(PROBE_ARGUMENT).arg(name_of(rung)).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    match spawn_on(rung, &mut command).and_then(hear) {
        Ok(Report::Finished { .. }) => Verdict::Works,
        Ok(Report::Failed { step, errno }) => Facts::gather().explain(&step, errno),
        Ok(Report::SecondId { .. }) => {
            Verdict::Missing { reason: "the probe broke".into(), fix: None }
        }
        Err(Error::Unavailable { reason, fix, .. }) => Verdict::Missing { reason, fix },
        Err(Error::Spawn { source }) => {
            let errno = source.raw_os_error().unwrap_or(libc::EIO);
            Facts::gather().explain("make a user namespace", errno)
        }
        Err(other) => Verdict::Missing { reason: other.to_string(), fix: None },
    }
}

fn hear(mut child: Child) -> Result<Report, Error> {
    let wire = |source| Error::Wire { source };
    let mut said = Vec::new();
    if let Some(output) = &mut child.stdout {
        output.read_to_end(&mut said).map_err(wire)?;
    }
    child.wait().map_err(wire)?;
    wire::first_report(&said).ok_or(Error::Lost)
}

fn name_of(rung: Rung) -> &'static str {
    match rung {
        Rung::Files => "files",
        Rung::SubordinateIds => "subordinate-ids",
        Rung::SingleId => "single-id",
        Rung::Root => "root",
        Rung::Chroot => "chroot",
    }
}

/// Tries the rung named by the second argument, in a process started for that.
pub(crate) fn serve() {
    let name = std::env::args().nth(2).unwrap_or_default();
    let Some(rung) = Rung::ALL.into_iter().find(|&rung| name_of(rung) == name) else { return };
    let report = attempt(rung).map_or_else(Report::from, |()| Report::done());
    // The other side sees that nothing came.
    let _ = wire::send(&report, io::stdout());
}

fn attempt(rung: Rung) -> Result<(), Failure> {
    if !rung.has_namespaces() {
        return rustix::process::chroot("/").step("change the root");
    }
    // Any directory serves as the guest's root, since no tool is started.
    let request = Request { rung, call: ToolCall::new("/dev", "/none") };
    match process::fork(init::namespaces(&request)).step("make namespaces")? {
        Fork::Child => {
            let report = try_world(&request).map_or_else(Report::from, |()| Report::done());
            let _ = wire::send(&report, io::stdout());
            process::leave(0)
        }
        Fork::Parent(child) => {
            rustix::process::waitpid(Some(child), WaitOptions::empty()).step("wait")?;
            // The child was heard first.
            Ok(())
        }
    }
}

/// Does what the first processes of a tool's world do, up to the tool.
fn try_world(request: &Request) -> Result<(), Failure> {
    View::build(&request.call, false)?;
    rustix::thread::set_no_new_privs(true).step("give up new privileges")?;
    filter::install(request).step("install the system call filter")?;
    Ok(())
}
