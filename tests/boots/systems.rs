//! Guests of real packages, each asked from inside.

use super::artifact::{DEBIAN, SYSTEMD, boot, can_boot};

/// Waits for the system to have started, and names what failed.
const STATE: &str = "systemctl is-system-running --wait; systemctl list-units --failed --no-legend; \
                     systemctl is-active osb-agent; cat /proc/1/comm; uname -r; exit 0";

#[track_caller]
fn assert_runs(said: &str, kernel: &str) {
    let lines: Vec<&str> = said.lines().collect();
    let [state, agent, init, release] = lines[..] else { panic!("{said}") };
    assert_eq!([state, agent, init], ["running", "active", "systemd"]);
    assert!(release.starts_with(kernel), "{said}");
}

#[test]
fn debian_runs_with_the_agent_as_its_init() {
    if !can_boot() {
        return;
    }
    let said = boot(&DEBIAN, &[], "cat /proc/1/comm /etc/debian_version; dpkg --audit").succeeds();
    assert!(said.stdout.starts_with("init\n12."), "{said}");
    assert_eq!(said.stdout.lines().count(), 2, "{said}");
}

#[test]
fn debian_runs_with_systemd_and_the_agent_as_a_service() {
    if can_boot() {
        assert_runs(&boot(&SYSTEMD, &[], STATE).succeeds().stdout, "6.1");
    }
}
