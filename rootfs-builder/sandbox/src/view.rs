//! What the tool sees: the guest's root, a fresh `/proc`, a small `/dev`, its inputs; no host.
//!
//! Mounts are collected as file descriptors while the host is in sight, then the host is detached,
//! and they are put into place by a process that has the guest as its root already: no link in
//! the guest can lead one of them astray.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MountPropagationFlags, MoveMountFlags,
    OpenTreeFlags, UnmountFlags,
};

use crate::call::ToolCall;
use crate::error::{Failure, Step};
use crate::init::PROC_STEP;
use crate::stand_ins::DEVICES;

/// Where the guest's root is, as the first process sees it.
pub(crate) const GUEST: &str = "/guest";

/// Mounts made and not yet in place.
pub(crate) struct View {
    /// None where the host refuses a fresh one.
    proc: Option<OwnedFd>,
    dev: OwnedFd,
    devices: Vec<(&'static str, OwnedFd)>,
    /// None where the host refuses it.
    terminals: Option<OwnedFd>,
    inputs: Vec<(PathBuf, OwnedFd)>,
}

impl View {
    /// Collects the mounts and leaves the host's file system.
    ///
    /// With `must_have_proc` a refused `/proc` is an error, else it is left out.
    pub(crate) fn build(call: &ToolCall, must_have_proc: bool) -> Result<View, Failure> {
        let private = MountPropagationFlags::REC | MountPropagationFlags::PRIVATE;
        rustix::mount::mount_change("/", private).step("part from the host's mounts")?;
        let guest = clone_tree(&call.root).step("take the guest's root")?;
        let view = View::collect(call, must_have_proc)?;
        detach_host(&call.root, &guest)?;
        Ok(view)
    }

    fn collect(call: &ToolCall, must_have_proc: bool) -> Result<View, Failure> {
        let secure = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
        let proc = match new_mount("proc", &[], secure | MountAttrFlags::MOUNT_ATTR_NODEV) {
            Ok(proc) => Some(proc),
            Err(error) if must_have_proc => return Err(error).step(PROC_STEP),
            Err(_) => None,
        };
        let dev =
            new_mount("tmpfs", &[("mode", "0755"), ("size", "64m")], secure).step("make /dev")?;
        let mut devices = Vec::new();
        for (name, _, _) in DEVICES {
            let device = clone_tree(Path::new(&format!("/dev/{name}")));
            devices.push((name, device.step(format!("take /dev/{name}"))?));
        }
        let mut inputs = Vec::new();
        for input in &call.inputs {
            let tree = clone_tree(&input.host);
            let tree = tree.step(format!("take input {}", input.host.display()))?;
            inputs.push((PathBuf::from(&input.guest), tree));
        }
        Ok(View { proc, dev, devices, terminals: new_terminals(secure).ok(), inputs })
    }

    /// Puts everything into place; the caller's root is the guest's.
    pub(crate) fn place(self) -> Result<(), Failure> {
        if let Some(proc) = &self.proc {
            make_directory("/proc").step("make /proc")?;
            attach(proc, Path::new("/proc")).step("place /proc")?;
            seal_proc().step("seal /proc")?;
        }
        make_directory("/dev").step("make /dev")?;
        attach(&self.dev, Path::new("/dev")).step("place /dev")?;
        self.fill_dev().step("fill /dev")?;
        for (path, tree) in &self.inputs {
            place_input(path, tree).step(format!("place input {}", path.display()))?;
        }
        Ok(())
    }

    fn fill_dev(&self) -> io::Result<()> {
        let dev = self.dev.as_fd();
        for (name, device) in &self.devices {
            let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC;
            rustix::fs::openat(dev, *name, flags, Mode::from_raw_mode(0o600))?;
            attach_at(device, dev, Path::new(name))?;
        }
        for (name, target) in [
            ("fd", "/proc/self/fd"),
            ("stdin", "/proc/self/fd/0"),
            ("stdout", "/proc/self/fd/1"),
            ("stderr", "/proc/self/fd/2"),
            ("ptmx", "pts/ptmx"),
        ] {
            rustix::fs::symlinkat(target, dev, name)?;
        }
        rustix::fs::mkdirat(dev, "pts", Mode::from_raw_mode(0o755))?;
        rustix::fs::mkdirat(dev, "shm", Mode::from_raw_mode(0o755))?;
        rustix::fs::chmodat(dev, "shm", Mode::from_raw_mode(0o1777), AtFlags::empty())?;
        if let Some(terminals) = &self.terminals {
            attach_at(terminals, dev, Path::new("pts"))?;
        }
        Ok(())
    }
}

/// Makes an empty file system with the guest below it the root, and lets go of the host's.
///
/// It is mounted over the guest's own directory, the one place sure to exist.
fn detach_host(root: &Path, guest: &OwnedFd) -> Result<(), Failure> {
    let options = [("mode", "0755"), ("size", "64k")];
    let top = new_mount("tmpfs", &options, MountAttrFlags::MOUNT_ATTR_NODEV).step("make a root")?;
    attach(&top, root).step("place the new root")?;
    rustix::process::fchdir(&top).step("enter the new root")?;
    for name in ["guest", "host"] {
        rustix::fs::mkdirat(CWD, name, Mode::from_raw_mode(0o755)).step("fill the new root")?;
    }
    attach(guest, Path::new("guest")).step("place the guest's root")?;
    rustix::process::pivot_root(".", "host").step("change the root")?;
    rustix::process::chdir("/").step("change the root")?;
    rustix::mount::unmount("/host", UnmountFlags::DETACH).step("let go of the host")?;
    rustix::fs::unlinkat(CWD, "/host", AtFlags::REMOVEDIR).step("let go of the host")
}

/// Makes the parts of `/proc` that reach the whole kernel read-only.
///
/// They obey file permissions rather than capabilities, and our root may be the host's.
fn seal_proc() -> io::Result<()> {
    for name in ["sys", "sysrq-trigger", "irq", "bus", "fs"] {
        let path = PathBuf::from("/proc").join(name);
        // Not every kernel has all of them.
        let Ok(tree) = clone_tree(&path) else { continue };
        attach_read_only(&tree, &path)?;
    }
    Ok(())
}

fn place_input(path: &Path, tree: &OwnedFd) -> io::Result<()> {
    if rustix::fs::FileType::from_raw_mode(rustix::fs::fstat(tree)?.st_mode).is_dir() {
        fs_err::create_dir_all(path)?;
    } else {
        path.parent().map_or(Ok(()), fs_err::create_dir_all)?;
        fs_err::OpenOptions::new().create(true).append(true).open(path)?;
    }
    attach_read_only(tree, path)
}

fn make_directory(path: &str) -> rustix::io::Result<()> {
    match rustix::fs::mkdirat(CWD, path, Mode::from_raw_mode(0o755)) {
        Err(rustix::io::Errno::EXIST) => Ok(()),
        other => other,
    }
}

fn new_terminals(attributes: MountAttrFlags) -> io::Result<OwnedFd> {
    // The group is Debian's tty; it does not exist where there is a single id.
    let modes = [("ptmxmode", "0666"), ("mode", "0620")];
    new_mount("devpts", &[modes[0], modes[1], ("gid", "5")], attributes)
        .or_else(|_| new_mount("devpts", &modes, attributes))
}

/// Makes a file system that is not in place yet.
pub(crate) fn new_mount(
    kind: &str,
    options: &[(&str, &str)],
    attributes: MountAttrFlags,
) -> io::Result<OwnedFd> {
    let context = rustix::mount::fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    for (name, value) in options {
        rustix::mount::fsconfig_set_string(&context, *name, *value)?;
    }
    rustix::mount::fsconfig_create(&context)?;
    Ok(rustix::mount::fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)?)
}

fn clone_tree(path: &Path) -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE;
    Ok(rustix::mount::open_tree(CWD, path, flags)?)
}

fn attach(tree: &OwnedFd, path: &Path) -> io::Result<()> {
    attach_at(tree, CWD, path)
}

fn attach_at(tree: &OwnedFd, directory: impl AsFd, path: &Path) -> io::Result<()> {
    let from_itself = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    Ok(rustix::mount::move_mount(tree, "", directory, path, from_itself)?)
}

fn attach_read_only(tree: &OwnedFd, path: &Path) -> io::Result<()> {
    match make_read_only(tree) {
        Err(error) if error.raw_os_error() == Some(libc::ENOSYS) => {
            // Before Linux 5.12; a mount below it would stay writable, as it is outside.
            attach(tree, path)?;
            remount_read_only(path)
        }
        other => other.and_then(|()| attach(tree, path)),
    }
}

/// Remounts with the flags that the mount has: dropping one is forbidden in a user namespace.
fn remount_read_only(path: &Path) -> io::Result<()> {
    let present = rustix::fs::statvfs(path)?.f_flag.bits() as u32;
    let kept = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    let flags =
        MountFlags::BIND | MountFlags::RDONLY | (MountFlags::from_bits_retain(present) & kept);
    Ok(rustix::mount::mount_remount(path, flags, "")?)
}

fn make_read_only(tree: &OwnedFd) -> io::Result<()> {
    let attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_RDONLY,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    let flags = libc::AT_EMPTY_PATH | libc::AT_RECURSIVE;
    // SAFETY: the pointers are to a C string and to a structure of the size given.
    let code = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            std::os::fd::AsRawFd::as_raw_fd(tree),
            c"".as_ptr(),
            flags,
            &raw const attributes,
            size_of_val(&attributes),
        )
    };
    if code == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
