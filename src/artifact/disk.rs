//! Disk images: raw, in QEMU's format, or compressed as a whole.

use std::path::{Path, PathBuf};

use fs_err::File;
use image_builder::contents;
use image_builder::gpt::{Role, role};
use image_builder::partitions::{self, Disk, Partition, PartitionKind};
use image_builder::qcow2;
use image_builder::recognise::{Reader, Superblock, recognise};
use tree::Tree;

use super::archive;
use super::error::ArtifactError;
use super::form::Compression;
use super::scratch::Scratch;

/// A disk image.
#[derive(Debug)]
pub struct DiskForm {
    /// How the disk is put into the file.
    pub packing: Packing,
    /// Where everything is.
    pub disk: Disk,
    /// The filesystem of each partition, in the same order.
    pub filesystems: Vec<Option<Superblock>>,
    /// The file that holds the disk as it is.
    raw: PathBuf,
}

/// How a disk is put into a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As it is.
    Raw,
    /// In QEMU's format.
    Qcow2,
    /// Compressed as a whole.
    Compressed(Compression),
}

impl DiskForm {
    /// Looks at a disk; one that is not as it is gets a plain form in `scratch`.
    pub(super) fn open(path: &Path, packing: Packing, scratch: &Scratch) -> anyhow::Result<Self> {
        let raw = match packing {
            Packing::Raw => path.to_owned(),
            Packing::Qcow2 => {
                let raw = scratch.path("disk")?;
                qcow2::read(&File::open(path)?, &File::create(&raw)?)
                    .map_err(|error| ArtifactError::damaged(path, error))?;
                raw
            }
            Packing::Compressed(compression) => {
                let raw = scratch.path("disk")?;
                archive::expand(path, compression, &raw)?;
                raw
            }
        };
        let file = File::open(&raw)?;
        let disk = partitions::read(&file).map_err(|error| match error {
            partitions::PartitionsError::Nothing => anyhow::Error::new(error),
            error => ArtifactError::damaged(path, error).into(),
        })?;
        let filesystems = disk.partitions.iter().map(|partition| match &partition.verity {
            Some(_) => Ok(None),
            None => recognise(&file, partition.extent.start),
        });
        let filesystems = filesystems.collect::<Result<_, _>>()?;
        Ok(Self { packing, disk, filesystems, raw })
    }

    /// Reads the tree of the root filesystem, or of the partition of this number.
    pub(super) fn tree(&self, path: &Path, number: Option<u32>) -> Result<Tree, ArtifactError> {
        let (partition, superblock) = self.chosen(path, number)?;
        let offset = partition.extent.start;
        let Some(reader) = superblock.reader else {
            let name = superblock.name;
            return Err(ArtifactError::Filesystem { path: path.to_owned(), name, offset });
        };
        if !partition.is_inside(self.disk.size_bytes) {
            let number = partition.number;
            return Err(ArtifactError::Truncated { path: path.to_owned(), number });
        }
        contents::read(reader, &self.raw, offset)
            .map_err(|error| ArtifactError::damaged(path, error))
    }

    /// The partition that holds the root filesystem, and what its superblock says.
    pub fn root(&self, path: &Path) -> Result<(&Partition, &Superblock), ArtifactError> {
        self.chosen(path, None)
    }

    /// The file that holds the disk as it is: the artifact itself if it is raw.
    pub fn raw(&self) -> &Path {
        &self.raw
    }

    /// Whether its filesystems keep times to the nanosecond.
    pub(super) fn keeps_nanoseconds(&self) -> bool {
        !self.filesystems.iter().flatten().any(|found| found.reader == Some(Reader::Squashfs))
    }

    /// The partition that holds the root filesystem, or the one of this number.
    fn chosen(
        &self,
        path: &Path,
        number: Option<u32>,
    ) -> Result<(&Partition, &Superblock), ArtifactError> {
        let all = self.disk.partitions.iter().zip(&self.filesystems);
        let mut with_filesystem: Vec<_> = all
            .filter_map(|(partition, superblock)| Some((partition, superblock.as_ref()?)))
            .collect();
        if let Some(number) = number {
            let known = with_filesystem.iter().map(|(partition, _)| partition.number).collect();
            let found =
                with_filesystem.into_iter().find(|(partition, _)| partition.number == number);
            let path = path.to_owned();
            return found.ok_or(ArtifactError::NoPartition { path, number, known });
        }
        // One that says that it is the root, else the first that can be read, else the first.
        with_filesystem
            .sort_by_key(|(partition, found)| (!is_root(partition), found.reader.is_none()));
        if let Some(first) = with_filesystem.first() {
            return Ok(*first);
        }
        let outside = |partition: &&Partition| !partition.is_inside(self.disk.size_bytes);
        let path = path.to_owned();
        Err(match self.disk.partitions.iter().find(outside) {
            Some(partition) => ArtifactError::Truncated { path, number: partition.number },
            None => ArtifactError::NoFilesystem { path },
        })
    }
}

fn is_root(partition: &Partition) -> bool {
    match partition.kind {
        PartitionKind::Gpt(kind) => role(kind).is_some_and(|(_, role)| role == Role::Root),
        PartitionKind::Mbr { .. } | PartitionKind::Whole => false,
    }
}
