//! What one build was asked for, in full and with nothing resolved yet.

mod agent;
mod error;
mod image;
mod locked;
mod output;
mod repository;
mod target;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use distros::Pocket;

pub use agent::{Agent, AgentOrigin};
pub use error::RecipeError;
pub use image::{
    CompressionName, DiskFormat, ErofsCompression, Filesystem, FilesystemName, Image, Initrd,
    InitrdCompression, Salt, SquashfsCompression, Table, parse_salt, parse_size,
};
pub use output::{Compression, Output};
pub use repository::{Mirror, Repository, parse_pockets};
pub use target::Target;

/// The lock file when no other is named.
pub const DEFAULT_LOCK: &str = "osb.lock";

/// What one build was asked for: words checked, nothing resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// A tree that is there already, instead of a distribution's packages.
    pub rootfs: Option<PathBuf>,
    /// Where kernel modules are that the guest is to have.
    pub modules: Option<PathBuf>,
    /// Which agent the guest is to have.
    pub agent: Agent,
    /// What tools of this machine see of the environment, if an agent is built.
    pub environment: BTreeMap<OsString, OsString>,
    /// The distribution's name; none asks for the default one.
    pub distro: Option<String>,
    /// The release's name; none asks for the distribution's default.
    pub release: Option<String>,
    /// The architecture; none asks for the host's.
    pub arch: Option<String>,
    /// The profile; none asks for the default one.
    pub profile: Option<String>,
    /// More packages than the profile's, in the order asked, each once.
    pub packages: Vec<String>,
    /// Whether recommended packages are wanted.
    pub recommends: bool,
    /// Archives to ask for the distribution's packages, in order; empty asks for the usual one.
    pub mirrors: Vec<Mirror>,
    /// The parts of the archive to take; empty takes all that the release has.
    pub pockets: Vec<Pocket>,
    /// Repositories beside the distribution's own.
    pub repositories: Vec<Repository>,
    /// Key files that replace the distribution's own keys; empty keeps those.
    pub keyrings: Vec<PathBuf>,
    /// What to do with an archive that nobody signed.
    pub unsigned: Unsigned,
    /// Whether archives are taken whose time is over.
    pub allow_expired: bool,
    /// Whether the plan is made or read.
    pub decision: Decision,
    /// Whether the network may be used.
    pub network: Network,
    /// How servers are reached.
    pub proxies: Proxies,
    /// The time that the artifact carries, in seconds since 1970; none takes the plan's.
    pub timestamp: Option<i64>,
    /// Where downloads are kept.
    pub cache_dir: PathBuf,
    /// How many threads work at a time; none is one for each processor.
    pub jobs: Option<NonZeroUsize>,
    /// How many seconds a mirror may say nothing; none leaves that to the network's rules.
    pub timeout: Option<NonZeroU32>,
}

impl Recipe {
    /// A recipe that asks for nothing in particular.
    pub fn nothing(cache_dir: PathBuf) -> Self {
        Self {
            rootfs: None,
            modules: None,
            agent: Agent { origin: AgentOrigin::None, init: false, name: None },
            environment: BTreeMap::new(),
            distro: None,
            release: None,
            arch: None,
            profile: None,
            packages: Vec::new(),
            recommends: false,
            mirrors: Vec::new(),
            pockets: Vec::new(),
            repositories: Vec::new(),
            keyrings: Vec::new(),
            unsigned: Unsigned::Refused,
            allow_expired: false,
            decision: Decision::Anew,
            network: Network::Online,
            proxies: Proxies::default(),
            timestamp: None,
            cache_dir,
            jobs: None,
            timeout: None,
        }
    }

    /// Refuses a recipe that names a key file or a directory which is not there.
    pub fn check_files(&self) -> Result<(), RecipeError> {
        let signers = self.repositories.iter().filter_map(|extra| extra.signed_by.as_ref());
        let files = self.keyrings.iter().chain(signers).chain(&self.rootfs).chain(&self.modules);
        let files = files.map(PathBuf::as_path).chain(self.agent.path());
        if let Some(missing) = files.into_iter().find(|file| !file.exists()) {
            return Err(RecipeError::NoSuchFile { path: missing.to_owned() });
        }
        let places = self.repositories.iter().map(|extra| &extra.place).chain(&self.mirrors);
        for place in places {
            match place {
                Mirror::Directory(path) if !path.is_dir() => {
                    return Err(RecipeError::Mirror { text: path.display().to_string() });
                }
                Mirror::Directory(_) | Mirror::Url(_) => {}
            }
        }
        Ok(())
    }
}

/// What to do with an archive that nobody signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsigned {
    /// Refuse it.
    Refused,
    /// Take it, and record in the plan that it was taken.
    Allowed,
}

/// Where the plan comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is made from the archives' indexes.
    Anew,
    /// It is read from this lock file, and nothing is decided.
    Locked(PathBuf),
}

/// Whether the network may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// It may.
    Online,
    /// Only the cache may be used.
    Offline,
}

/// Which proxies stand between this machine and the network.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proxies {
    /// For `http` addresses.
    pub http: Option<String>,
    /// For `https` addresses.
    pub https: Option<String>,
    /// Hosts that are reached without, in the form of `no_proxy`.
    pub except: Option<String>,
}

/// Splits lists as people and environment variables write them: `a b`, `a,b`, several times.
///
/// The order stays, and a name that comes again is dropped.
pub fn split_list(lists: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in lists.iter().flat_map(|list| list.split([' ', ',', '\t', '\n'])) {
        if !name.is_empty() && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// Reads what `SOURCE_DATE_EPOCH` or `--timestamp` says.
pub fn parse_timestamp(text: &str) -> Result<i64, RecipeError> {
    text.parse()
        .ok()
        .filter(|seconds| (0..=MAX_TIMESTAMP).contains(seconds))
        .ok_or_else(|| RecipeError::Timestamp { text: text.chars().take(40).collect() })
}

// Eleven octal digits: the last second that a tar header's own field can hold.
const MAX_TIMESTAMP: i64 = 0o77_777_777_777;

#[cfg(test)]
mod tests {
    use super::{parse_timestamp, split_list};

    fn check_list(lists: &[&str], expected: &[&str]) {
        let lists: Vec<String> = lists.iter().map(|list| (*list).to_owned()).collect();
        assert_eq!(split_list(&lists), expected);
    }

    #[test]
    fn lists_are_split_at_spaces_and_commas() {
        check_list(&["vim  nginx", "curl,jq", ""], &["vim", "nginx", "curl", "jq"]);
    }

    #[test]
    fn a_package_asked_for_twice_is_asked_for_once() {
        check_list(&["vim", "jq vim"], &["vim", "jq"]);
    }

    #[test]
    fn a_timestamp_is_whole_seconds_since_1970() {
        assert_eq!(parse_timestamp("1700000000"), Ok(1_700_000_000));
        for wrong in ["", "yesterday", "1.5", "-1", "99999999999999"] {
            assert!(parse_timestamp(wrong).is_err(), "{wrong}");
        }
    }
}
