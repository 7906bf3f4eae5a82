//! What a tool needs of `/dev` and `/proc` where nothing can be mounted: made in the guest itself,
//! and removed again.

use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, Timespec, Timestamps, makedev, mkdirat, mknodat};
use rustix::process::WaitOptions;

use crate::error::{Failure, Step};
use crate::process::{self, Fork};

/// The devices that programs count on: name, major, minor.
pub(crate) const DEVICES: [(&str, u32, u32); 6] = [
    ("null", 1, 3),
    ("zero", 1, 5),
    ("full", 1, 7),
    ("random", 1, 8),
    ("urandom", 1, 9),
    ("tty", 5, 0),
];

/// A directory that stands for the first process's root. It is not the guest's `/`, by which
/// programs know that they are in a chroot, and do not wait for services that cannot run.
const FOREIGN_ROOT: &str = "/proc/1/root";
const FIRST_PROCESS: &str = "/proc/1";

/// Stands for [`FOREIGN_ROOT`] beside the bits of the devices.
const FOREIGN_ROOT_BIT: i32 = 1 << DEVICES.len();

/// What was made in a guest, and what that changed.
pub(crate) struct StandIns {
    root: PathBuf,
    made: i32,
    /// Directories with the times that they had.
    times: Vec<(PathBuf, Timestamps)>,
}

impl StandIns {
    /// Makes what the guest lacks.
    pub(crate) fn make(root: &Path) -> Result<Self, Failure> {
        let folders = ["dev", "proc"].map(|name| root.join(name));
        let times =
            folders.into_iter().filter_map(|path| times_of(&path).map(|times| (path, times)));
        let times = times.collect();
        let made = inside(root, || {
            let bit = |index: usize| if make_device(DEVICES[index]) { 1 << index } else { 0 };
            let devices: i32 = (0..DEVICES.len()).map(bit).sum();
            devices | if make_foreign_root() { FOREIGN_ROOT_BIT } else { 0 }
        })?;
        Ok(StandIns { root: root.to_owned(), made, times })
    }

    /// Removes what was made, and leaves the directories looking untouched.
    pub(crate) fn remove(self) -> Result<(), Failure> {
        inside(&self.root, || {
            for (index, (name, _, _)) in DEVICES.into_iter().enumerate() {
                if self.made & (1 << index) != 0 {
                    // The tool may have removed one itself.
                    let _ = rustix::fs::unlink(device_path(name));
                }
            }
            if self.made & FOREIGN_ROOT_BIT != 0 {
                let _ =
                    rustix::fs::rmdir(FOREIGN_ROOT).and_then(|()| rustix::fs::rmdir(FIRST_PROCESS));
            }
            0
        })?;
        for (path, times) in &self.times {
            // Gone, or something else by now: then there is nothing to put back.
            let _ = rustix::fs::utimensat(CWD, path, times, AtFlags::SYMLINK_NOFOLLOW);
        }
        Ok(())
    }
}

fn make_device((name, major, minor): (&str, u32, u32)) -> bool {
    let mode = Mode::from_raw_mode(0o666);
    let device = makedev(major, minor);
    mknodat(CWD, device_path(name), FileType::CharacterDevice, mode, device).is_ok()
}

fn make_foreign_root() -> bool {
    let mode = Mode::from_raw_mode(0o755);
    mkdirat(CWD, FIRST_PROCESS, mode).and_then(|()| mkdirat(CWD, FOREIGN_ROOT, mode)).is_ok()
}

fn device_path(name: &str) -> String {
    format!("/dev/{name}")
}

fn times_of(path: &Path) -> Option<Timestamps> {
    let found = rustix::fs::lstat(path).ok()?;
    let time = |seconds: i64, nanoseconds: u64| Timespec {
        tv_sec: seconds,
        tv_nsec: i64::try_from(nanoseconds).unwrap_or(0),
    };
    Some(Timestamps {
        last_access: time(found.st_atime as i64, found.st_atime_nsec as u64),
        last_modification: time(found.st_mtime as i64, found.st_mtime_nsec as u64),
    })
}

/// Runs `work` with the guest as its root, so that no link of the guest's leads out.
fn inside(root: &Path, work: impl FnOnce() -> i32) -> Result<i32, Failure> {
    const FAILED: i32 = 255;
    match process::fork(0).step("fork")? {
        Fork::Child => {
            rustix::process::umask(Mode::empty());
            let entered = rustix::process::chroot(root).and_then(|()| rustix::process::chdir("/"));
            process::leave(entered.map_or(FAILED, |()| work()))
        }
        Fork::Parent(child) => {
            let ended = rustix::process::waitpid(Some(child), WaitOptions::empty());
            let status = ended.step("wait for a helper")?.and_then(|(_, end)| end.exit_status());
            match status {
                Some(code) if code != FAILED => Ok(code),
                _ => Err(Failure { step: "enter the guest's root".into(), errno: libc::EPERM }),
            }
        }
    }
}
