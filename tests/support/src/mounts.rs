//! Images as the kernel mounts them.

use std::path::Path;
use std::process::Command;
use std::thread::{panicking, sleep};
use std::time::{Duration, Instant};

use rustix::io::{self, Errno};
use rustix::mount::{UnmountFlags, unmount};

/// Mounts an image's filesystem read-only and lets `look` see it; none if this user may not mount.
pub fn mounted<T>(
    image: &Path,
    kind: &str,
    offset: u64,
    look: impl FnOnce(&Path) -> T,
) -> Option<T> {
    mounted_with(image, kind, &format!("ro,offset={offset}"), look)
}

/// Mounts an image's filesystem with these options and lets `work` see it; none if this user may
/// not mount.
pub fn mounted_with<T>(
    image: &Path,
    kind: &str,
    options: &str,
    work: impl FnOnce(&Path) -> T,
) -> Option<T> {
    if !crate::is_root() {
        crate::skip("mounting needs root");
        return None;
    }
    let place = tempfile::tempdir().unwrap();
    // Images with one identifier, as the same options give, may be looked at side by side.
    let side_by_side = if kind == "xfs" { "nouuid" } else { "defaults" };
    let options = format!("loop,{side_by_side},{options}");
    let mut mount = Command::new("mount");
    mount.args(["-t", kind, "-o", &options]).arg(image).arg(place.path());
    let output = mount.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mount = Mount(place.path());
    let done = work(place.path());
    drop(mount);
    Some(done)
}

struct Mount<'a>(&'a Path);

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let Err(error) = take_off(self.0, Duration::from_secs(30)) else { return };
        // The host is to keep nothing mounted, whatever still holds it.
        let _ = unmount(self.0, UnmountFlags::DETACH);
        assert!(panicking(), "{} stays mounted: {error}", self.0.display());
    }
}

/// Unmounts it, waiting for others to let go of it.
///
/// A program that another test starts holds all files that this process has open, until it is
/// executed; on a busy machine it may then hold a file of the mount longer than its reader did.
fn take_off(place: &Path, patience: Duration) -> io::Result<()> {
    let end = Instant::now() + patience;
    loop {
        match unmount(place, UnmountFlags::empty()) {
            Err(Errno::BUSY) if Instant::now() < end => sleep(Duration::from_millis(5)),
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::thread::spawn;

    use super::*;

    /// Mounts something small, and holds a file in it.
    fn held(look: impl FnOnce(&Path, File)) {
        if !crate::is_root() {
            return crate::skip("mounting needs root");
        }
        let place = tempfile::tempdir().unwrap();
        let kind = "tmpfs";
        let mount = Command::new("mount").args(["-t", kind, kind]).arg(place.path()).status();
        assert!(mount.unwrap().success());
        let mount = Mount(place.path());
        look(place.path(), File::create(place.path().join("file")).unwrap());
        drop(mount);
    }

    #[test]
    fn a_mount_that_somebody_still_holds_is_waited_for() {
        held(|place, file| {
            assert_eq!(unmount(place, UnmountFlags::empty()), Err(Errno::BUSY));
            spawn(|| {
                sleep(Duration::from_millis(200));
                drop(file);
            });
        });
    }

    #[test]
    fn a_mount_that_is_held_for_good_is_told() {
        held(|place, _file| {
            assert_eq!(take_off(place, Duration::from_millis(50)), Err(Errno::BUSY));
        });
    }
}
