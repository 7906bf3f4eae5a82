//! What earlier builds wrote where: a build whose result is still in place does nothing.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rootfs_builder::digest::Digest;
use rootfs_builder::plan::Plan;
use rootfs_builder::store::{Shelf, Store};
use serde::{Deserialize, Serialize};

use crate::pack::Packed;
use crate::program;

/// What a build wrote.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    plan: Digest,
    /// Which program did.
    program: Digest,
    /// What the file or directory looked like when the build was done.
    state: Digest,
    /// Device and inode: what it is, whatever became of it.
    identity: (u64, u64),
    size: u64,
    sha256: Digest,
}

/// The artifact of an earlier build, if this plan would only make it again.
pub fn unchanged(store: &Store, plan: &Plan, path: &Path) -> anyhow::Result<Option<Packed>> {
    let Some(record) = read(store, path)? else { return Ok(None) };
    let is_same = record.plan == plan.digest()?
        && record.program == program::identity()?
        && state(path)? == Some(record.state);
    Ok(is_same.then_some(Packed { size: record.size, sha256: record.sha256 }))
}

/// Whether an earlier build made what stands at `path`, so that a later one may replace it.
pub fn is_ours(store: &Store, path: &Path) -> anyhow::Result<bool> {
    let Some(record) = read(store, path)? else { return Ok(false) };
    let metadata = fs_err::symlink_metadata(path)?;
    Ok(record.identity == (metadata.dev(), metadata.ino()))
}

/// Remembers what a build has written.
pub fn remember(store: &Store, plan: &Plan, path: &Path, packed: Packed) -> anyhow::Result<()> {
    let metadata = fs_err::symlink_metadata(path)?;
    let record = Record {
        plan: plan.digest()?,
        program: program::identity()?,
        state: state(path)?.ok_or(io::Error::from(io::ErrorKind::NotFound))?,
        identity: (metadata.dev(), metadata.ino()),
        size: packed.size,
        sha256: packed.sha256,
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

/// A digest of names, inodes and change times: no process can touch a file and leave them.
fn state(path: &Path) -> anyhow::Result<Option<Digest>> {
    let metadata = match fs_err::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if metadata.is_dir() {
        return Ok(Some(Digest::of(tree::directory::fingerprint(path)?)));
    }
    let changed = (metadata.ctime(), metadata.ctime_nsec());
    Ok(Some(Digest::of(format!("{} {} {changed:?}", metadata.ino(), metadata.len()))))
}
