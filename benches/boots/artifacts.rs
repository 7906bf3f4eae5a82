//! What osb builds and boots.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::measure::time;

/// A kind of artifact.
pub struct Kind {
    /// How the table calls it, and what its file is called.
    pub name: &'static str,
    build: &'static [&'static str],
}

/// All kinds.
pub const KINDS: [Kind; 8] = [
    Kind { name: "ext4", build: &["image", "--agent-init"] },
    Kind { name: "erofs", build: &["image", "--agent-init", "--fs", "erofs"] },
    Kind {
        name: "erofs-verity",
        build: &["image", "--agent-init", "--fs", "erofs", "--verity", "--variant", "bench"],
    },
    Kind { name: "squashfs", build: &["image", "--agent-init", "--fs", "squashfs"] },
    Kind { name: "xfs", build: &["image", "--agent-init", "--fs", "xfs"] },
    Kind { name: "ext4-systemd", build: &["image", "-p", "systemd-sysv,udev,kmod,dbus"] },
    Kind { name: "initrd", build: &["initrd", "--agent-init", "--drop-xattrs"] },
    Kind {
        name: "initrd-systemd",
        build: &["initrd", "--drop-xattrs", "-p", "systemd-sysv,udev,kmod,dbus"],
    },
];

/// Artifacts of every kind, and the cache behind them.
pub struct Artifacts {
    directory: tempfile::TempDir,
}

/// What one boot told.
pub struct Told {
    /// When the agent answered, in the guest's clock.
    pub agent_seconds: f64,
    /// What the guest used when its boot was over.
    pub memory_bytes: u64,
}

impl Artifacts {
    /// Builds all of them.
    pub fn make() -> Self {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let artifacts = Self { directory };
        for Kind { name, build } in &KINDS {
            let mut command = artifacts.osb(build);
            command.args(["-q", "--profile", "minimal", "-o"]).arg(file_name(build, name));
            assert!(command.status().unwrap().success(), "{name}");
        }
        artifacts
    }

    /// Where everything is.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The file of a kind.
    pub fn path(&self, kind: &Kind) -> PathBuf {
        self.directory().join(file_name(kind.build, kind.name))
    }

    /// The command, with the cache of this run.
    pub fn osb(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_osb"));
        command.env("OSB_CACHE_DIR", self.directory().join("cache")).args(arguments);
        command.current_dir(self.directory()).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Boots one, and returns what it told.
    pub fn test(&self, kind: &Kind) -> Told {
        let mut command = self.osb(&["test", "-q", "--again", "--json", "--accel", "tcg"]);
        let output = command.arg(self.path(kind)).stdout(Stdio::piped()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        let verdict: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let steps = verdict["steps"].as_array().unwrap();
        let agent = steps.iter().find(|mark| mark["step"] == "agent").unwrap();
        Told {
            agent_seconds: agent["guest_seconds"].as_f64().unwrap(),
            memory_bytes: verdict["memory_used_bytes"].as_u64().unwrap(),
        }
    }

    /// The seconds in which a command has run in it.
    pub fn run_true(&self, kind: &Kind) -> f64 {
        let mut command = self.osb(&["run", "-q", "--accel", "tcg"]);
        time(command.arg(self.path(kind)).args(["--", "true"]))
    }

    /// The bytes of one on disk, where holes take none, and compressed.
    pub fn sizes(&self, kind: &Kind) -> (u64, u64) {
        use std::os::unix::fs::MetadataExt as _;
        let path = self.path(kind);
        let packed = path.with_extension("zst");
        let zstd =
            Command::new("zstd").args(["-qf", "-3"]).arg(&path).arg("-o").arg(&packed).status();
        assert!(zstd.unwrap().success());
        (fs::metadata(&path).unwrap().blocks() * 512, fs::metadata(&packed).unwrap().len())
    }
}

fn file_name(build: &[&str], name: &str) -> String {
    let ending = if build[0] == "initrd" { "initrd" } else { "img" };
    format!("{name}.{ending}")
}
