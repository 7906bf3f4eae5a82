//! What a stage in another process is told.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use agent::AgentSpec;
use rootfs_builder::digest::Digest;
use sandbox::Rung;
use serde::{Deserialize, Serialize};
use tree::directory::Devices;

use crate::program;
use crate::recipe::{Agent, Output};
use crate::site::Site;
use crate::source::Source;

/// What is to be made of what.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// What the tree is made of.
    pub source: &'a Source,
    /// Kernel modules of this machine that come into it.
    pub modules: Option<&'a Path>,
    /// The agent that comes into it.
    pub agent: &'a Agent,
    /// Where it goes, and in which form.
    pub output: &'a Output,
}

/// What a stage needs of the machine.
#[derive(Debug, Clone, Copy)]
pub struct Needs<'a> {
    /// The agent that comes into the tree.
    pub agent: Option<&'a AgentSpec>,
    /// Whether packages' scripts run.
    pub scripts: bool,
}

/// One job: what a tree is made of, all of it in the store or at hand, and where it goes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Job {
    pub(super) source: Source,
    pub(super) modules: Option<PathBuf>,
    pub(super) agent: Option<AgentSpec>,
    pub(super) cache_dir: PathBuf,
    pub(super) output: Output,
    pub(super) threads: NonZeroUsize,
    pub(super) rung: Rung,
    /// Whether packages' scripts run.
    pub(super) scripts: bool,
    /// Which program's trees may be used again.
    pub(super) program: Digest,
}

impl Job {
    pub(super) fn new(
        order: &Order<'_>,
        needs: Needs<'_>,
        site: &Site,
        rung: Rung,
    ) -> std::io::Result<Self> {
        Ok(Self {
            source: order.source.clone(),
            modules: order.modules.map(std::path::absolute).transpose()?,
            agent: needs.agent.cloned(),
            cache_dir: site.store.path().to_owned(),
            output: order.output.clone(),
            threads: NonZeroUsize::new(site.threads).unwrap_or(NonZeroUsize::MIN),
            rung,
            scripts: needs.scripts,
            program: program::identity()?,
        })
    }
}

impl Job {
    /// Whether device nodes can be made on disk: no user namespace may.
    pub(super) fn devices(&self) -> Devices {
        match self.rung.must_be_entered() {
            true => Devices::Skip,
            false => Devices::Make,
        }
    }
}
