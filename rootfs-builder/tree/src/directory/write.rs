//! Writes a tree, or a part of one, into a directory.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustix::io::Errno;

use super::create::{Creator, Failure, finish};
use super::fill::fill;
use super::root::Root;
use super::status::Stamp;
use super::work::Work;
use super::written::Written;
use crate::content::OpenSource;
use crate::error::Error;
use crate::node::{Kind, Node};
use crate::path::GuestPath;
use crate::tree::Tree;

/// More threads do not help: creating files is serialised inside the file system.
const THREADS_MAX: usize = 4;
/// How many nodes a thread takes at a time.
const BATCH_NODES: usize = 32;

/// What of a tree is applied to the files on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether files get their owners.
    pub owners: Owners,
    /// Whether device nodes are made.
    pub devices: Devices,
}

/// Whether files on disk get their owners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owners {
    /// They do; this needs the right to change owners.
    Apply,
    /// They stay ours; the tree alone knows their owners.
    Skip,
}

/// Whether device nodes are made on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Devices {
    /// They are; this needs the right to make devices.
    Make,
    /// They are left out; reading back puts them in again.
    Skip,
}

/// Writes a whole tree into an existing directory; what stands in the way is replaced.
pub fn write(tree: &Tree, directory: &Path, options: Options) -> Result<Written, Error> {
    write_paths(tree, tree.iter().map(|(path, _)| path), directory, options)
}

/// Writes some nodes of a tree into a directory that holds the others already.
///
/// Parents that are missing on disk are made too; parents that are there keep all but their time.
/// Paths that the tree does not have are passed over.
pub fn write_paths<'a>(
    tree: &'a Tree,
    paths: impl IntoIterator<Item = &'a GuestPath>,
    directory: &Path,
    options: Options,
) -> Result<Written, Error> {
    let root = Root::open(directory)?;
    let nodes = paths.into_iter().filter_map(|path| Some((path, tree.get(path)?)));
    let mut work = Work::plan(nodes, options.devices);
    let mut creator = Creator::new(&root, options);
    work.make_directories(tree, &root, &mut creator)?;
    let mut written = Written::new(options.owners);
    for (path, stamp) in fill_in_parallel(&work.entries, &root, options)? {
        written.stamps.insert(path.clone(), stamp);
    }
    work.make_links(&root, &mut creator, &mut written)?;
    work.finish_directories(tree, &root, options, &mut written)?;
    written.skipped.extend(work.skipped.into_iter().cloned());
    written.settle(&root)?;
    Ok(written)
}

type Stamps<'a> = Vec<(&'a GuestPath, Stamp)>;

fn fill_in_parallel<'a>(
    entries: &[(&'a GuestPath, &'a Node)],
    root: &Root,
    options: Options,
) -> Result<Stamps<'a>, Error> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    let next = AtomicUsize::new(0);
    let work = || fill_batches(entries, root, options, &next);
    let results: Vec<_> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let ours = work();
        let others = others.into_iter().map(|thread| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        std::iter::once(ours).chain(others).collect()
    });
    let mut stamps = Vec::with_capacity(entries.len());
    for result in results {
        stamps.extend(result?);
    }
    Ok(stamps)
}

/// Takes batches until there are none left, or until something fails in any thread.
fn fill_batches<'a>(
    entries: &[(&'a GuestPath, &'a Node)],
    root: &Root,
    options: Options,
    next: &AtomicUsize,
) -> Result<Stamps<'a>, Error> {
    let creator = Creator::new(root, options);
    let mut worker = Worker { root, options, creator, source: OpenSource::default() };
    let mut stamps = Vec::new();
    loop {
        let start = next.fetch_add(BATCH_NODES, Ordering::Relaxed);
        let Some(rest) = entries.get(start..).filter(|rest| !rest.is_empty()) else {
            return Ok(stamps);
        };
        for (path, node) in rest.iter().take(BATCH_NODES) {
            let made = worker.make(path, node);
            if made.is_err() {
                next.store(entries.len(), Ordering::Relaxed);
            }
            stamps.push((*path, made?));
        }
    }
}

struct Worker<'a> {
    root: &'a Root,
    options: Options,
    creator: Creator<'a>,
    source: OpenSource,
}

impl Worker<'_> {
    fn make(&mut self, path: &GuestPath, node: &Node) -> Result<Stamp, Error> {
        let failed = |failure| error(self.root, path, failure);
        let Kind::File(content) = &node.kind else {
            return self.creator.special(path, &node.meta, &node.kind).map_err(failed);
        };
        let mut file = File::from(self.creator.file(path, node.meta.mode).map_err(failed)?);
        fill(&mut file, content, &mut self.source)
            .map_err(|source| self.root.error("fill", path, source))?;
        finish(file.as_fd(), &node.meta, self.options).map_err(failed)
    }
}

/// Says what did not work, and with which path.
pub(super) fn error(root: &Root, path: &GuestPath, (action, errno): Failure) -> Error {
    if matches!(errno, Errno::NOTEMPTY) {
        return Error::DirectoryInTheWay { path: path.clone() };
    }
    root.error(action, path, errno)
}
