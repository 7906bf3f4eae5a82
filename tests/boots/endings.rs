//! Nothing of a machine outlives `osb run`, however it ends.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use test_support::Osb;

use super::artifact::{SMALL, can_boot, osb, words};

/// A guest that would run for long, with the hypervisor that runs it.
struct Long {
    /// Holds the directory that osb works in.
    _place: Osb,
    osb: Child,
    hypervisors: Vec<u32>,
}

impl Long {
    fn start() -> Self {
        let command = ["sh", "-c", "echo up; sleep 1000"];
        let place = osb();
        let mut command = place.command(words(&SMALL, &[], &command));
        let mut osb = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(osb.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "up\n");
        let hypervisors = hypervisors_below(osb.id());
        assert!(!hypervisors.is_empty());
        Self { _place: place, osb, hypervisors }
    }

    /// Sends a signal to osb alone, and waits for the end of everything.
    fn end(mut self, signal: &str) -> ExitStatus {
        let process = self.osb.id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
        let status = self.osb.wait().unwrap();
        let patience = Instant::now() + Duration::from_secs(60);
        while self.hypervisors.iter().any(|process| is_hypervisor(*process)) {
            assert!(Instant::now() < patience, "{:?} still run", self.hypervisors);
            thread::sleep(Duration::from_millis(20));
        }
        status
    }
}

fn is_hypervisor(process: u32) -> bool {
    let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
    name.starts_with("qemu-system")
}

fn hypervisors_below(process: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let texts = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let children: Vec<u32> = texts
        .flat_map(|text| text.split_whitespace().flat_map(str::parse).collect::<Vec<_>>())
        .collect();
    let below = children.iter().flat_map(|child| hypervisors_below(*child));
    below.chain(children.iter().copied().filter(|child| is_hypervisor(*child))).collect()
}

#[test]
fn a_killed_osb_leaves_no_machine() {
    if !can_boot() {
        return;
    }
    assert_eq!(Long::start().end("-KILL").signal(), Some(9));
}

#[test]
fn an_interrupted_osb_leaves_no_machine() {
    if !can_boot() {
        return;
    }
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        assert_eq!(Long::start().end(signal).code(), Some(code), "{signal}");
    }
}
