//! Runs the command under test and keeps what it said.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::User;

/// How long one command may take before the test calls it hung.
const PATIENCE: Duration = Duration::from_secs(600);

/// The command with a home of its own and a clean environment.
#[derive(Debug)]
pub struct Osb {
    program: PathBuf,
    home: tempfile::TempDir,
    cache: PathBuf,
    environment: Vec<(OsString, OsString)>,
    user: Option<User>,
    wrapper: Vec<String>,
    patience: Duration,
}

/// What one run said and did.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; nothing if a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The largest resident set of any of its processes, as far as seen.
    pub peak_memory_bytes: u64,
}

/// The cache that all tests share for real packages, so that each is downloaded once.
pub fn warm_cache() -> PathBuf {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-cache");
    fs::create_dir_all(&target).unwrap();
    target.canonicalize().unwrap()
}

impl Osb {
    /// The command at this path, with an empty cache.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let home = tempfile::tempdir().unwrap();
        Self {
            program: program.into(),
            cache: home.path().join("cache"),
            home,
            environment: Vec::new(),
            user: None,
            wrapper: Vec::new(),
            patience: PATIENCE,
        }
    }

    /// Uses another cache.
    pub fn cache(mut self, cache: impl Into<PathBuf>) -> Self {
        self.cache = cache.into();
        self
    }

    /// Begins with what the shared cache holds, in a cache of its own, that of its user.
    pub fn warmed(self) -> Self {
        // Files that change their owner must not be those of the shared cache.
        let option = if self.user.is_some() { "-a" } else { "-al" };
        let shelves =
            ["blobs", "indexes", "opened", "documents"].map(|name| warm_cache().join(name));
        fs::create_dir_all(&self.cache).unwrap();
        for shelf in shelves.iter().filter(|shelf| shelf.is_dir()) {
            let copy = Command::new("cp").arg(option).arg(shelf).arg(&self.cache).status();
            assert!(copy.unwrap().success());
        }
        if let Some(user) = &self.user {
            user.take_all(&self.cache);
        }
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Runs as another user, whose home this becomes.
    pub fn as_user(mut self, user: &User) -> Self {
        user.take(self.home.path());
        self.user = Some(user.clone());
        self
    }

    /// Runs below another program, which gets the command and its arguments as its last ones.
    pub fn under(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(ToString::to_string).collect();
        self
    }

    /// Runs with another umask than the tests.
    pub fn umask(self, mask: &str) -> Self {
        self.under(&["/bin/sh", "-c", &format!("umask {mask}; exec \"$0\" \"$@\"")])
    }

    /// Gives up earlier or later than after ten minutes.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// A directory for outputs that goes away with this value.
    pub fn directory(&self) -> &Path {
        self.home.path()
    }

    /// The cache directory.
    pub fn cache_directory(&self) -> &Path {
        &self.cache
    }

    /// Prepares a run, for tests that need more than `run`.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let program = self.program.as_os_str();
        let mut words = self.wrapper.iter().map(OsStr::new).chain([program]);
        let first = words.next().unwrap_or(program);
        let mut command = match &self.user {
            Some(user) => user.command(first),
            None => Command::new(first),
        };
        command
            .args(words)
            .args(arguments)
            .current_dir(self.home.path())
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", self.home.path())
            .env("OSB_CACHE_DIR", &self.cache)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .process_group(0);
        command
    }

    /// Runs to the end.
    ///
    /// # Panics
    ///
    /// If it does not end in time.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Outcome {
        let mut command = self.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = drain(child.stdout.take().unwrap());
        let stderr = drain(child.stderr.take().unwrap());
        let deadline = Instant::now() + self.patience;
        let mut peak_memory_bytes = 0;
        let status = loop {
            peak_memory_bytes = peak_memory_bytes.max(peak_of(child.id()));
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > deadline {
                kill_group(&mut child);
                let said = stderr.join().unwrap();
                panic!("{command:?} did not end in {:?}:\n{said}", self.patience);
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        Outcome {
            code: status.code(),
            signal: status.signal(),
            stdout: stdout.join().unwrap(),
            stderr: stderr.join().unwrap(),
            peak_memory_bytes,
        }
    }

    /// Runs, and kills the whole process group without warning after a while. Whether it was still running.
    pub fn kill_after<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        wait: Duration,
    ) -> bool {
        let mut command = self.command(arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(wait);
        let is_running = child.try_wait().unwrap().is_none();
        kill_group(&mut child);
        is_running
    }
}

impl Outcome {
    /// Fails the test unless the command succeeded.
    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert!(self.code == Some(0), "{self}");
        self
    }

    /// Fails the test unless the command ended with this code and said this on standard error.
    #[track_caller]
    pub fn fails_with(self, code: i32, said: &str) -> Self {
        assert!(self.code == Some(code), "expected exit code {code}: {self}");
        assert!(self.stderr.contains(said), "expected the words {said:?}: {self}");
        self
    }

    /// Fails the test if any of its processes held more than this in memory.
    #[track_caller]
    pub fn within(self, bytes: u64) -> Self {
        assert!(self.peak_memory_bytes <= bytes, "more than {bytes} bytes in memory: {self}");
        self
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { code, signal, stdout, stderr, peak_memory_bytes } = self;
        writeln!(formatter, "code {code:?}, signal {signal:?}, {peak_memory_bytes} bytes")?;
        write!(formatter, "--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

fn drain(mut pipe: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn kill_group(child: &mut Child) {
    let group = format!("-{}", child.id());
    drop(Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status());
    child.wait().unwrap();
}

/// The high-water mark of a process and those below it.
fn peak_of(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let own = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let own = own.and_then(|value| value.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    children(process).into_iter().map(peak_of).chain([own.unwrap_or(0) * 1024]).max().unwrap_or(0)
}

fn children(process: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    tasks
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|text| text.split_whitespace().flat_map(str::parse).collect::<Vec<u32>>())
        .collect()
}
