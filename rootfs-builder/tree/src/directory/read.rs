//! Reads a directory back into a tree.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use rustix::fd::OwnedFd;
use rustix::fs::{FileType, Statx, StatxAttributes};
use rustix::io::Errno;

use super::entries::Entries;
use super::fingerprint::{self, Listing};
use super::pending::visit_all;
use super::root::Root;
use super::seen::{Directory, Seen, tree_of};
use super::standpoint::Standpoint;
use super::status::{Stamp, Status, device, status, status_of_entry, time};
use super::write::Owners;
use super::written::Written;
use super::xattrs::{self, Xattrs};
use crate::content::Content;
use crate::error::Error;
use crate::node::{Kind, Meta, Node};
use crate::path::GuestPath;
use crate::tree::Tree;

/// Reads a directory without following links and without leaving its file system.
///
/// With what was `previous`ly written there, files that were not changed since get their old
/// nodes back unread; the others become spans of the files on disk. `owners` may know an owner
/// better than the disk does. Mount points are refused.
pub fn read(
    directory: &Path,
    previous: Option<(&Tree, &Written)>,
    owners: &Owner<'_>,
) -> Result<Tree, Error> {
    let mut tree = tree_of(walk(directory, previous, owners)?);
    if let Some((previous, written)) = previous {
        restore_skipped(&mut tree, previous, written)?;
    }
    Ok(tree)
}

/// Reads a directory that nothing is known of, and takes its [`fingerprint`](super::fingerprint).
pub fn read_with_fingerprint(directory: &Path) -> Result<(Tree, [u8; 32]), Error> {
    let walks = walk(directory, None, &|_| None)?;
    let directories = walks.iter().flat_map(|walk| &walk.directories);
    let listings = directories.map(|(path, directory)| (path, &directory.listing));
    let fingerprint = fingerprint::of_listings(listings.collect());
    Ok((tree_of(walks), fingerprint))
}

fn walk(
    directory: &Path,
    previous: Option<(&Tree, &Written)>,
    owners: &Owner<'_>,
) -> Result<Vec<Seen>, Error> {
    let root = Root::open(directory)?;
    visit_all(|| Walk::new(&root, previous, owners), Walk::directory, |walk| walk.seen)
}

/// Who owns a file, where somebody knows that better than the disk.
type Owner<'a> = dyn Fn(&Status) -> Option<(u32, u32)> + Sync + 'a;

/// What one thread does.
struct Walk<'a> {
    root: &'a Root,
    previous: Option<(&'a Tree, &'a Written)>,
    owners: &'a Owner<'a>,
    standpoint: Standpoint,
    entries: Entries,
    seen: Seen,
    /// Where the last file is on the host.
    host: Vec<u8>,
}

impl<'a> Walk<'a> {
    fn new(
        root: &'a Root,
        previous: Option<(&'a Tree, &'a Written)>,
        owners: &'a Owner<'a>,
    ) -> Self {
        Self {
            root,
            previous,
            owners,
            standpoint: Standpoint::of_this_thread(),
            entries: Entries::new(),
            seen: Seen::default(),
            host: Vec::new(),
        }
    }

    /// Reads one directory; returns the directories there.
    fn directory(&mut self, path: GuestPath) -> Result<Vec<GuestPath>, Error> {
        let failed = |errno: Errno| self.root.error("list", &path, errno);
        let handle = self.root.open_listed(path.as_bytes()).map_err(failed)?;
        let stat = status(&handle).map_err(failed)?;
        let meta = self.meta(&path, &stat, xattrs::read(&handle))?;
        let paths = self.entries.paths(self.root, &path, &handle)?;
        self.standpoint.enter(&handle);
        let mut listing = Listing::new(&path, &stat);
        let mut found = Vec::new();
        let mut entries = Vec::with_capacity(paths.len());
        for path in paths {
            let node = self.entry(&path, &handle, &mut listing)?;
            if node.is_none() {
                found.push(path.clone());
            }
            entries.push((path, node));
        }
        let listing = listing.finish();
        self.seen.directories.push((path, Directory { meta, listing, entries }));
        Ok(found)
    }

    /// Reads an entry; none if it is a directory, which is read by itself.
    fn entry(
        &mut self,
        path: &GuestPath,
        parent: &OwnedFd,
        listing: &mut Listing,
    ) -> Result<Option<Node>, Error> {
        let name = path.name();
        let stat =
            status_of_entry(parent, name).map_err(|errno| self.root.error("read", path, errno))?;
        if stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT) {
            return Err(self.root.error("read", path, Errno::XDEV));
        }
        listing.add(name, &stat);
        if FileType::from_raw_mode(stat.stx_mode.into()) == FileType::Directory {
            return Ok(None);
        }
        if stat.stx_nlink > 1 {
            self.seen.groups.push(((device(&stat), stat.stx_ino), path.clone()));
        }
        if let Some(node) = self.unchanged(path, &stat) {
            return Ok(Some(node.clone()));
        }
        let kind = self.kind(path, &stat, parent)?;
        let xattrs = xattrs::read_at(&self.standpoint.path(name));
        Ok(Some(Node { meta: self.meta(path, &stat, xattrs)?, kind }))
    }

    /// The node that was written to this path, if that file is still there and as it was.
    fn unchanged(&self, path: &GuestPath, stat: &Statx) -> Option<&Node> {
        let (tree, written) = self.previous?;
        if written.stamps.get(path)? == &Stamp::of(stat) { tree.inode(path) } else { None }
    }

    fn kind(&mut self, path: &GuestPath, stat: &Statx, parent: &OwnedFd) -> Result<Kind, Error> {
        let (major, minor) = (stat.stx_rdev_major, stat.stx_rdev_minor);
        Ok(match FileType::from_raw_mode(stat.stx_mode.into()) {
            FileType::RegularFile => Kind::File(Content::Span {
                file: self.host_path(path),
                offset: 0,
                length: stat.stx_size,
            }),
            FileType::Symlink => {
                let target = rustix::fs::readlinkat(parent, path.name(), Vec::new())
                    .map_err(|errno| self.root.error("read link", path, errno))?;
                Kind::Symlink(target.into_bytes().into())
            }
            FileType::CharacterDevice => Kind::CharDevice { major, minor },
            FileType::BlockDevice => Kind::BlockDevice { major, minor },
            FileType::Fifo => Kind::Fifo,
            FileType::Socket => Kind::Socket,
            FileType::Directory | FileType::Unknown => Kind::Directory,
        })
    }

    fn meta(
        &self,
        path: &GuestPath,
        stat: &Statx,
        xattrs: Result<Xattrs, Errno>,
    ) -> Result<Meta, Error> {
        let (uid, gid) = self.owner(path, stat);
        let failed = |errno| self.root.error("read attributes of", path, errno);
        Ok(Meta {
            mode: stat.stx_mode & 0o7777,
            uid,
            gid,
            mtime: time(&stat.stx_mtime),
            xattrs: xattrs.map_err(failed)?,
        })
    }

    fn owner(&self, path: &GuestPath, stat: &Statx) -> (u32, u32) {
        let status = Status::of(stat);
        let recorded = (self.owners)(&status);
        // A file that we wrote without its owner still has it, whatever else changed.
        let known = || {
            let (tree, written) = self.previous?;
            let is_same = written.stamps.get(path)?.is_of_file(&Stamp::of(stat));
            let is_ours = is_same && written.owners == Owners::Skip;
            let meta = &tree.inode(path).filter(|_| is_ours)?.meta;
            Some((meta.uid, meta.gid))
        };
        recorded.or_else(known).unwrap_or((status.uid, status.gid))
    }

    fn host_path(&mut self, path: &GuestPath) -> Arc<Path> {
        self.host.clear();
        self.host.extend_from_slice(self.root.path().as_os_str().as_bytes());
        self.host.push(b'/');
        self.host.extend_from_slice(path.as_bytes());
        Path::new(OsStr::from_bytes(&self.host)).into()
    }
}

/// Puts devices that were not made on disk back in, unless something else took their place.
fn restore_skipped(tree: &mut Tree, previous: &Tree, written: &Written) -> Result<(), Error> {
    for path in &written.skipped {
        let parent = path.parent().unwrap_or_default();
        let has_place = tree.get(path).is_none()
            && tree.get(&parent).is_some_and(|node| matches!(node.kind, Kind::Directory));
        if let Some(node) = previous.get(path).filter(|_| has_place) {
            match &node.kind {
                Kind::HardLink(target) if tree.get(target) != previous.get(target) => {}
                _ => tree.insert(path.clone(), node.clone())?,
            }
        }
    }
    Ok(())
}
