//! The filesystems that an image may have, behind one interface.

use std::num::NonZeroUsize;

use tree::Tree;
use volume::Volume;

use crate::identity::Identity;

/// A filesystem, with what may be chosen about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filesystem {
    /// ext4.
    Ext4 {
        /// Whether it has a journal.
        journal: bool,
        /// How many bytes are to be left for users.
        free_bytes: u64,
    },
    /// EROFS, which is only ever read.
    Erofs {
        /// How it is compressed; none leaves contents as they are.
        compression: Option<erofs::Compression>,
    },
    /// SquashFS, which is only ever read.
    Squashfs {
        /// How it is compressed.
        compression: squashfs::Compression,
    },
    /// XFS.
    Xfs {
        /// How many bytes are to be left for users.
        free_bytes: u64,
    },
}

/// What every filesystem needs to know.
#[derive(Debug, Clone, Copy)]
pub struct Basics {
    /// What identifiers follow from.
    pub identity: Identity,
    /// When it was made, in seconds since 1970.
    pub time: i64,
    /// How many threads write; the bytes do not depend on it.
    pub threads: NonZeroUsize,
}

/// Why a filesystem cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum FilesystemError {
    /// ext4 failed.
    #[error("make ext4")]
    Ext4(#[from] ext4::Error),
    /// EROFS failed.
    #[error("make erofs")]
    Erofs(#[from] erofs::Error),
    /// SquashFS failed.
    #[error("make squashfs")]
    Squashfs(#[from] squashfs::Error),
    /// XFS failed.
    #[error("make xfs")]
    Xfs(#[from] xfs::Error),
}

impl FilesystemError {
    /// Whether the format has no form for a node of the tree.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Ext4(error) => matches!(error, ext4::Error::NotInFormat { .. }),
            Self::Erofs(error) => {
                matches!(error, erofs::Error::NotInErofs { .. } | erofs::Error::Attribute { .. })
            }
            Self::Squashfs(error) => matches!(error, squashfs::Error::Refused { .. }),
            Self::Xfs(error) => matches!(error, xfs::Error::NotInFormat { .. }),
        }
    }
}

impl Filesystem {
    /// The name by which the kernel knows it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ext4 { .. } => "ext4",
            Self::Erofs { .. } => "erofs",
            Self::Squashfs { .. } => "squashfs",
            Self::Xfs { .. } => "xfs",
        }
    }

    /// Decides what can be decided before anything is written.
    pub(crate) fn plan<'t>(
        &self,
        tree: &'t Tree,
        basics: &Basics,
    ) -> Result<Planned<'t>, FilesystemError> {
        Ok(match self {
            Self::Ext4 { free_bytes, .. } => {
                let size = ext4::Size::Smallest { free_bytes: *free_bytes };
                Planned::Ext4(Box::new(ext4::Plan::new(tree, &self.ext4(basics, size))?))
            }
            Self::Erofs { .. } => Planned::Erofs(erofs::plan(tree, &self.erofs(basics))?),
            Self::Squashfs { compression } => Planned::Squashfs(
                tree,
                squashfs::Options {
                    compression: *compression,
                    threads: Some(basics.threads),
                    ..squashfs::Options::new(basics.time)
                },
            ),
            Self::Xfs { free_bytes } => {
                let options = xfs_options(basics, xfs::Size::Smallest { free_bytes: *free_bytes });
                let smallest = xfs::Plan::new(tree, &options)?.size_bytes();
                Planned::Xfs { tree, options, smallest }
            }
        })
    }

    fn ext4(&self, basics: &Basics, size: ext4::Size) -> ext4::Options {
        let journal = matches!(self, Self::Ext4 { journal: true, .. });
        ext4::Options {
            uuid: basics.identity.uuid("filesystem"),
            hash_seed: basics.identity.uuid("hash seed"),
            time: basics.time,
            label: Vec::new(),
            journal,
            growable: journal,
            size,
            // What Kata's tools set.
            reserved_percent: if journal { 3 } else { 0 },
            threads: basics.threads,
        }
    }

    fn erofs(&self, basics: &Basics) -> erofs::Options {
        let compression = match self {
            Self::Erofs { compression } => *compression,
            Self::Ext4 { .. } | Self::Squashfs { .. } | Self::Xfs { .. } => None,
        };
        erofs::Options {
            uuid: basics.identity.uuid("filesystem"),
            time: basics.time,
            volume_name: String::new(),
            compression,
            // Files that begin and end at a block can be mapped by DAX, as Kata's are.
            inline_tails: false,
            threads: basics.threads,
        }
    }
}

/// A filesystem of which nothing is written yet.
pub(crate) enum Planned<'t> {
    Ext4(Box<ext4::Plan<'t>>),
    Erofs(erofs::Plan<'t>),
    Squashfs(&'t Tree, squashfs::Options),
    Xfs { tree: &'t Tree, options: xfs::Options, smallest: u64 },
}

impl Planned<'_> {
    /// How many bytes it needs, where that is known before it is written.
    pub(crate) fn needed_bytes(&self) -> Option<u64> {
        match self {
            Self::Ext4(plan) => Some(plan.size_bytes()),
            Self::Erofs(plan) => plan.size_bytes(),
            Self::Squashfs(..) => None,
            Self::Xfs { smallest, .. } => Some(*smallest),
        }
    }

    /// Writes it, into `room` bytes where that is given, and returns how many it has.
    pub(crate) fn write(
        self,
        room: Option<u64>,
        volume: &dyn Volume,
    ) -> Result<u64, FilesystemError> {
        match self {
            Self::Ext4(smallest) => {
                let plan = match room {
                    Some(room) => smallest.resized(ext4::Size::Exact(room))?,
                    None => *smallest,
                };
                plan.write(volume)?;
                Ok(plan.size_bytes())
            }
            Self::Erofs(plan) => Ok(plan.write(volume)?),
            Self::Squashfs(tree, options) => Ok(squashfs::write(tree, &options, volume)?),
            Self::Xfs { tree, options, .. } => {
                let size = room.map_or(options.size, xfs::Size::Exact);
                let plan = xfs::Plan::new(tree, &xfs::Options { size, ..options })?;
                plan.write(volume)?;
                Ok(plan.size_bytes())
            }
        }
    }
}

fn xfs_options(basics: &Basics, size: xfs::Size) -> xfs::Options {
    xfs::Options {
        uuid: basics.identity.uuid("filesystem"),
        time: basics.time,
        label: Vec::new(),
        size,
        threads: basics.threads,
    }
}
