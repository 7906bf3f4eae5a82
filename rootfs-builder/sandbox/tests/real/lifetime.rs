//! How tools end, and that nothing outlives them.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sandbox::{Rung, ToolStatus};

use crate::harness::{Guest, Test, has, is_anyone_in, on_root_rungs, run_call};
use crate::users::as_user;

pub const TESTS: &[Test] = &[
    ("an_orphan_does_not_outlive_its_tool", an_orphan_does_not_outlive_its_tool),
    ("a_tool_is_killed_at_its_time_limit", a_tool_is_killed_at_its_time_limit),
    ("output_without_end_is_bounded", output_without_end_is_bounded),
    ("kill_9_of_the_build_leaves_no_process", kill_9_of_the_build_leaves_no_process),
    (
        "kill_9_below_a_climbed_rung_leaves_no_process",
        kill_9_below_a_climbed_rung_leaves_no_process,
    ),
];

/// Runs a tool that does not end.
pub fn stay(rung: Rung, root: &str) {
    let call = sandbox::ToolCall::new(root, "/tool").arguments(["guest", "sleep"]);
    let _ = run_call(rung, &call);
}

fn an_orphan_does_not_outlive_its_tool() {
    let guest = Guest::new("orphan");
    on_root_rungs(|rung| {
        guest.ask(rung, &["orphan"]);
        assert!(!is_anyone_in(&guest.root), "{rung}");
    });
}

fn a_tool_is_killed_at_its_time_limit() {
    let guest = Guest::new("limit");
    on_root_rungs(|rung| {
        let mut call = guest.call(&["sleep"]);
        call.time_limit = Some(Duration::from_millis(200));
        assert_eq!(run_call(rung, &call).0.unwrap().status, ToolStatus::TimedOut);
        assert!(!is_anyone_in(&guest.root), "{rung}");
    });
}

fn output_without_end_is_bounded() {
    let guest = Guest::new("bounded");
    on_root_rungs(|rung| {
        let (output, lines) = run_call(rung, &guest.call(&["lines", "100000"]));
        assert_eq!(lines.len(), 100_000);
        let tail = output.unwrap().tail;
        assert!(tail.len() < 100, "{}", tail.len());
        assert_eq!(tail.last().unwrap(), "99999");
    });
}

fn kill_9_of_the_build_leaves_no_process() {
    let guest = Guest::new("kill");
    on_root_rungs(|rung| {
        let mut build = Command::new("/proc/self/exe")
            .args(["build", guest.root.to_str().unwrap(), &format!("{rung:?}")])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_until(|| is_anyone_in(&guest.root));
        build.kill().unwrap();
        build.wait().unwrap();
        wait_until(|| !is_anyone_in(&guest.root));
    });
}

fn kill_9_below_a_climbed_rung_leaves_no_process() {
    if !has(Rung::Root) {
        return;
    }
    let guest = Guest::new("kill-climber");
    let root = guest.root.to_str().unwrap();
    for rung in ["SubordinateIds", "SingleId"] {
        let (mut command, etc) = as_user(&guest, true, &["climb", rung, root, "stay"]);
        let mut climber = command.stdout(Stdio::null()).spawn().unwrap();
        // The climber itself runs the same file: wait for the tool, which nothing can enter.
        wait_until(is_tool_asleep);
        climber.kill().unwrap();
        climber.wait().unwrap();
        wait_until(|| !is_anyone_in(&guest.root));
        drop(etc);
    }
}

/// Tells whether a tool of these tests sleeps somewhere.
fn is_tool_asleep() -> bool {
    std::fs::read_dir("/proc").unwrap().any(|entry| {
        let words = std::fs::read(entry.unwrap().path().join("cmdline")).unwrap_or_default();
        words == b"/tool\0guest\0sleep\0"
    })
}

/// Waits for something that must come; the patience is for a busy machine.
pub fn wait_until(mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < Duration::from_secs(60), "it never happened");
        std::thread::sleep(Duration::from_millis(5));
    }
}
