//! What a tree is made of: a plan, or a tree that is there already.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rootfs_builder::digest::Digest;
use rootfs_builder::plan::Plan;
use serde::{Deserialize, Serialize};
use tree::Tree;

/// What a tree is made of.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Packages.
    Plan(Box<Plan>),
    /// A directory or a tar archive.
    Given(Given),
}

/// A tree that is there already.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// The directory or archive.
    pub path: PathBuf,
    /// The architecture that its programs are for, as the kernel or a distribution spells it.
    pub arch: String,
    /// The time that what is added carries; none takes that of the newest file.
    pub timestamp: Option<i64>,
}

impl Source {
    /// What the tree is made of; where a tree is given, its `state` must be told as well.
    pub fn name(&self) -> anyhow::Result<String> {
        Ok(match self {
            Self::Plan(plan) => plan.digest()?.to_string(),
            Self::Given(given) => serde_json::to_string(given)?,
        })
    }

    /// What a given tree looks like: files are not read for it, and it means nothing to another
    /// machine.
    pub fn state(&self) -> anyhow::Result<Option<Digest>> {
        match self {
            Self::Plan(_) => Ok(None),
            Self::Given(given) => state(&given.path).map(Some),
        }
    }

    /// The time that everything made for an artifact carries, in seconds since 1970.
    pub fn time(&self, tree: &Tree) -> i64 {
        let newest = || tree.iter().map(|(_, node)| node.meta.mtime.seconds).max();
        match self {
            Self::Plan(plan) => plan.timestamp,
            // Beyond what some formats hold, it is the file that is refused, by its name.
            Self::Given(given) => {
                given.timestamp.or_else(newest).unwrap_or(0).clamp(0, u32::MAX.into())
            }
        }
    }

    /// The architecture, as the kernel or a distribution spells it.
    pub fn arch(&self) -> &str {
        match self {
            Self::Plan(plan) => &plan.arch,
            Self::Given(given) => &given.arch,
        }
    }
}

/// A digest of inodes, sizes and change times: no process can touch a file and leave them.
pub fn state(path: &Path) -> anyhow::Result<Digest> {
    let metadata = fs_err::metadata(path)?;
    if metadata.is_dir() {
        return Ok(state_of_directory(tree::directory::fingerprint(path)?));
    }
    let file = (metadata.dev(), metadata.ino(), metadata.len());
    let changed = (metadata.ctime(), metadata.ctime_nsec());
    Ok(Digest::of(format!("{file:?} {changed:?}")))
}

/// The same of a directory that has this fingerprint.
pub fn state_of_directory(fingerprint: [u8; 32]) -> Digest {
    Digest::of(fingerprint)
}
