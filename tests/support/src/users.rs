//! Runs commands as the users whose privileges differ.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use crate::{needs, skip};

/// An account on this machine, made once by tests that run as root.
#[derive(Debug, Clone)]
pub struct User {
    name: &'static str,
    id: u32,
    group: u32,
}

impl User {
    /// A user with subordinate ids, or nothing (and a line that says so) where none can be made.
    pub fn with_subordinate_ids() -> Option<Self> {
        let user = Self::ensure("osb-subids", &[])?;
        for (file, option) in [("/etc/subuid", "--add-subuids"), ("/etc/subgid", "--add-subgids")] {
            // useradd gives a range by itself where the file exists.
            let ranges = fs::read_to_string(file).unwrap_or_default();
            if !ranges.lines().any(|line| line.starts_with("osb-subids:")) {
                run("usermod", &[option, "2000000-2065535", "osb-subids"]);
            }
        }
        Some(user)
    }

    /// A user without subordinate ids, or nothing (and a line that says so) where none can be made.
    pub fn plain() -> Option<Self> {
        Self::ensure("osb-plain", &["--key", "SUB_UID_COUNT=0", "--key", "SUB_GID_COUNT=0"])
    }

    /// Begins a command as this user: no groups, no capabilities, its own home.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("setpriv");
        command
            .args([format!("--reuid={}", self.id), format!("--regid={}", self.group)])
            .args(["--clear-groups", "--inh-caps=-all", "--"])
            .arg(program);
        command
    }

    /// Makes a directory the user's own.
    pub fn take(&self, directory: &Path) {
        chown(directory, Some(self.id), Some(self.group)).unwrap();
    }

    /// Makes a directory and everything in it the user's own.
    pub fn take_all(&self, directory: &Path) {
        let owner = format!("{}:{}", self.id, self.group);
        let status = Command::new("chown").args(["-R", &owner]).arg(directory).status();
        assert!(status.unwrap().success());
    }

    /// The account's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    fn ensure(name: &'static str, options: &[&str]) -> Option<Self> {
        // Two tests at once must not both make the account.
        static LOCK: Mutex<()> = Mutex::new(());
        let _guard = LOCK.lock().unwrap();
        if !is_root() {
            skip(&format!("running as user {name} needs root"));
            return None;
        }
        if !needs(&[("useradd", "passwd"), ("setpriv", "util-linux"), ("newuidmap", "uidmap")]) {
            return None;
        }
        if Self::find(name).is_none() {
            let always = ["--shell", "/usr/sbin/nologin", "--no-create-home", name];
            run("useradd", &[options, &always].concat());
        }
        Self::find(name)
    }

    fn find(name: &'static str) -> Option<Self> {
        let accounts = fs::read_to_string("/etc/passwd").ok()?;
        let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2).map_while(|field| field.parse().ok());
        Some(Self { name, id: ids.next()?, group: ids.next()? })
    }
}

/// Whether the tests run as root.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
}
