//! Reads the tree of a filesystem inside an image.

use std::path::Path;

use tree::Tree;

use crate::recognise::Reader;

/// Why a filesystem could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ContentsError {
    /// The filesystem is ext2, ext3 or ext4.
    #[error("read ext4")]
    Ext(#[source] ext4::Error),
    /// The filesystem is EROFS.
    #[error("read erofs")]
    Erofs(#[source] erofs::Error),
    /// The filesystem is SquashFS.
    #[error("read squashfs")]
    Squashfs(#[source] squashfs::Error),
    /// The filesystem is XFS.
    #[error("read xfs")]
    Xfs(#[source] xfs::Error),
}

/// Reads the filesystem that begins at `offset` of a file; what its files hold stays there.
pub fn read(reader: Reader, file: &Path, offset: u64) -> Result<Tree, ContentsError> {
    match reader {
        Reader::Ext => ext4::read(file, offset).map_err(ContentsError::Ext),
        Reader::Erofs => erofs::read(file, offset).map_err(ContentsError::Erofs),
        Reader::Squashfs => squashfs::read(file, offset).map_err(ContentsError::Squashfs),
        Reader::Xfs => xfs::read(file, offset).map_err(ContentsError::Xfs),
    }
}
