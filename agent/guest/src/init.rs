//! What a system needs before anything else can run.

use alloc::ffi::CString;
use core::ffi::CStr;

use rustix::fs::{self, Mode, OFlags, StatVfsMountFlags};
use rustix::io::Errno;
use rustix::mount::{MountFlags, mount, mount_remount};
use rustix::process::{Resource, getrlimit};
use rustix::system::{RebootCommand, reboot, sethostname};

use crate::command_line::CommandLine;
use crate::console::{complain, say};
use crate::{kernel, small_file, spawn};

struct Mount {
    kind: &'static CStr,
    place: &'static CStr,
    flags: MountFlags,
    data: &'static CStr,
}

/// In this order: each may hold the place of the next.
fn mounts() -> [Mount; 7] {
    let guarded = MountFlags::NOSUID | MountFlags::NODEV;
    let strict = guarded | MountFlags::NOEXEC;
    let quiet = MountFlags::NOSUID | MountFlags::NOEXEC;
    [
        Mount { kind: c"proc", place: c"/proc", flags: strict, data: c"" },
        Mount { kind: c"sysfs", place: c"/sys", flags: strict, data: c"" },
        Mount { kind: c"devtmpfs", place: c"/dev", flags: MountFlags::NOSUID, data: c"mode=755" },
        Mount {
            kind: c"devpts",
            place: c"/dev/pts",
            flags: quiet,
            data: c"mode=620,gid=5,ptmxmode=666",
        },
        Mount { kind: c"tmpfs", place: c"/dev/shm", flags: guarded, data: c"mode=1777" },
        Mount { kind: c"tmpfs", place: c"/run", flags: guarded, data: c"mode=755" },
        Mount { kind: c"cgroup2", place: c"/sys/fs/cgroup", flags: strict, data: c"" },
    ]
}

/// Mounts, names, and grows; says what failed and goes on.
pub(crate) fn prepare() -> CommandLine {
    for Mount { kind, place, flags, data } in mounts() {
        complain_mount(place, mount_at(kind, place, flags, data));
    }
    let text = small_file::read(c"/proc/cmdline").unwrap_or_default();
    let line = CommandLine::parse(&alloc::string::String::from_utf8_lossy(&text));
    if line.is_writable {
        complain("cannot make / writable", mount_remount(c"/", MountFlags::empty(), c""));
    }
    if is_read_only() {
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        complain_mount(c"/tmp", mount_at(c"tmpfs", c"/tmp", flags, c"mode=1777"));
    }
    if line.grows {
        grow();
    }
    if let Ok(name) = small_file::read(c"/etc/hostname") {
        complain("cannot set the host's name", sethostname(name.trim_ascii()));
    }
    // Without this, ctrl-alt-del restarts the machine with everything still mounted.
    complain("cannot take ctrl-alt-del", reboot(RebootCommand::CadOff));
    line
}

/// Runs a shell on the console, if that was asked for.
pub(crate) fn offer_shell(line: &CommandLine) {
    if !line.has_shell {
        return;
    }
    const SCRIPT: &CStr = c"exec </dev/console >/dev/console 2>&1; if [ -x /bin/bash ]; then exec setsid -c /bin/bash -i; else exec setsid -c /bin/sh -i; fi";
    let shell = spawn::run_alone(&[c"/bin/sh", c"-c", SCRIPT], getrlimit(Resource::Nofile));
    if let Err(refusal) = shell {
        complain("no shell", Err(refusal.errno));
    }
}

pub(crate) fn is_read_only() -> bool {
    fs::statvfs(c"/").is_ok_and(|found| found.f_flag.contains(StatVfsMountFlags::RDONLY))
}

/// What is mounted already is as good; a place may be missing on a read-only root.
fn mount_at(kind: &CStr, place: &CStr, flags: MountFlags, data: &CStr) -> Result<(), Errno> {
    let _ = fs::mkdir(place, Mode::from_raw_mode(0o755));
    if is_mount_point(place) {
        return Ok(());
    }
    mount(kind, place, kind, flags, data)
}

fn is_mount_point(place: &CStr) -> bool {
    let above = CString::new([place.to_bytes(), b"/.."].concat()).unwrap_or_default();
    match (fs::stat(place), fs::stat(above.as_c_str())) {
        (Ok(place), Ok(above)) => place.st_dev != above.st_dev,
        _ => false,
    }
}

fn complain_mount(place: &CStr, result: Result<(), Errno>) {
    complain(&alloc::format!("cannot mount {}", place.to_string_lossy()), result);
}

/// Makes the root's ext4 as large as its device.
fn grow() {
    match resize_root() {
        Ok(blocks) => say(&alloc::format!("/ has {blocks} blocks now")),
        Err(errno) => say(&alloc::format!("cannot grow /: {errno}")),
    }
}

fn resize_root() -> Result<u64, Errno> {
    let found = fs::stat(c"/")?;
    let node = c"/dev/.osb-root";
    fs::mknodat(
        fs::CWD,
        node,
        fs::FileType::BlockDevice,
        Mode::from_raw_mode(0o600),
        found.st_dev,
    )?;
    let device = fs::open(node, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
    fs::unlink(node)?;
    let bytes = kernel::device_bytes(device?)?;
    let root = fs::open(c"/", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let blocks = bytes / fs::statvfs(c"/")?.f_frsize.max(512);
    kernel::resize_ext4(&root, blocks)?;
    Ok(blocks)
}
