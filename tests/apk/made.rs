//! A made distribution of the apk family behind a mirror.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use test_support::apk::{Key, Package, Repository};
use test_support::{Archive, Osb, Outcome, Server, tar_file};

/// What no attack may make the command hold in memory.
const MEMORY_LIMIT_BYTES: u64 = 256 << 20;

/// Where the mirror has the component that everything comes from.
pub const MAIN: &str = "alpine/v3.22/main";
/// Where it has the other one.
pub const COMMUNITY: &str = "alpine/v3.22/community";

/// What the profile `base` asks for.
const WANTED: [&str; 6] =
    ["alpine-baselayout", "alpine-keys", "alpine-release", "apk-tools", "busybox", "libc-utils"];

pub struct Target {
    pub server: Arc<Server>,
    pub osb: Osb,
    key: PathBuf,
}

/// The key that signs the made distribution.
pub fn key() -> Key {
    Key::new("made@example.org-5261cecb")
}

/// A package of one file, without scripts.
pub fn stub(name: &str) -> Package {
    Package::new(name, "1.0-r0").file(&format!("usr/share/{name}/file"), name, 0o644)
}

/// The component `main` before anybody attacks it.
pub fn main() -> Repository {
    let stubs: Vec<_> = WANTED.iter().map(|name| stub(name)).collect();
    Repository::new(MAIN, &key()).packages(&stubs)
}

/// A whole mirror with this `main`, and nothing in `community`.
pub fn with(main: &Repository) -> Archive {
    Archive::of([main.publish(), Repository::new(COMMUNITY, &key()).publish()])
}

/// A mirror with further packages.
pub fn mirror(packages: &[Package]) -> Archive {
    with(&main().packages(packages))
}

impl Target {
    pub fn new(archive: Archive) -> Self {
        Self::at(Arc::new(Server::new(archive)), &key())
    }

    /// Another home and an empty cache for the same mirror: its address is part of what is built.
    pub fn beside(&self) -> Self {
        Self::at(self.server.clone(), &key())
    }

    fn at(server: Arc<Server>, key: &Key) -> Self {
        let osb = Osb::new(env!("CARGO_BIN_EXE_osb"));
        let file = osb.directory().join(key.file_name());
        fs::write(&file, key.public_pem()).unwrap();
        Self { server, osb, key: file }
    }

    /// The mirror's address.
    pub fn mirror(&self) -> String {
        format!("{}/alpine", self.server.url())
    }

    /// A file in the working directory.
    pub fn path(&self, name: &str) -> String {
        self.osb.directory().join(name).to_str().unwrap().to_owned()
    }

    /// A command about the made distribution; `more` may set any flag otherwise.
    pub fn arguments(&self, command: &str, more: &[&str]) -> Vec<String> {
        let (url, key) = (self.mirror(), self.key.to_str().unwrap());
        let usual = [
            ("--distro", "alpine"),
            ("--release", "v3.22"),
            ("--arch", "x86_64"),
            ("--profile", "base"),
            ("--mirror", &url),
            ("--keyring", key),
            ("--timeout", "3"),
        ];
        let usual = usual.into_iter().filter(|(flag, _)| !more.contains(flag));
        let usual = usual.flat_map(|(flag, value)| [flag, value]);
        [command].into_iter().chain(usual).chain(more.iter().copied()).map(str::to_owned).collect()
    }

    /// Builds into `out.tar`, with these packages too.
    pub fn build(&self, packages: &[&str]) -> Outcome {
        let more: Vec<_> = packages.iter().flat_map(|package| ["--package", package]).collect();
        self.rootfs(&more)
    }

    /// Builds into `out.tar`, with more flags.
    pub fn rootfs(&self, more: &[&str]) -> Outcome {
        self.osb.run(self.arguments("rootfs", &[&["--output", "out.tar"], more].concat()))
    }

    /// What the last build wrote.
    pub fn artifact(&self) -> Vec<u8> {
        fs::read(self.osb.directory().join("out.tar")).unwrap()
    }

    /// A text in the tree that the last build wrote.
    #[track_caller]
    pub fn text(&self, path: &str) -> String {
        let bytes = tar_file(&self.artifact(), path);
        String::from_utf8(bytes.unwrap_or_else(|| panic!("no file {path}"))).unwrap()
    }

    /// Whether that tree has something at a path.
    pub fn has(&self, path: &str) -> bool {
        tar_file(&self.artifact(), path).is_some()
    }

    /// The names of the packages that its database has, in its order.
    #[track_caller]
    pub fn installed(&self) -> Vec<String> {
        let text = self.text("lib/apk/db/installed");
        text.lines().filter_map(|line| line.strip_prefix("P:")).map(str::to_owned).collect()
    }

    /// Expects the build to be refused, and nothing to be left.
    #[track_caller]
    pub fn refuses(&self, packages: &[&str], code: i32, said: &str) {
        self.build(packages).fails_with(code, said).within(MEMORY_LIMIT_BYTES);
        assert!(!self.osb.directory().join("out.tar").exists(), "an artifact was left");
    }

    /// Expects the next build, from a good mirror and the same cache, to be as good as any.
    #[track_caller]
    pub fn recovers(&self) {
        self.server.heal();
        self.server.replace(with(&main()));
        self.build(&[]).succeeds();
        let fresh = self.beside();
        fresh.build(&[]).succeeds();
        assert!(self.artifact() == fresh.artifact(), "the attack left something in the store");
    }
}
