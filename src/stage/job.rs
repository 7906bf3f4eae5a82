//! What a stage in another process is told.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use rootfs_builder::digest::Digest;
use sandbox::Rung;
use serde::{Deserialize, Serialize};
use tree::directory::Devices;

use crate::program;
use crate::recipe::Output;
use crate::source::Source;

/// One job: what a tree is made of, all of it in the store or at hand, and where it goes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Job {
    pub(super) source: Source,
    pub(super) cache_dir: PathBuf,
    pub(super) output: Output,
    pub(super) threads: NonZeroUsize,
    pub(super) rung: Rung,
    /// Which program's trees may be used again.
    pub(super) program: Digest,
}

impl Job {
    pub(super) fn new(
        source: &Source,
        output: &Output,
        site: &crate::site::Site,
        rung: Rung,
    ) -> std::io::Result<Self> {
        Ok(Self {
            source: source.clone(),
            cache_dir: site.store.path().to_owned(),
            output: output.clone(),
            threads: NonZeroUsize::new(site.threads).unwrap_or(NonZeroUsize::MIN),
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
