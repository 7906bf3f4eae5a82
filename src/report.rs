//! What a command has to say when it is done: data on stdout, for a person or for a program.

use std::io::{self, Write as _};
use std::path::PathBuf;

use rootfs_builder::digest::Digest;
use rootfs_builder::plan::Plan;
use serde::Serialize;

use crate::pack::{Boot, Packed};
use crate::progress::human_bytes;
use crate::recipe::Output;
use crate::source::Source;

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
    /// What it was made of; not there for a tree that was given.
    #[serde(flatten)]
    pub origin: Option<Origin>,
    /// The ways to boot it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub boot: Vec<Boot>,
    /// The hash that proves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_hash: Option<String>,
}

/// The packages that an artifact was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
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

/// The kinds of artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A directory.
    Directory,
    /// A tar archive, compressed or not.
    Tar,
    /// A disk image.
    Image,
    /// An initrd.
    Initrd,
}

impl Artifact {
    /// What a build made.
    pub fn new(source: &Source, output: &Output, packed: Packed) -> Self {
        Self {
            path: output.path().to_owned(),
            kind: match output {
                Output::Directory(_) => Kind::Directory,
                Output::Tar { .. } => Kind::Tar,
                Output::Image(_) => Kind::Image,
                Output::Initrd(_) => Kind::Initrd,
            },
            size: packed.size,
            sha256: packed.sha256,
            origin: match source {
                Source::Plan(plan) => Some(Origin::of(plan)),
                Source::Given(_) => None,
            },
            boot: packed.boot,
            root_hash: packed.proof.map(|proof| proof.root_hash),
        }
    }

    /// The artifact as a person reads it.
    pub fn to_text(&self) -> String {
        let kind = match self.kind {
            Kind::Directory => "directory",
            Kind::Tar => "tar archive",
            Kind::Image => "disk image",
            Kind::Initrd => "initrd",
        };
        let mut text = format!("{}\n", self.path.display());
        if let Some(Origin { distro, release, arch, packages, .. }) = &self.origin {
            text += &format!("  {distro} {release} {arch}, {packages} packages\n");
        }
        text += &format!("  {kind}, {} ({} bytes)\n", human_bytes(self.size), self.size);
        text += &format!("  sha256 {}\n", self.sha256);
        if let Some(hash) = &self.root_hash {
            text += &format!("  root hash {hash}\n");
        }
        for Boot { how, parameters } in &self.boot {
            text += &format!("  boot as {how}: {parameters}\n");
        }
        if self.origin.as_ref().is_some_and(|origin| !origin.verified) {
            text += "  NOT VERIFIED: an archive was not signed\n";
        }
        text
    }
}

impl Origin {
    fn of(plan: &Plan) -> Self {
        Self {
            distro: plan.distro.clone(),
            release: plan.release.clone(),
            arch: plan.arch.clone(),
            packages: plan.packages.len(),
            verified: plan.repositories.iter().all(|repository| repository.signed_by.is_some()),
        }
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
