//! A test harness of one screen, and the guest that tests run in.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use sandbox::{Error, Host, HostReport, Rung, Sandbox, ToolCall, ToolOutput, ToolRunner, Verdict};

/// A test by name.
pub type Test = (&'static str, fn());

/// Runs the tests whose names hold the first argument, as `cargo test` promises.
pub fn run(groups: &[&[Test]]) {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let is_wanted = |name: &str| filter.as_ref().is_none_or(|filter| name.contains(filter));
    let mut failures = Vec::new();
    for (name, test) in groups.iter().flat_map(|group| group.iter()) {
        if !is_wanted(name) {
            continue;
        }
        println!("test {name} ...");
        if catch_unwind(AssertUnwindSafe(test)).is_err() {
            failures.push(*name);
        }
    }
    if !failures.is_empty() {
        println!("FAILED: {failures:?}");
        std::process::exit(101);
    }
    println!("all passed");
}

/// A guest whose only program is this one.
pub struct Guest {
    pub root: PathBuf,
}

impl Guest {
    /// Makes a guest in a new directory.
    pub fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("sandbox-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        for part in ["dev", "proc", "tmp"] {
            std::fs::create_dir_all(root.join(part)).unwrap();
        }
        std::fs::copy("/proc/self/exe", root.join("tool")).unwrap();
        Guest { root }
    }

    /// Returns a call of one of [`guest`](crate::guest)'s commands.
    pub fn call(&self, words: &[&str]) -> ToolCall {
        ToolCall::new(&self.root, "/tool").arguments(["guest"]).arguments(words.iter().copied())
    }

    /// Runs a command of the guest's and returns what it printed.
    pub fn ask(&self, rung: Rung, words: &[&str]) -> String {
        let (output, lines) = run_call(rung, &self.call(words));
        let output = output.unwrap();
        assert!(output.status.is_success(), "{words:?}: {} {lines:?}", output.status);
        lines.join("\n")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// Runs a call and returns all its lines.
pub fn run_call(rung: Rung, call: &ToolCall) -> (Result<ToolOutput, Error>, Vec<String>) {
    let lines = RefCell::new(Vec::new());
    let sink = |line: &str| lines.borrow_mut().push(line.to_owned());
    let output = Sandbox::new(rung).and_then(|sandbox| sandbox.run(call, &sink));
    (output, lines.into_inner())
}

/// Tells whether this host has `rung`, and says why a test is skipped if not.
pub fn has(rung: Rung) -> bool {
    static REPORT: OnceLock<HostReport> = OnceLock::new();
    match REPORT.get_or_init(Host::probe).verdict(rung) {
        Verdict::Works => true,
        Verdict::Missing { reason, .. } => {
            println!("  skipped: no {rung}: {reason}");
            false
        }
    }
}

/// Runs `test` on both rungs of root.
pub fn on_root_rungs(test: impl Fn(Rung)) {
    [Rung::Root, Rung::Chroot].into_iter().filter(|&rung| has(rung)).for_each(test);
}

/// Tells whether any process runs a program below `root`.
pub fn is_anyone_in(root: &Path) -> bool {
    std::fs::read_dir("/proc").unwrap().any(|entry| {
        let exe = std::fs::read_link(entry.unwrap().path().join("exe"));
        exe.is_ok_and(|exe| exe.starts_with(root) || exe == Path::new("/guest/tool"))
    })
}
