//! The command in the guest, and the shell where none was given.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::thread;

use agent_protocol::{Start, TerminalSize};
use rustix::io::Errno;
use signal_hook::consts::SIGWINCH;
use signal_hook::iterator::Signals;
use vm_runner::session::{Controls, Error, Exit, Streams};
use vm_runner::{Session, Stopper};

use super::transfer::bytes;
use super::{InsideArgs, keys};
use crate::cli::environment;
use crate::terminal::{self, Raw};

/// What a person gets who names no command.
const SHELL: [&str; 3] =
    ["/bin/sh", "-c", "if [ -x /bin/bash ]; then exec /bin/bash -l; else exec /bin/sh -l; fi"];

/// Runs the command and returns what a shell would exit with.
pub fn run(
    session: &Session,
    command: &[OsString],
    inside: &InsideArgs,
    stopper: &Stopper,
) -> anyhow::Result<u8> {
    let is_shell = command.is_empty();
    let has_terminal = inside.tty || (is_shell && terminal::is_there());
    let start = start(command, inside, has_terminal);
    let raw = (has_terminal && io::stdin().is_terminal()).then(Raw::take).transpose()?;
    let input: OwnedFd = io::stdin().as_fd().try_clone_to_owned()?;
    let input = if raw.is_some() { keys::watched(input, stopper.clone())? } else { input };
    let streams = Streams {
        input: Some(input),
        output: Box::new(io::stdout()),
        errors: Box::new(io::stderr()),
    };
    let process = match session.start(start, streams) {
        Err(Error::Refused { errno, text }) if unstarted(errno).is_some() => {
            drop(raw);
            // Who asked for a command hears of it as from a shell.
            let _ = writeln!(io::stderr(), "error: {text}");
            return Ok(unstarted(errno).unwrap_or_default());
        }
        started => started?,
    };
    if has_terminal {
        follow_size(process.controls());
    }
    let exit = process.wait(None);
    drop(raw);
    match exit {
        Ok(exit) => Ok(Exit::code(exit)),
        // Who leaves by the key has had enough, not a failure.
        Err(_) if keys::has_left() => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// What a shell exits with where a program is missing or may not be run.
fn unstarted(errno: u32) -> Option<u8> {
    match Errno::from_raw_os_error(errno.cast_signed()) {
        Errno::NOENT => Some(127),
        Errno::ACCESS | Errno::NOEXEC => Some(126),
        _ => None,
    }
}

fn start(command: &[OsString], inside: &InsideArgs, has_terminal: bool) -> Start {
    let arguments = match command {
        [] => SHELL.iter().map(bytes).collect(),
        command => command.iter().map(bytes).collect(),
    };
    let mut variables: Vec<Vec<u8>> = inside.environment.iter().map(bytes).collect();
    if let (true, Some(name)) = (has_terminal, environment::terminal_name()) {
        variables.insert(0, [b"TERM=".as_slice(), &bytes(name)].concat());
    }
    let (rows, columns) = terminal::size();
    Start {
        arguments,
        environment: variables,
        is_environment_cleared: false,
        directory: inside.workdir.as_ref().map(bytes).unwrap_or_default(),
        user: inside.user.as_ref().map(bytes).unwrap_or_default(),
        has_input: true,
        terminal: has_terminal.then_some(TerminalSize { rows, columns }),
    }
}

/// Tells the guest whenever the person's window gets another size.
fn follow_size(controls: Controls) {
    // Without the signal the size stays what it was.
    let Ok(mut signals) = Signals::new([SIGWINCH]) else { return };
    thread::spawn(move || {
        for _ in signals.forever() {
            let (rows, columns) = terminal::size();
            if controls.resize(TerminalSize { rows, columns }).is_err() {
                return;
            }
        }
    });
}
