//! A Docker daemon: the one that runs, or one of our own for the time of a test.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{is_root, needs, skip};

/// How long a daemon may take to begin.
const PATIENCE: Duration = Duration::from_secs(60);

/// A way to run containers with Docker's default seccomp profile.
#[derive(Debug)]
pub struct Docker {
    /// The daemon of our own and its directory; nothing where one ran already.
    own: Option<(Child, tempfile::TempDir)>,
}

impl Docker {
    /// Finds or starts a daemon, or says why there is none.
    pub fn start() -> Option<Self> {
        if !needs(&[("docker", "docker.io")]) {
            return None;
        }
        let running = Self { own: None };
        if running.is_up() {
            return Some(running);
        }
        if !is_root() {
            skip("no Docker daemon runs, and starting one needs root");
            return None;
        }
        if !needs(&[("dockerd", "docker.io"), ("containerd", "containerd")]) {
            return None;
        }
        let docker = Self::start_own();
        let deadline = Instant::now() + PATIENCE;
        while !docker.is_up() {
            if Instant::now() > deadline {
                skip("dockerd does not begin on this machine");
                return None;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Some(docker)
    }

    /// A daemon that touches no firewall and no bridge, and keeps everything in one directory.
    fn start_own() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().display();
        let daemon = Command::new("dockerd")
            .args(["--iptables=false", "--ip6tables=false", "--bridge=none"])
            .arg("--storage-driver=vfs")
            .arg(format!("--data-root={place}/data"))
            .arg(format!("--exec-root={place}/exec"))
            .arg(format!("--pidfile={place}/pid"))
            .arg(format!("--host=unix://{place}/socket"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { own: Some((daemon, directory)) }
    }

    /// Begins a docker command.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new("docker");
        if let Some((_, directory)) = &self.own {
            command.arg(format!("--host=unix://{}/socket", directory.path().display()));
        }
        command.args(arguments);
        command
    }

    /// Makes an image of a tar and returns its name.
    pub fn import(&self, tar: &Path) -> String {
        let output = self.command([OsStr::new("import"), tar.as_os_str()]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "docker import: {said}");
        String::from_utf8(output.stdout).unwrap().trim().into()
    }

    fn is_up(&self) -> bool {
        let mut command = self.command(["version", "--format={{.Server.Version}}"]);
        command.output().is_ok_and(|output| output.status.success())
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        if let Some((daemon, directory)) = &mut self.own {
            // It must take its own children and mounts down, so it is asked and not killed.
            drop(Command::new("kill").arg(daemon.id().to_string()).status());
            drop(daemon.wait());
            let place = directory.path().join("exec/netns/default");
            drop(Command::new("umount").arg(place).stderr(Stdio::null()).status());
        }
    }
}
