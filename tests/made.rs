//! A made distribution behind a mirror, a cache, and the things that nobody may touch.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use test_support::{Archive, Osb, Outcome, Package, Server, SigningKey, Suite};

/// What no attack may make the command hold in memory.
const MEMORY_LIMIT_BYTES: u64 = 256 << 20;

/// What no attack may make the command keep on disk.
const DISK_LIMIT_BYTES: u64 = 512 << 20;

pub struct Target {
    pub server: Arc<Server>,
    pub osb: Osb,
    key: PathBuf,
    victim: PathBuf,
}

/// The key that signs the made distribution.
pub fn key() -> SigningKey {
    SigningKey::new("archive")
}

/// Packages without scripts, so that a whole build takes no time and no privilege.
pub fn stub(name: &str) -> Package {
    Package::new(name, "1.0").field("Essential", "yes").field("Priority", "required").file(
        &format!("usr/share/doc/{name}/copyright"),
        "free\n",
        0o644,
    )
}

/// The distribution before anybody attacks it.
pub fn suite() -> Suite {
    let names = ["apt", "base-files", "dpkg"];
    names.iter().fold(Suite::new("bookworm", &key()), |suite, name| suite.package(&stub(name)))
}

/// The distribution with one more package, that `Target::build` asks for.
pub fn suite_with(package: &Package) -> Suite {
    suite().package(package)
}

/// Where the fixture of `suite` keeps the indexes that everything depends on.
pub const RELEASE: &str = "dists/bookworm/InRelease";

impl Target {
    pub fn new(archive: Archive) -> Self {
        Self::with_key(archive, &key())
    }

    /// Trusts this key instead of the usual one.
    pub fn with_key(archive: Archive, key: &SigningKey) -> Self {
        Self::at(Arc::new(Server::new(archive)), key)
    }

    /// Another home and an empty cache for the same mirror: its address is part of what is built.
    pub fn beside(&self) -> Self {
        Self::at(self.server.clone(), &key())
    }

    fn at(server: Arc<Server>, key: &SigningKey) -> Self {
        let osb = Osb::new(env!("CARGO_BIN_EXE_osb"));
        let key_file = osb.directory().join("key.asc");
        fs::write(&key_file, key.public_armored()).unwrap();
        let victim = osb.directory().join("victim");
        fs::create_dir(&victim).unwrap();
        fs::write(victim.join("file"), "untouched").unwrap();
        Self { server, key: key_file, victim, osb }
    }

    /// The directory that attacks aim at.
    pub fn victim(&self) -> &str {
        self.victim.to_str().unwrap()
    }

    /// A command about the made distribution; `more` may set any flag otherwise.
    pub fn arguments(&self, command: &str, more: &[&str]) -> Vec<String> {
        let (url, key) = (self.server.url(), self.key.to_str().unwrap());
        let usual = [
            ("--distro", "debian"),
            ("--release", "bookworm"),
            ("--arch", "amd64"),
            ("--profile", "base"),
            ("--pocket", "release"),
            ("--mirror", &url),
            ("--keyring", key),
            ("--timeout", "3"),
        ];
        let usual = usual.into_iter().filter(|(flag, _)| !more.contains(flag));
        let usual = usual.flat_map(|(flag, value)| [flag, value]);
        [command].into_iter().chain(usual).chain(more.iter().copied()).map(str::to_owned).collect()
    }

    /// Builds the made distribution into `out.tar`, with packages that the attack brings.
    pub fn build(&self, packages: &[&str]) -> Outcome {
        let more: Vec<_> = packages.iter().flat_map(|package| ["--package", package]).collect();
        self.rootfs(&more)
    }

    /// Builds the made distribution into `out.tar`, with more flags.
    pub fn rootfs(&self, more: &[&str]) -> Outcome {
        self.osb.run(self.arguments("rootfs", &[&["--output", "out.tar"], more].concat()))
    }

    /// Begins the same build and kills it after a while; whether it was still running.
    pub fn kill(&self, more: &[&str], wait: Duration) -> bool {
        let arguments = self.arguments("rootfs", &[&["--output", "out.tar"], more].concat());
        self.osb.kill_after(arguments, wait)
    }

    /// What the last build wrote.
    pub fn artifact(&self) -> Vec<u8> {
        fs::read(self.osb.directory().join("out.tar")).unwrap()
    }

    /// Expects the build to be refused, and everything else to be as before.
    #[track_caller]
    pub fn refuses(&self, packages: &[&str], code: i32, said: &str) {
        self.build(packages).fails_with(code, said).within(MEMORY_LIMIT_BYTES);
        assert!(!self.osb.directory().join("out.tar").exists(), "an artifact was left");
        self.assert_unharmed();
    }

    /// Expects that whatever the attack did, it did inside the guest.
    #[track_caller]
    pub fn contains(&self, packages: &[&str]) -> Outcome {
        let outcome = self.build(packages).within(MEMORY_LIMIT_BYTES);
        assert!(matches!(outcome.code, Some(0 | 3)), "{outcome}");
        self.assert_unharmed();
        outcome
    }

    /// Expects the next build, from a good mirror and the same cache, to be as good as any.
    #[track_caller]
    pub fn recovers(&self) {
        self.server.heal();
        self.server.replace(suite().publish());
        self.build(&[]).succeeds();
        let fresh = self.beside();
        fresh.build(&[]).succeeds();
        assert!(self.artifact() == fresh.artifact(), "the attack left something in the store");
    }

    #[track_caller]
    fn assert_unharmed(&self) {
        let file = self.victim.join("file");
        assert_eq!(fs::read_to_string(&file).unwrap(), "untouched");
        assert_eq!(fs::metadata(&file).unwrap().nlink(), 1, "something links to the victim");
        assert_eq!(fs::read_dir(&self.victim).unwrap().count(), 1, "something was put beside it");
        let used = disk_usage(self.osb.directory());
        assert!(used < DISK_LIMIT_BYTES, "{used} bytes were left on disk");
    }
}

fn disk_usage(directory: &std::path::Path) -> u64 {
    let Ok(entries) = fs::read_dir(directory) else { return 0 };
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => disk_usage(&entry.path()),
        Ok(metadata) => metadata.blocks() * 512,
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}

#[test]
fn the_made_distribution_builds_when_nobody_attacks() {
    let target = Target::new(suite().publish());
    target.build(&[]).succeeds();
    target.assert_unharmed();
}
