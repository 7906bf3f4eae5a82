//! `osb run`: an artifact in a virtual machine.

mod command;
mod keys;
mod transfer;

use std::ffi::OsString;
use std::io::Write as _;
use std::num::NonZeroU64;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use agent_protocol::Power;
use rootfs_builder::progress::{Event, Progress as _};
use vm_runner::{Hypervisor as _, Launch, Qemu, Running, Session, Stopper, start};

use super::machine_args::{MachineArgs, Order, PassageArgs};
use crate::boot::{self, BootError, Prepared, Reach};
use crate::progress::{Reporter, visible};
use crate::report;
use crate::site::Site;
use transfer::{CopyIn, CopyOut};

/// What `timeout` exits with when the time is over.
const TIME_IS_OVER: u8 = 124;

/// Boot an image or an initrd, and run a command in it
///
/// The guest runs under QEMU until the command ends. The exit status is the command's; 128 and the
/// signal's number if a signal ended it; 124 if --timeout did. Without a command there is a shell,
/// left by its end or by Ctrl-]. The artifact does not change unless --write says so, and nothing
/// of the machine outlives this command, however it ends.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("examples/run.txt"))]
pub struct Args {
    /// A disk image or an initrd
    artifact: PathBuf,

    /// The command and its arguments; without one, a shell
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,

    #[command(flatten)]
    inside: InsideArgs,

    /// Print how the machine would be started, and start nothing
    #[arg(long)]
    print: bool,

    #[command(flatten)]
    passage: PassageArgs,

    #[command(flatten)]
    machine: MachineArgs,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "In the guest")]
pub struct InsideArgs {
    /// Set a variable for the command; repeatable
    #[arg(short, long = "env", value_name = "NAME=VALUE", value_parser = parse_variable)]
    environment: Vec<String>,

    /// Run the command in this directory [default: the user's home]
    #[arg(short, long, value_name = "DIR")]
    workdir: Option<PathBuf>,

    /// Run the command as this user: a name, or UID[:GID] [default: root]
    #[arg(short, long, value_name = "USER")]
    user: Option<String>,

    /// Give the command a terminal
    #[arg(short, long)]
    tty: bool,

    /// Copy a file into the guest first: `HOST:GUEST`; repeatable
    #[arg(long, value_name = "PLACES")]
    copy_in: Vec<CopyIn>,

    /// Copy a file out of the guest when the command has ended: `GUEST:HOST`; repeatable
    #[arg(long, value_name = "PLACES")]
    copy_out: Vec<CopyOut>,

    /// Show the guest's console on stderr while it runs
    #[arg(long)]
    console: bool,

    /// End the machine after so many seconds
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<NonZeroU64>,

    /// How many seconds the guest may take until its agent answers
    #[arg(long, value_name = "SECONDS", default_value = "180")]
    boot_timeout: NonZeroU64,
}

fn parse_variable(text: &str) -> Result<String, &'static str> {
    match text.split_once('=') {
        Some((name, _)) if !name.is_empty() => Ok(text.to_owned()),
        _ => Err("write NAME=VALUE"),
    }
}

/// Boots, and runs what was asked for.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Args { artifact, command, inside, print, passage, machine } = args;
    inside.copy_in.iter().try_for_each(|copy| copy.check().map(drop))?;
    inside.copy_out.iter().try_for_each(CopyOut::check)?;
    let Order { wish, recipe, acceleration, reporting } = machine.into_order(artifact, passage)?;
    let site = Site::open(&recipe)?;
    let progress = Reporter::start(reporting);
    let reach = Reach { recipe: &recipe, site: &site, progress: &progress };
    let mut prepared = boot::prepare(&wish, reach)?;
    let is_spoken_to = prepared.agent.as_deref() == Some(boot::OWN_AGENT);
    if !is_spoken_to && !print && (!command.is_empty() || !inside.console) {
        return Err(BootError::NoAgent(wish.artifact).into());
    }
    let qemu = Qemu::default();
    let architecture = prepared.machine.architecture;
    let chosen = boot::acceleration(acceleration, &qemu, architecture, &site)?;
    prepared.machine.cpus = boot::processors(&wish, chosen.accelerator);
    progress.report(Event::Note {
        text: &format!("kernel {}; {}", visible(&prepared.kernel), chosen.why),
    });
    if print {
        let arguments = qemu.arguments(&prepared.machine, chosen.accelerator);
        let words = [vec![qemu.program(architecture)], arguments].concat();
        let line = vm_runner::qemu::shell_line(&words);
        report::bytes(&[line.as_bytes(), b"\n"].concat())?;
        return Ok(ExitCode::SUCCESS);
    }
    progress.finish()?;
    let running = start(Launch {
        machine: &prepared.machine,
        hypervisor: &qemu,
        accelerator: chosen.accelerator,
        live: inside.console.then(|| Box::new(std::io::stderr()) as _),
        limit: inside.timeout.map(|seconds| Duration::from_secs(seconds.get())),
    })?;
    let ended = match is_spoken_to {
        true => speak(running, &command, &inside, &prepared, wish.write),
        false => running.wait().map(|()| ExitCode::SUCCESS).map_err(Into::into),
    };
    match ended {
        Err(error) if is_time_over(&error) => {
            // The console tells what the guest was doing.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            Ok(TIME_IS_OVER.into())
        }
        ended => ended,
    }
}

fn is_time_over(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(vm_runner::Error::TimeLimit { .. }))
}

/// How long a guest that may keep what it wrote has to write it.
const POWER_OFF_LIMIT: Duration = Duration::from_secs(60);

fn speak(
    mut running: Running,
    command: &[OsString],
    inside: &InsideArgs,
    prepared: &Prepared,
    is_kept: bool,
) -> anyhow::Result<ExitCode> {
    let session = running.session(Duration::from_secs(inside.boot_timeout.get()))?;
    let exit = work(&session, command, inside, prepared, &running.stopper());
    let exit = exit.map_err(|error| match error.downcast::<vm_runner::session::Error>() {
        Ok(error) => running.explain(error).into(),
        Err(error) => error,
    })?;
    if !is_kept {
        running.stop();
        return Ok(exit.into());
    }
    session.power(Power::Off)?;
    match running.wait_within(POWER_OFF_LIMIT)? {
        Some(()) => Ok(exit.into()),
        None => {
            running.stop();
            Err(BootError::NoPowerOff.into())
        }
    }
}

/// Everything that is done in the guest; the exit status.
fn work(
    session: &Session,
    command: &[OsString],
    inside: &InsideArgs,
    prepared: &Prepared,
    stopper: &Stopper,
) -> anyhow::Result<u8> {
    transfer::mount_shares(session, &prepared.shares)?;
    for copy in &inside.copy_in {
        copy.run(session)?;
    }
    let exit = command::run(session, command, inside, stopper)?;
    for copy in &inside.copy_out {
        copy.run(session)?;
    }
    Ok(exit)
}
