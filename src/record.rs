//! What earlier builds wrote where: a build whose result is still in place does nothing.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rootfs_builder::digest::Digest;
use rootfs_builder::store::{Shelf, Store};
use serde::{Deserialize, Serialize};

use crate::pack::Packed;
use crate::program;
use crate::recipe::Output;
use crate::source::{self, Source};
use crate::stage::{Made, Order};

/// What a build wrote.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    question: Digest,
    /// Which program did.
    program: Digest,
    /// What the file or directory looked like when the build was done.
    state: Digest,
    /// Device and inode: what it is, whatever became of it.
    identity: (u64, u64),
    packed: Packed,
}

/// What is to be made of what: the same question has the same answer.
///
/// What a given tree looks like is told later: reading the tree may tell it.
#[derive(Debug)]
pub struct Question(String);

impl Question {
    /// The question that an order puts.
    pub fn of(order: &Order<'_>) -> anyhow::Result<Self> {
        let output = serde_json::to_string(order.output)?;
        let mut text = format!("{} {output}", order.source.name()?);
        let beside: &[PathBuf] = match order.output {
            Output::Initrd(initrd) => &[&initrd.early[..], &initrd.overlays].concat(),
            Output::Directory(_) | Output::Tar { .. } | Output::Image(_) => &[],
        };
        text += &format!(" {:?}", order.agent);
        let agent = order.agent.path();
        for path in beside.iter().map(PathBuf::as_path).chain(order.modules).chain(agent) {
            text += &format!(" {path:?} {}", source::state(path)?);
        }
        Ok(Self(text))
    }

    fn digest(&self, given: Option<Digest>) -> Digest {
        Digest::of(format!("{} {given:?}", self.0))
    }
}

/// The artifact of an earlier build, if this one would only make it again.
pub fn unchanged(
    store: &Store,
    question: &Question,
    source: &Source,
    path: &Path,
) -> anyhow::Result<Option<Packed>> {
    let Some(record) = read(store, path)? else { return Ok(None) };
    let is_same = record.program == program::identity()?
        && state(path)? == Some(record.state)
        // Last, as a given tree may be large.
        && record.question == question.digest(source.state()?);
    Ok(is_same.then_some(record.packed))
}

/// Whether an earlier build made what stands at `path`, so that a later one may replace it.
pub fn is_ours(store: &Store, path: &Path) -> anyhow::Result<bool> {
    let Some(record) = read(store, path)? else { return Ok(false) };
    let metadata = fs_err::symlink_metadata(path)?;
    Ok(record.identity == (metadata.dev(), metadata.ino()))
}

/// Remembers what a build has written.
pub fn remember(
    store: &Store,
    question: &Question,
    path: &Path,
    made: &Made,
) -> anyhow::Result<()> {
    let metadata = fs_err::symlink_metadata(path)?;
    let record = Record {
        question: question.digest(made.given),
        program: program::identity()?,
        state: state(path)?.ok_or(io::Error::from(io::ErrorKind::NotFound))?,
        identity: (metadata.dev(), metadata.ino()),
        packed: made.packed.clone(),
    };
    store.write_record(Shelf::Outputs, key(path)?, &serde_json::to_vec(&record)?)?;
    Ok(())
}

fn read(store: &Store, path: &Path) -> anyhow::Result<Option<Record>> {
    let record = store.read_record(Shelf::Outputs, key(path)?)?;
    // A record of another version of this program is as good as none.
    Ok(record.and_then(|record| serde_json::from_slice(&record).ok()))
}

fn key(path: &Path) -> io::Result<Digest> {
    use std::os::unix::ffi::OsStrExt as _;
    Ok(Digest::of(std::path::absolute(path)?.as_os_str().as_bytes()))
}

/// What stands at a path; none if nothing does.
fn state(path: &Path) -> anyhow::Result<Option<Digest>> {
    match fs_err::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
        // A link is not what a build writes.
        Ok(metadata) if metadata.is_symlink() => Ok(None),
        Ok(_) => Ok(Some(source::state(path)?)),
    }
}
