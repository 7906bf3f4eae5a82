//! What a command has to say when it is done: data on stdout, for a person or for a program.

use std::io::{self, Write as _};
use std::path::PathBuf;

use rootfs_builder::digest::Digest;
use rootfs_builder::plan::Plan;
use serde::Serialize;

use crate::pack::Packed;
use crate::progress::human_bytes;
use crate::recipe::Output;

/// What a build made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Artifact {
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
    /// How many bytes: of the file, or of the directory's files together.
    pub size: u64,
    /// The digest of the file; of a directory, that of the tar it would be.
    pub sha256: Digest,
    /// The distribution.
    pub distro: String,
    /// Its release.
    pub release: String,
    /// The architecture, as the distribution spells it.
    pub arch: String,
    /// How many packages are inside.
    pub packages: usize,
    /// Whether every archive was signed.
    pub verified: bool,
}

/// The forms of a root filesystem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A directory.
    Directory,
    /// A tar archive, compressed or not.
    Tar,
}

impl Artifact {
    /// What a build made of a plan.
    pub fn new(plan: &Plan, output: &Output, packed: Packed) -> Self {
        Self {
            path: output.path().to_owned(),
            kind: match output {
                Output::Directory(_) => Kind::Directory,
                Output::Tar { .. } => Kind::Tar,
            },
            size: packed.size,
            sha256: packed.sha256,
            distro: plan.distro.clone(),
            release: plan.release.clone(),
            arch: plan.arch.clone(),
            packages: plan.packages.len(),
            verified: plan.repositories.iter().all(|repository| repository.signed_by.is_some()),
        }
    }

    /// The artifact as a person reads it.
    pub fn to_text(&self) -> String {
        let kind = match self.kind {
            Kind::Directory => "directory",
            Kind::Tar => "tar archive",
        };
        let warning =
            if self.verified { "" } else { "  NOT VERIFIED: an archive was not signed\n" };
        format!(
            "{}\n  {} {} {}, {} packages\n  {kind}, {} ({} bytes)\n  sha256 {}\n{warning}",
            self.path.display(),
            self.distro,
            self.release,
            self.arch,
            self.packages,
            human_bytes(self.size),
            self.size,
            self.sha256,
        )
    }
}

/// Writes a text to stdout as it is.
pub fn text(text: &str) -> io::Result<()> {
    bytes(text.as_bytes())
}

/// Writes bytes to stdout as they are.
pub fn bytes(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// Writes a value to stdout as indented JSON and a newline.
pub fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut written = serde_json::to_string_pretty(value)?;
    written.push('\n');
    Ok(text(&written)?)
}
