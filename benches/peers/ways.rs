//! The ways to make one tree: what is done before the clock starts, and what is timed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use test_support::Mirror;

const RELEASE: &str = "bookworm";

/// The time that all trees carry: 2023-11-14.
const TIMESTAMP: &str = "1700000000";

/// One program, in one state of its cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    OsbCold,
    Mmdebstrap,
    OsbStored,
    RdebootstrapCold,
    RdebootstrapCached,
    Debootstrap,
    OsbStoredTar,
    OsbKept,
    OsbAgainDirectory,
    OsbAgainTar,
    OsbAgainLocked,
    OsbVersion,
}

/// All ways, in the order in which each round takes them: osb beside each of its peers.
pub const ALL: [Way; 12] = [
    Way::OsbCold,
    Way::Mmdebstrap,
    Way::OsbStored,
    Way::RdebootstrapCold,
    Way::RdebootstrapCached,
    Way::Debootstrap,
    Way::OsbStoredTar,
    Way::OsbKept,
    Way::OsbAgainDirectory,
    Way::OsbAgainTar,
    Way::OsbAgainLocked,
    Way::OsbVersion,
];

impl Way {
    /// The program and how to get it, if it is not osb itself.
    pub fn tool(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Mmdebstrap => Some(("mmdebstrap", "mmdebstrap")),
            Self::Debootstrap => Some(("debootstrap", "debootstrap")),
            Self::RdebootstrapCold | Self::RdebootstrapCached => Some((
                "rdebootstrap",
                "libgpgme-dev; cargo install rdebootstrap --locked --version 0.4.0",
            )),
            _ => None,
        }
    }

    /// Whether it is one of osb's.
    pub fn is_osb(self) -> bool {
        self.tool().is_none()
    }

    /// Whether everything is already there.
    pub fn is_rebuild(self) -> bool {
        matches!(self, Self::OsbAgainDirectory | Self::OsbAgainTar | Self::OsbAgainLocked)
    }

    /// Whether it is so short that once is not enough.
    pub fn is_instant(self) -> bool {
        self.is_rebuild() || self == Self::OsbVersion
    }
}

/// Where everything is done: one directory, so one disk, for all.
pub struct Workplace {
    directory: tempfile::TempDir,
    mirror: Mirror,
}

impl Workplace {
    /// Writes what the programs need to know of the mirror.
    pub fn new(mirror: Mirror) -> Self {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let workplace = Self { directory, mirror };
        fs::write(workplace.path("sources.list"), workplace.mirror.lines(RELEASE)).unwrap();
        workplace
    }

    /// Brings the files into the state from which this way starts.
    pub fn prepare(&self, way: Way) {
        let output = self.output(way);
        let (store, cache) = (self.path("osb-stored"), self.path("rdebootstrap-cache"));
        match way {
            Way::OsbVersion => {}
            Way::OsbCold => remove(&[&output, &self.path("osb-cold")]),
            Way::RdebootstrapCold => {
                let project = self.path("rdebootstrap");
                remove(&[&output, &cache, &project]);
                fs::create_dir(&project).unwrap();
                fs::write(project.join("Manifest.toml"), manifest(&self.mirror)).unwrap();
            }
            Way::RdebootstrapCached if !cache.exists() => {
                self.prepare(Way::RdebootstrapCold);
                run(&mut self.command(Way::RdebootstrapCold));
            }
            Way::OsbStored | Way::OsbStoredTar | Way::OsbKept => {
                let trees = store.join("trees");
                if !store.exists() || (way == Way::OsbKept && !trees.exists()) {
                    run(&mut self.command(way));
                }
                remove(&[&output]);
                if way != Way::OsbKept {
                    remove(&[&trees]);
                }
            }
            Way::OsbAgainDirectory | Way::OsbAgainTar | Way::OsbAgainLocked if output.exists() => {}
            Way::OsbAgainDirectory | Way::OsbAgainTar => run(&mut self.command(way)),
            Way::OsbAgainLocked => {
                let lock = self.path("osb.lock");
                run(self.osb("plan", "osb-stored").arg("--output").arg(lock));
                run(&mut self.command(way));
            }
            _ => remove(&[&output]),
        }
        // What an earlier run left to the disk must not slow down this one.
        run(&mut Command::new("sync"));
    }

    /// What is timed.
    pub fn command(&self, way: Way) -> Command {
        let output = self.output(way);
        let mut command = match way {
            Way::OsbCold => self.rootfs("osb-cold", &output),
            Way::OsbStored
            | Way::OsbStoredTar
            | Way::OsbKept
            | Way::OsbAgainDirectory
            | Way::OsbAgainTar => self.rootfs("osb-stored", &output),
            Way::OsbAgainLocked => {
                let mut command = self.rootfs("osb-stored", &output);
                command.args(["--locked", "--lock"]).arg(self.path("osb.lock"));
                command
            }
            Way::OsbVersion => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_osb"));
                command.arg("--version");
                command
            }
            Way::Mmdebstrap => {
                let mut command = Command::new("mmdebstrap");
                command.args(["--variant=minbase", "--quiet", RELEASE]);
                command.arg(&output).arg(self.path("sources.list"));
                command
            }
            Way::Debootstrap => {
                let mut command = Command::new("debootstrap");
                command.args(["--variant=minbase", RELEASE]).arg(&output).arg(&self.mirror.archive);
                command
            }
            Way::RdebootstrapCold => {
                self.rdebootstrap("\"$@\" update; \"$@\" build --path \"$0\"", &output)
            }
            Way::RdebootstrapCached => self.rdebootstrap("\"$@\" build --path \"$0\"", &output),
        };
        command.env("SOURCE_DATE_EPOCH", TIMESTAMP);
        command
    }

    fn osb(&self, verb: &str, cache: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_osb"));
        let recipe = ["--distro", "debian", "--release", RELEASE, "--profile", "base", "--quiet"];
        command.arg(verb).args(recipe).arg("--cache-dir").arg(self.path(cache));
        command
    }

    fn rootfs(&self, cache: &str, output: &Path) -> Command {
        let mut command = self.osb("rootfs", cache);
        command.arg("--output").arg(output);
        command
    }

    fn rdebootstrap(&self, script: &str, output: &Path) -> Command {
        let mut command = Command::new("sh");
        command.args(["-ec", script]).arg(output).arg("rdebootstrap").arg("--quiet");
        command.arg("--cache-dir").arg(self.path("rdebootstrap-cache"));
        command.arg("--manifest").arg(self.path("rdebootstrap/Manifest.toml"));
        command
    }

    fn output(&self, way: Way) -> PathBuf {
        match way {
            Way::OsbStoredTar | Way::OsbAgainTar => self.path(&format!("{way:?}.tar")),
            _ => self.path(&format!("{way:?}")),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// The base as rdebootstrap says it: it takes essential and required packages by itself.
///
/// Without the security archive, because it asks by digest for an index that mirrors do not all
/// keep by digest, and then gives up. So it has less to do than osb, as debootstrap has.
fn manifest(mirror: &Mirror) -> String {
    format!(
        "[[archive]]\nurl = \"{}\"\nsuites = [\"{RELEASE}\", \"{RELEASE}-updates\"]\n\
         components = [\"main\"]\n\n[spec]\ninclude = [\"apt\"]\n",
        mirror.archive
    )
}

fn remove(paths: &[&Path]) {
    for path in paths {
        // A peer that was stopped may have left mounts, and those are not ours to empty.
        run(Command::new("rm").args(["-rf", "--one-file-system", "--"]).arg(path));
    }
}

/// Runs something that is not timed.
fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
}
