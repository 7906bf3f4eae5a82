//! The flags that every building command shares.

mod agent;

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::str::FromStr;

use super::environment;
use crate::progress::{Detail, Reporting};
use crate::recipe::{
    self, Decision, Network, Recipe, RecipeError, Unsigned, parse_pockets, parse_timestamp,
    split_list,
};

/// The flags that every building command shares.
#[derive(Debug, clap::Args)]
pub struct BuildArgs {
    #[command(flatten)]
    what: WhatArgs,
    #[command(flatten)]
    agent: agent::AgentArgs,
    #[command(flatten)]
    sources: SourceArgs,
    #[command(flatten)]
    decisions: DecisionArgs,
    #[command(flatten)]
    host: HostArgs,
    #[command(flatten)]
    pub reporting: ReportingArgs,
}

/// A tree that is there already.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What to build")]
pub struct TreeArgs {
    /// Take this directory or tar archive as it is, instead of a distribution's packages
    #[arg(
        long,
        value_name = "PATH",
        conflicts_with_all = [
            "distro", "release", "profile", "packages", "recommends", "mirrors", "pockets",
            "repositories", "keyrings", "allow_unsigned", "allow_expired", "locked",
        ]
    )]
    pub rootfs: Option<PathBuf>,

    /// Add the kernel modules in this directory, with the indexes that modprobe reads
    ///
    /// The modules of one kernel (`.../lib/modules/6.12.1`), or a directory that has them below
    /// its `lib/modules`.
    #[arg(long, value_name = "DIR", env = "KERNEL_MODULES_DIR", hide_env_values = true)]
    pub modules: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What to build")]
struct WhatArgs {
    /// Distribution, as `osb distros` names it, or a file that describes one [default: debian]
    ///
    /// A word with a `/` in it, or that ends in `.toml`, is a file: see `osb distros --help`.
    #[arg(short, long, value_name = "NAME", env = "DISTRO", hide_env_values = true)]
    distro: Option<String>,

    /// Release, by code name, number or role (`bookworm`, `12`, `stable`)
    ///
    /// Without it: the release that `osb distros` marks as the default.
    #[arg(long, value_name = "NAME", env = "OS_VERSION", hide_env_values = true)]
    release: Option<String>,

    /// Architecture of the guest: the distribution's name of it, or the kernel's [default: the host's]
    ///
    /// A foreign architecture needs qemu-user only for the packages' own scripts; `osb doctor`
    /// says whether it is there.
    #[arg(long, value_name = "ARCH", env = "ARCH", hide_env_values = true)]
    arch: Option<String>,

    /// How much system: `kata`, `base` or `minimal` [default: kata]
    ///
    /// `kata` is what a Kata Containers guest needs, `base` the smallest system with its package
    /// manager, `minimal` the smallest that boots to an init.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// One more package; repeatable, and a list may be separated by spaces or commas
    #[arg(
        short,
        long = "package",
        value_name = "NAME",
        env = "EXTRA_PKGS",
        hide_env_values = true
    )]
    packages: Vec<String>,

    /// Install what packages recommend, too
    #[arg(long)]
    recommends: bool,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Where packages come from")]
struct SourceArgs {
    /// Archive to take packages from: an address or a directory; repeat it for fallbacks, in order
    ///
    /// Without it: the mirror that this machine's own apt sources name for the distribution, else
    /// the distribution's official one. A mirror is never trusted, whatever it is: what it serves
    /// must carry the distribution's signature.
    #[arg(long = "mirror", value_name = "URL", env = "REPO_URL", hide_env_values = true)]
    mirrors: Vec<String>,

    /// Which of `release`, `updates`, `security` to take, separated by commas [default: all]
    #[arg(long = "pocket", value_name = "LIST")]
    pockets: Option<String>,

    /// One more repository, as the guest's package manager has it in a line; repeatable
    ///
    /// For apt: `[signed-by=KEYFILE] URL SUITE [COMPONENT...]`, with or without a leading `deb`.
    /// For apk: `[signed-by=KEY.rsa.pub] [@TAG] URL`, one for each component; only packages asked for
    /// as NAME@TAG come from a repository with a tag. The key file signs this repository and no
    /// other.
    ///
    /// Example: --repo '[signed-by=docker.asc] https://download.docker.com/linux/debian bookworm stable'
    #[arg(long = "repo", value_name = "SPEC")]
    repositories: Vec<String>,

    /// Trust the keys in this file for the distribution's archive, instead of those built in
    ///
    /// OpenPGP keys for apt; for apk one RSA key, in a file called as signatures call it
    /// (`NAME.rsa.pub`).
    #[arg(long = "keyring", value_name = "FILE")]
    keyrings: Vec<PathBuf>,

    /// Accept archives that nobody signed. The plan and the lock file will say so
    #[arg(long)]
    allow_unsigned: bool,

    /// Accept archives whose time is over: a snapshot, or a mirror that stands still
    #[arg(long)]
    allow_expired: bool,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What is already decided")]
struct DecisionArgs {
    /// Build exactly what the lock file says: ask no archive what there is, choose nothing anew
    #[arg(long)]
    locked: bool,

    /// The lock file that `osb plan` wrote, for --locked
    #[arg(long, value_name = "FILE", default_value = recipe::DEFAULT_LOCK, requires = "locked")]
    lock: PathBuf,

    /// Use only what is in the cache already: reach nothing over the network
    #[arg(long)]
    offline: bool,

    /// The time that everything made during the build carries, in seconds since 1970
    ///
    /// Without it: the time of the newest index that the plan was made from.
    #[arg(long, value_name = "SECONDS", env = "SOURCE_DATE_EPOCH", hide_env_values = true)]
    timestamp: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "This machine")]
struct HostArgs {
    #[command(flatten)]
    cache: CacheArgs,

    /// How many downloads and decompressions run at a time [default: one per processor]
    #[arg(short, long, value_name = "COUNT")]
    jobs: Option<NonZeroUsize>,

    /// How many seconds a mirror may say nothing before it is given up and asked again [default: 30]
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<NonZeroU32>,
}

/// Where downloads are kept; the `cache` and `doctor` commands take it too.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "This machine")]
pub struct CacheArgs {
    /// Where downloads are kept [default: $XDG_CACHE_HOME/osb, else ~/.cache/osb]
    #[arg(long, value_name = "DIR", env = "OSB_CACHE_DIR", hide_env_values = true)]
    cache_dir: Option<PathBuf>,
}

/// How a build tells what it is doing; nothing here changes what is built.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Progress, on stderr")]
pub struct ReportingArgs {
    /// Say nothing but errors
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,

    /// Name each package and repeat what tools say; twice: what osb itself is doing
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,

    /// How progress is written: bars or lines for people, or one JSON object per line
    #[arg(long, value_name = "FORM", default_value = "text")]
    log: LogForm,

    /// Write how long each stage took into this file, as JSON
    #[arg(long, value_name = "FILE")]
    timings: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum LogForm {
    /// Bars on a terminal, plain lines elsewhere
    Text,
    /// One JSON object per line
    Json,
}

impl BuildArgs {
    /// The recipe that the flags ask for, and how its build is to be reported.
    pub fn into_recipe(self) -> Result<(Recipe, Reporting), RecipeError> {
        let Self { what, agent, sources, decisions, host, reporting } = self;
        let recipe = Recipe {
            rootfs: None,
            modules: None,
            agent: agent.into_agent(),
            environment: environment::of_tools(),
            distro: non_empty(what.distro),
            release: non_empty(what.release),
            arch: non_empty(what.arch),
            profile: non_empty(what.profile),
            packages: split_list(&what.packages),
            recommends: what.recommends,
            mirrors: parse_all(&sources.mirrors)?,
            pockets: parse_pockets(sources.pockets.as_deref().unwrap_or_default())?,
            repositories: parse_all(&sources.repositories)?,
            keyrings: sources.keyrings,
            allow_expired: sources.allow_expired,
            unsigned: if sources.allow_unsigned { Unsigned::Allowed } else { Unsigned::Refused },
            decision: match decisions.locked {
                true => Decision::Locked(decisions.lock),
                false => Decision::Anew,
            },
            network: if decisions.offline { Network::Offline } else { Network::Online },
            proxies: environment::proxies(),
            timestamp: non_empty(decisions.timestamp)
                .map(|text| parse_timestamp(&text))
                .transpose()?,
            cache_dir: host.cache.directory()?,
            jobs: host.jobs,
            timeout: host.timeout,
        };
        Ok((recipe, reporting.into_reporting()))
    }
}

/// A variable that is set to nothing is not set: shell scripts pass on their own unset ones so.
fn non_empty(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Reads each of some texts; empty ones count as not given.
pub fn parse_all<T: FromStr<Err = RecipeError>>(texts: &[String]) -> Result<Vec<T>, RecipeError> {
    texts.iter().filter(|text| !text.trim().is_empty()).map(|text| text.parse()).collect()
}

impl CacheArgs {
    /// The directory asked for, or the user's.
    pub fn directory(self) -> Result<PathBuf, RecipeError> {
        self.cache_dir
            .filter(|path| !path.as_os_str().is_empty())
            .or_else(environment::default_cache_dir)
            .ok_or(RecipeError::NoCacheDirectory)
    }
}

impl ReportingArgs {
    /// The same, as the progress reporter takes it.
    pub fn into_reporting(self) -> Reporting {
        Reporting {
            detail: match (self.quiet, self.verbose) {
                (true, _) => Detail::Silent,
                (false, 0) => Detail::Stages,
                (false, 1) => Detail::Items,
                (false, _) => Detail::Everything,
            },
            json: self.log == LogForm::Json,
            smart_terminal: environment::has_smart_terminal(),
            timings: self.timings,
        }
    }
}

#[cfg(test)]
mod tests;
