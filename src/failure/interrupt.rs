//! Ends the process when a person presses Ctrl-C or a supervisor asks it to stop.

use std::io::Write as _;
use std::process;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Interrupted;
use crate::terminal;

/// The signals that ask to stop.
pub const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

/// Waits for such a signal beside the command.
///
/// There is nothing to undo: outputs appear by rename, tools die with this process, and the next
/// run removes the working directory of a process that is gone.
pub fn watch() {
    // A process that may not catch signals dies of them, which is what they mean anyway.
    let Ok(mut signals) = Signals::new(SIGNALS) else { return };
    thread::spawn(move || {
        if let Some(interrupted) = signals.forever().next().and_then(Interrupted::by) {
            tell();
            process::exit(interrupted.code().into());
        }
    });
}

/// Tells the person that the build has stopped.
pub fn tell() {
    terminal::restore();
    // Nobody is left to be told when stderr is closed.
    let _ = writeln!(std::io::stderr(), "\nosb: interrupted");
}
