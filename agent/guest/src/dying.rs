//! Processes of sessions that ended.

use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, waitpid};

use crate::clock::{Instant, SECOND};

pub(crate) struct Dying {
    pub(crate) process: Pid,
    is_reaped: bool,
    deadline: Instant,
    is_killed: bool,
}

impl Dying {
    /// It was asked to go, and is killed after a second.
    pub(crate) fn after_a_second(process: Pid, is_reaped: bool, now: Instant) -> Self {
        Self { process, is_reaped, deadline: now + SECOND, is_killed: false }
    }

    /// It goes by itself.
    pub(crate) fn at_once(process: Pid, is_reaped: bool, now: Instant) -> Self {
        Self { process, is_reaped, deadline: now, is_killed: true }
    }

    pub(crate) fn reaped(&mut self) {
        self.is_reaped = true;
    }

    /// Its number is kept until the whole group was killed; true when nothing is left to do.
    pub(crate) fn turn(&mut self, now: Instant) -> bool {
        if now < self.deadline {
            return false;
        }
        if !self.is_killed {
            // A group that is gone needs no signal.
            let _ = kill_process_group(self.process, Signal::KILL);
            self.is_killed = true;
        }
        self.is_reaped =
            self.is_reaped || !matches!(waitpid(Some(self.process), WaitOptions::NOHANG), Ok(None));
        self.is_reaped
    }
}
