//! Boots a machine once, and looks at each step.

use std::time::{Duration, Instant};

use agent_protocol::{Get, Power};
use vm_runner::{
    Accelerator, Error, Hypervisor, Launch, Machine, Milestones, Running, Session, session, start,
};

use super::steps::{Facts, RootPlace, init, steps};
use super::{Mark, Outcome, Step, units};
use crate::boot::Said;

/// What is booted, and how.
pub struct Machinery<'a> {
    /// The machine.
    pub machine: &'a Machine,
    /// What makes a process of it.
    pub hypervisor: &'a dyn Hypervisor,
    /// What executes its instructions.
    pub accelerator: Accelerator,
    /// Why nobody in the guest is spoken to, if so.
    pub silence: Option<&'a str>,
    /// How long everything may take.
    pub limit: Duration,
}

/// What was seen of a boot.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The steps in their order.
    pub steps: Vec<Mark>,
    /// What the guest's init could not start.
    pub failed_units: Vec<String>,
    /// What the guest uses of its memory when its boot is over.
    pub memory_used_bytes: Option<u64>,
    /// The console's last lines.
    pub console: Vec<String>,
}

/// How long an init that nobody can ask must stay alive to have been reached.
const INIT_PATIENCE: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How many lines of the console are kept: one screen.
const CONSOLE_LINES: usize = 20;
const MEMORY_INFO: &[u8] = b"/proc/meminfo";

/// Boots the machine and looks how far it comes.
///
/// # Errors
///
/// If this machine cannot boot anything; whatever the guest does is seen, not an error.
pub fn watch(machinery: &Machinery<'_>) -> Result<Seen, Error> {
    let clock = Clock { start: Instant::now(), limit: machinery.limit };
    let mut running = start(Launch {
        machine: machinery.machine,
        hypervisor: machinery.hypervisor,
        accelerator: machinery.accelerator,
        live: None,
        limit: Some(machinery.limit),
    })?;
    let mut seen = Seen::default();
    let end = match machinery.silence {
        None => speak(&mut running, &clock, &mut seen),
        Some(_) => look_on(&running, &clock),
    };
    running.stop();
    let told = running.milestones();
    let failure = match end {
        Err(error) if is_this_machines(&error) => return Err(error),
        end => end.err().map(|error| reason(&error, &told)),
    };
    seen.console = running.console_tail().0;
    let surplus = seen.console.len().saturating_sub(CONSOLE_LINES);
    seen.console.drain(..surplus);
    let asked = std::mem::take(&mut seen.steps);
    let root = match machinery.machine.disks.is_empty() {
        true => RootPlace::Initrd,
        false => RootPlace::Disk,
    };
    let silence = machinery.silence;
    seen.steps = steps(Facts { told: &told, asked, root, silence, failure });
    Ok(seen)
}

/// The time since a machine's start.
struct Clock {
    start: Instant,
    limit: Duration,
}

impl Clock {
    fn left(&self) -> Duration {
        self.limit.saturating_sub(self.start.elapsed())
    }

    fn passed(&self, step: Step, guest: Duration) -> Mark {
        let mut mark = Mark::new(step, Outcome::Passed);
        self.stamp(&mut mark, guest);
        mark
    }

    fn stamp(&self, mark: &mut Mark, guest: Duration) {
        mark.guest_seconds = Some(guest.as_secs_f64());
        mark.host_seconds = Some(self.start.elapsed().as_secs_f64());
    }
}

/// Asks the agent all there is to ask, and has it switch the guest off.
fn speak(running: &mut Running, clock: &Clock, seen: &mut Seen) -> Result<(), Error> {
    let session = running.session(clock.left())?;
    seen.steps.push(clock.passed(Step::Agent, session.agent().uptime));
    ask(&session, clock, seen).map_err(|error| running.explain(error))?;
    session.power(Power::Off).map_err(|error| running.explain(error))?;
    running
        .wait_within(clock.left())?
        .ok_or(Error::TimeLimit { limit: clock.limit, console: running.console_tail() })
}

fn ask(session: &Session, clock: &Clock, seen: &mut Seen) -> Result<(), session::Error> {
    let (mut mark, failed) = units::ask(session, clock.left())?;
    if !matches!(mark.outcome, Outcome::Skipped { .. }) {
        clock.stamp(&mut mark, session.ping(clock.left())?);
    }
    seen.steps.push(mark);
    seen.failed_units = failed;
    let mut info = Said::default();
    match session.get(Get { path: MEMORY_INFO.to_vec() }, &mut info) {
        Ok(_) => seen.memory_used_bytes = memory_used(&info.lines()),
        // A guest without /proc boots, too.
        Err(session::Error::Refused { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Waits until an init has lived for a while.
fn look_on(running: &Running, clock: &Clock) -> Result<(), Error> {
    let mut reached: Option<Instant> = None;
    loop {
        let has_ended = running.wait_within(LOOK_EVERY)?.is_some();
        if reached.is_none() && init(&running.milestones()).is_some() {
            reached = Some(Instant::now());
        }
        if has_ended && reached.is_some() {
            return Ok(());
        }
        if has_ended {
            let (how, console) = ("it was switched off".to_owned(), running.console_tail());
            return Err(Error::Ended { how, console });
        }
        if reached.is_some_and(|since| since.elapsed() >= INIT_PATIENCE) {
            return Ok(());
        }
        if clock.left().is_zero() {
            let console = running.console_tail();
            return Err(Error::TimeLimit { limit: clock.limit, console });
        }
    }
}

/// What the lines of `/proc/meminfo` say is used.
fn memory_used(lines: &[String]) -> Option<u64> {
    let value = |name: &str| -> Option<u64> {
        let line = lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    };
    value("MemTotal")?.checked_sub(value("MemAvailable")?)?.checked_mul(1024)
}

/// Whether the guest has no part in a failure.
fn is_this_machines(error: &Error) -> bool {
    match error {
        Error::Unsound(_)
        | Error::Unsupported { .. }
        | Error::Missing { .. }
        | Error::Start { .. }
        | Error::Refused { .. }
        | Error::NoKvm { .. }
        | Error::NoPort
        | Error::Stopped => true,
        Error::NoKernel { .. }
        | Error::Unbootable { .. }
        | Error::Panic { .. }
        | Error::NoAgent { .. }
        | Error::Ended { .. }
        | Error::TimeLimit { .. }
        | Error::Session(_) => false,
    }
}

/// Why a boot ended, without the console.
fn reason(error: &Error, told: &Milestones) -> String {
    // A damaged block is the cause of whatever came after it.
    if let Some(corruption) = &told.corruption {
        return corruption.line.clone();
    }
    match error {
        Error::Panic { line, .. } => line.clone(),
        Error::Unbootable { line, .. } => line.clone(),
        Error::Ended { how, .. } => format!("the machine ended early: {how}"),
        Error::NoAgent { limit: Some(limit), .. } | Error::TimeLimit { limit, .. } => {
            format!("nothing more happened within {} seconds", limit.as_secs_f32().ceil())
        }
        Error::NoAgent { limit: None, .. } => "the agent did not answer".to_owned(),
        Error::Session(error) => error.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::memory_used;

    #[test]
    fn used_is_what_is_not_available() {
        let lines = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
        let text = "MemTotal:  1000 kB\nMemFree:  1 kB\nMemAvailable:     400 kB";
        assert_eq!(memory_used(&lines(text)), Some(600 * 1024));
        let lies = "MemTotal: 1 kB\nMemAvailable: 2 kB";
        assert_eq!(memory_used(&lines(lies)), None);
    }
}
