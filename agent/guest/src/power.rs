//! Ends the machine.

use core::ffi::CStr;

use agent_protocol::Power;
use rustix::fs::{self, Access};
use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags, mount_remount, unmount};
use rustix::process::{Pid, Resource, Signal, WaitOptions, getrlimit, kill_process, wait};
use rustix::system::{RebootCommand, reboot};

use crate::clock::{self, Instant, MILLISECOND, SECOND};
use crate::console::{complain, say};
use crate::{kernel, spawn};

/// Where OpenRC's own init is told what to do; its services may run below another one.
const OPENRC_INIT: &CStr = c"/run/openrc/init.ctl";

/// As init: stops everything, saves everything, and switches off or starts again.
pub(crate) fn end(action: Power) -> ! {
    say("stops everything");
    stop(Signal::TERM, 2 * SECOND);
    stop(Signal::KILL, SECOND);
    fs::sync();
    for place in [c"/tmp", c"/run", c"/dev/shm"] {
        // What is not mounted need not be unmounted.
        let _ = unmount(place, UnmountFlags::DETACH);
    }
    complain("cannot make / read-only", mount_remount(c"/", MountFlags::RDONLY, c""));
    fs::sync();
    let command = match action {
        Power::Off => RebootCommand::PowerOff,
        Power::Reboot => RebootCommand::Restart,
    };
    complain("cannot end the machine", reboot(command));
    // A machine that cannot switch itself off is halted instead; an init must not return.
    complain("cannot halt the machine", reboot(RebootCommand::Halt));
    loop {
        pause(SECOND);
    }
}

/// As a service: asks the init that is there.
pub(crate) fn ask_init(action: Power) {
    let (systemd, openrc, other): (&[&CStr], &[&CStr], &CStr) = match action {
        Power::Off => (
            &[c"systemctl", c"--no-block", c"poweroff"],
            &[c"/sbin/openrc-shutdown", c"--poweroff", c"now"],
            c"/sbin/poweroff",
        ),
        Power::Reboot => (
            &[c"systemctl", c"--no-block", c"reboot"],
            &[c"/sbin/openrc-shutdown", c"--reboot", c"now"],
            c"/sbin/reboot",
        ),
    };
    let result = if fs::access(c"/run/systemd/system", Access::EXISTS).is_ok() {
        run(systemd)
    } else if fs::access(OPENRC_INIT, Access::EXISTS).is_ok() {
        run(openrc)
    } else if fs::access(other, Access::EXEC_OK).is_ok() {
        // It knows its own init, sysvinit or busybox's.
        run(&[other])
    } else {
        signal_init(action)
    };
    complain("cannot ask the init", result);
}

fn run(arguments: &[&CStr]) -> Result<(), Errno> {
    let process = spawn::run_alone(arguments, getrlimit(Resource::Nofile));
    process.map(drop).map_err(|refusal| refusal.errno)
}

/// What busybox's init understands.
fn signal_init(action: Power) -> Result<(), Errno> {
    let signal = match action {
        Power::Off => Signal::USR2,
        Power::Reboot => Signal::TERM,
    };
    kill_process(Pid::INIT, signal)
}

/// Signals all processes and waits until they are gone, at most so long.
fn stop(signal: Signal, patience: Instant) {
    kernel::signal_all(signal);
    let deadline = clock::now() + patience;
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some(_)) => continue,
            Ok(None) => {}
            Err(_) => return,
        }
        if clock::now() >= deadline {
            return;
        }
        pause(10 * MILLISECOND);
    }
}

fn pause(time: Instant) {
    let request = rustix::time::Timespec {
        tv_sec: i64::try_from(time / SECOND).unwrap_or(1),
        tv_nsec: i64::try_from(time % SECOND).unwrap_or(0),
    };
    // Poll without descriptors only waits.
    let _ = rustix::event::poll(&mut [], Some(&request));
}
