//! What a stage in another process is told.

use std::path::PathBuf;

use rootfs_builder::digest::Digest;
use rootfs_builder::plan::Plan;
use sandbox::Rung;
use serde::{Deserialize, Serialize};
use tree::directory::Devices;

use crate::pack::Packed;
use crate::program;
use crate::recipe::{Compression, Output};

/// One job: a plan whose packages are all in the store, and where its tree goes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Job {
    pub(super) plan: Plan,
    pub(super) cache_dir: PathBuf,
    pub(super) output: PathBuf,
    /// None for a directory.
    pub(super) compression: Option<Compression>,
    pub(super) threads: usize,
    pub(super) rung: Rung,
    /// Which program's trees may be used again.
    pub(super) program: Digest,
}

/// What came of it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Made {
    size: u64,
    sha256: Digest,
}

impl Job {
    pub(super) fn new(
        plan: &Plan,
        output: &Output,
        site: &crate::site::Site,
        rung: Rung,
    ) -> std::io::Result<Self> {
        let compression = match output {
            Output::Directory(_) => None,
            Output::Tar { compression, .. } => Some(*compression),
        };
        Ok(Self {
            plan: plan.clone(),
            cache_dir: site.store.path().to_owned(),
            output: output.path().to_owned(),
            compression,
            threads: site.threads,
            rung,
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

impl From<Packed> for Made {
    fn from(Packed { size, sha256 }: Packed) -> Self {
        Self { size, sha256 }
    }
}

impl From<Made> for Packed {
    fn from(Made { size, sha256 }: Made) -> Self {
        Self { size, sha256 }
    }
}
