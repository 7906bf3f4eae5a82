//! Makes the two trees of one comparison: the same sources, the same time, the same names.

use std::fmt;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};
use test_support::{Mirror, Osb, is_root, needs, warm_cache};

/// The time that both trees carry: 2023-11-14.
const TIMESTAMP: &str = "1700000000";

/// One request to both programs.
pub struct Set {
    pub release: &'static str,
    pub packages: &'static [&'static str],
}

/// The two builds of one set, decided once.
pub struct Builds<'a> {
    set: &'a Set,
    osb: Osb,
    /// The plan's repositories as lines of sources.list, at this machine's mirror.
    pub sources: String,
    /// What tells this state of the archive from any other.
    state: String,
}

impl Set {
    /// Development's archive is the only one that is served after it has expired.
    pub fn may_be_expired(&self) -> bool {
        self.release == "sid"
    }

    fn file_name(&self) -> String {
        [&[self.release], self.packages].concat().join("+")
    }
}

impl fmt::Display for Set {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} base {}", self.release, self.packages.join(" "))
    }
}

/// Whether the peer is there; says so if not.
pub fn can_run_mmdebstrap() -> bool {
    needs(&[("mmdebstrap", "mmdebstrap")])
}

impl<'a> Builds<'a> {
    /// Lets osb decide what both will install, and from where.
    pub fn new(set: &'a Set, mirror: &Mirror) -> Self {
        let osb = Osb::new(env!("CARGO_BIN_EXE_osb"))
            .cache(warm_cache().join("osb"))
            .env("SOURCE_DATE_EPOCH", TIMESTAMP);
        let mut arguments = vec!["plan", "--profile", "base", "--release", set.release];
        arguments.extend(set.packages.iter().flat_map(|package| ["--package", package]));
        arguments.extend(set.may_be_expired().then_some("--allow-expired"));
        osb.run(arguments).succeeds();
        let lock = fs::read_to_string(osb.directory().join("osb.lock")).unwrap();
        let lock: toml::Table = lock.parse().unwrap();
        let repositories = lock["repository"].as_array().unwrap();
        let text =
            |repository: &toml::Value, key: &str| repository[key].as_str().unwrap().to_owned();
        let states = repositories.iter().map(|repository| text(repository, "release_sha256"));
        let state = states.collect::<Vec<_>>().join("\n");
        let line = |repository: &toml::Value| {
            let components = repository["components"].as_array().unwrap();
            let components: Vec<_> = components.iter().filter_map(toml::Value::as_str).collect();
            let suite = text(repository, "suite");
            let is_security = suite.ends_with("-security");
            let address = if is_security { &mirror.security } else { &mirror.archive };
            format!("deb {address} {suite} {}\n", components.join(" "))
        };
        let sources = repositories.iter().map(line).collect();
        Self { set, osb, sources, state }
    }

    /// The tar that osb makes of the plan; it goes away with this value.
    pub fn ours(&self) -> PathBuf {
        let path = self.osb.directory().join("ours.tar");
        let output = path.to_str().unwrap();
        self.osb.run(["rootfs", "--locked", "--output", output]).succeeds();
        path
    }

    /// Keeps the tar that osb made, for whoever wants to know how it differs.
    pub fn keep(&self, ours: &Path) -> PathBuf {
        let kept = directory().join(format!("{}.ours.tar", self.set.file_name()));
        fs::copy(ours, &kept).unwrap();
        kept
    }

    /// The tar that mmdebstrap makes of the same, from an earlier run if the archive has not changed.
    pub fn theirs(&self) -> PathBuf {
        let mode = if is_root() { "--mode=root" } else { "--mode=unshare" };
        let include = format!("--include={}", self.set.packages.join(","));
        let key = [VERSION_OF_CACHE, mode, &include, &self.sources, &self.state].join("\n");
        let key: String = Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect();
        let name = self.set.file_name();
        let path = directory().join(format!("{name}.theirs-{}.tar", &key[..16]));
        if !path.exists() {
            forget_older(&name);
            let unfinished = path.with_extension("unfinished");
            let output = unfinished.to_str().unwrap();
            let (release, variant) = (self.set.release, "--variant=minbase");
            let mut arguments = vec![mode, variant, "--format=tar"];
            if !self.set.packages.is_empty() {
                arguments.push(&include);
            }
            if self.set.may_be_expired() {
                arguments.extend([IGNORE_EXPIRY, FORGET_OPTIONS]);
            }
            arguments.extend([release, output, "-"]);
            mmdebstrap(&arguments, &self.sources);
            fs::rename(unfinished, &path).unwrap();
        }
        path
    }
}

const IGNORE_EXPIRY: &str = "--aptopt=Acquire::Check-Valid-Until \"false\"";

/// The option is for this build and not for the guest.
const FORGET_OPTIONS: &str = "--customize-hook=rm \"$1/etc/apt/apt.conf.d/99mmdebstrap\"";

/// To be changed when the call of mmdebstrap changes.
const VERSION_OF_CACHE: &str = "1";

fn directory() -> PathBuf {
    let directory = warm_cache().join("mmdebstrap");
    fs::create_dir_all(&directory).unwrap();
    directory
}

fn forget_older(name: &str) {
    for entry in fs::read_dir(directory()).unwrap().flatten() {
        if entry.file_name().to_str().unwrap().starts_with(&format!("{name}.theirs-")) {
            fs::remove_file(entry.path()).unwrap();
        }
    }
}

fn mmdebstrap(arguments: &[&str], sources: &str) {
    let mut child = Command::new("mmdebstrap")
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("SOURCE_DATE_EPOCH", TIMESTAMP)
        .current_dir(Path::new("/"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(sources.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "mmdebstrap {arguments:?} with\n{sources}: {said}");
}
