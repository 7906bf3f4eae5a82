//! Times one command, weighs it, and counts what it starts.

use std::fs;
use std::io::{Read, Seek};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How often the memory of a command is looked at.
const GLANCE: Duration = Duration::from_millis(2);

/// The times of one way, in seconds.
#[derive(Debug, Default)]
pub struct Samples(Vec<f64>);

/// The most memory that a command held.
#[derive(Debug, Default)]
pub struct Memory {
    /// The largest of its processes.
    pub largest_bytes: u64,
    /// All its processes together at one moment; what they share counts for each.
    pub together_bytes: u64,
}

impl Samples {
    /// Takes one more time.
    pub fn add(&mut self, seconds: f64) {
        self.0.push(seconds);
        self.0.sort_by(f64::total_cmp);
    }

    /// The middle one.
    pub fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        match self.0.len() % 2 {
            0 => f64::midpoint(self.0[middle - 1], self.0[middle]),
            _ => self.0[middle],
        }
    }

    /// The shortest and the longest.
    pub fn range(&self) -> (f64, f64) {
        (self.0[0], self.0[self.0.len() - 1])
    }
}

/// The wall time of a command in seconds.
pub fn time(command: &mut Command) -> f64 {
    watch(command, |child| child.wait().unwrap())
}

/// The memory of a command, watched closely enough to make its time useless.
pub fn time_and_memory(command: &mut Command) -> Memory {
    let mut memory = Memory::default();
    watch(command, |child| {
        loop {
            let (largest, together) = memory_of(child.id());
            memory.largest_bytes = memory.largest_bytes.max(largest);
            memory.together_bytes = memory.together_bytes.max(together);
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(GLANCE);
        }
    });
    memory
}

/// How many processes a command starts beside its own; nothing without strace.
pub fn processes_started(command: &Command) -> Option<usize> {
    if !test_support::needs(&[("strace", "strace")]) {
        return None;
    }
    let trace = tempfile::NamedTempFile::new().unwrap();
    let mut traced = Command::new("strace");
    traced.args(["-f", "-e", "trace=execve,clone,clone3,fork,vfork", "-o"]).arg(trace.path());
    traced.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        traced.env(name, value.unwrap_or_default());
    }
    time(&mut traced);
    let calls = fs::read_to_string(trace.path()).unwrap();
    let is_process = |line: &&str| {
        let is_fork = ["clone(", "clone3(", "fork("].iter().any(|call| line.contains(call));
        is_fork && !line.contains("CLONE_THREAD")
    };
    let programs = calls.lines().filter(|line| line.contains("execve(")).count().saturating_sub(1);
    Some(programs + calls.lines().filter(is_process).count())
}

/// Runs a command to its end under a watcher, and insists that it succeeds.
fn watch(
    command: &mut Command,
    watcher: impl FnOnce(&mut Child) -> std::process::ExitStatus,
) -> f64 {
    // A file and not a pipe: nothing of ours must run beside the command.
    let mut said = tempfile::tempfile().unwrap();
    command.stdin(Stdio::null()).stdout(said.try_clone().unwrap());
    command.stderr(said.try_clone().unwrap());
    let start = Instant::now();
    let mut child = command.spawn().unwrap();
    let status = watcher(&mut child);
    let seconds = start.elapsed().as_secs_f64();
    if !status.success() {
        let mut text = String::new();
        said.rewind().unwrap();
        said.read_to_string(&mut text).unwrap();
        panic!("{command:?}: {status}\n{text}");
    }
    seconds
}

/// The largest resident set below a process, itself included, and the sum of all.
fn memory_of(process: u32) -> (u64, u64) {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let field = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name));
        let number = value.and_then(|value| value.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        number.unwrap_or(0) * 1024
    };
    let own = (field("VmHWM:"), field("VmRSS:"));
    children(process)
        .into_iter()
        .map(memory_of)
        .fold(own, |(largest, sum), (other, more)| (largest.max(other), sum + more))
}

fn children(process: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    tasks
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|text| text.split_whitespace().flat_map(str::parse).collect::<Vec<u32>>())
        .collect()
}
