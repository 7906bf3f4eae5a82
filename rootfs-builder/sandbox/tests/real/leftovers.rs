//! What killed builds leave, and who removes it.

use std::process::{Command, Stdio};

use sandbox::{Rung, WorkDir};

use crate::harness::{Guest, Test, has};
use crate::lifetime::wait_until;
use crate::users::run_as_user;

pub const TESTS: &[Test] = &[
    ("the_next_run_removes_what_a_killed_one_left", the_next_run_removes_what_a_killed_one_left),
    ("files_of_subordinate_ids_are_removed_too", files_of_subordinate_ids_are_removed_too),
];

/// Makes a working directory and stays in it until killed.
pub fn work_in(parent: &str) {
    let work = WorkDir::create(parent.as_ref(), "osb").unwrap();
    std::fs::write(work.path().join("file"), "x").unwrap();
    std::thread::sleep(std::time::Duration::from_secs(1000));
}

pub fn clean(parent: &str) {
    println!("{}", WorkDir::clean_stale(parent.as_ref(), "osb").unwrap());
}

fn the_next_run_removes_what_a_killed_one_left() {
    let guest = Guest::new("leftover");
    let parent = guest.path("tmp");
    let mut build = Command::new("/proc/self/exe")
        .args(["work-in", parent.to_str().unwrap()])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let entries = || std::fs::read_dir(&parent).unwrap().count();
    wait_until(|| entries() == 2);
    assert_eq!(WorkDir::clean_stale(&parent, "osb").unwrap(), 0);
    build.kill().unwrap();
    build.wait().unwrap();
    assert_eq!(WorkDir::clean_stale(&parent, "osb").unwrap(), 1);
    assert_eq!(entries(), 0);
}

fn files_of_subordinate_ids_are_removed_too() {
    if !has(Rung::Root) {
        return;
    }
    let guest = Guest::new("foreign");
    let tmp = guest.path("tmp");
    std::fs::create_dir_all(tmp.join("osb-1-1/private")).unwrap();
    std::fs::write(tmp.join("osb-1-1/private/file"), "x").unwrap();
    std::fs::write(tmp.join("osb-1-1.lock"), "").unwrap();
    let output = run_as_user(&guest, true, &["own-and-clean", tmp.to_str().unwrap()]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n", "{output:?}");
    assert_eq!(std::fs::read_dir(&tmp).unwrap().count(), 0);
}

/// Gives a directory to a subordinate id, as a build would, and cleans up as its user.
pub fn own_and_clean(parent: &str) {
    let arguments = ["take-away", parent].map(Into::into);
    assert!(sandbox::enter(Rung::SubordinateIds, &arguments, &[]).unwrap().success());
    clean(parent);
}

pub fn take_away(parent: &str) {
    let private = std::path::Path::new(parent).join("osb-1-1/private");
    std::os::unix::fs::chown(&private, Some(33), Some(33)).unwrap();
    let closed = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&private, closed).unwrap();
}
