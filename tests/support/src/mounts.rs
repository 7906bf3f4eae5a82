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

/// The same with options of `mount`; none of them is for reading only unless it says so.
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
    use std::process::Stdio;

    use super::*;

    /// Mounts something small that a program holds a file of for as long as it runs.
    fn held(program: [&str; 2], look: impl FnOnce(&Path)) {
        if !crate::is_root() {
            return crate::skip("mounting needs root");
        }
        let place = tempfile::tempdir().unwrap();
        let kind = "tmpfs";
        let mount = Command::new("mount").args(["-t", kind, kind]).arg(place.path()).status();
        assert!(mount.unwrap().success());
        let file = File::create(place.path().join("file")).unwrap();
        let mut holder =
            Command::new(program[0]).arg(program[1]).stdin(Stdio::from(file)).spawn().unwrap();
        look(place.path());
        holder.kill().unwrap();
        holder.wait().unwrap();
        let _ = unmount(place.path(), UnmountFlags::DETACH);
    }

    #[test]
    fn a_mount_that_another_program_still_holds_is_waited_for() {
        held(["sleep", "0.3"], |place| {
            let busy = unmount(place, UnmountFlags::empty());
            assert_eq!(busy, Err(Errno::BUSY));
            assert_eq!(take_off(place, Duration::from_secs(60)), Ok(()));
        });
    }

    #[test]
    fn a_mount_that_is_held_for_good_is_told() {
        held(["sleep", "1000"], |place| {
            assert_eq!(take_off(place, Duration::from_millis(50)), Err(Errno::BUSY));
        });
    }
}
