//! An artifact that is there already: what it is, and the tree inside, without mounting it.
//!
//! What it is follows from its first bytes, never from its name. Artifacts may be hostile.

mod archive;
mod disk;
mod error;
mod form;
mod scratch;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use initrd_builder::Member;
use tree::Tree;

use crate::recipe::RecipeError;
pub use disk::{DiskForm, Packing};
pub use error::ArtifactError;
pub use form::{Compression, Form, is_tar};
use scratch::Scratch;
pub use scratch::Temporary;

/// An artifact that has been looked at.
#[derive(Debug)]
pub struct Artifact {
    path: PathBuf,
    form: Form,
    /// Where the plain forms of what is compressed are; made when first needed.
    scratch: Scratch,
}

impl Artifact {
    /// Looks at a directory or a file.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        if !path.try_exists()? {
            return Err(RecipeError::NoSuchFile { path: path.to_owned() }.into());
        }
        let scratch = Scratch::default();
        let form = form::of(path, &scratch)?;
        Ok(Self { path: path.to_owned(), form, scratch })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is.
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// Reads its tree, which is good for as long as the artifact is open; of a disk that of one
    /// partition, if its number is given.
    pub fn tree(&self, partition: Option<u32>) -> Result<Tree, ArtifactError> {
        if let (Some(number), Form::Directory | Form::Tar(_) | Form::Initrd) =
            (partition, &self.form)
        {
            return Err(self.no_partition(number, Vec::new()));
        }
        match &self.form {
            Form::Directory => {
                let tree = tree::directory::read(&self.path, None, &|_| None);
                tree.map_err(|error| self.damaged(error))
            }
            Form::Tar(compression) => archive::tar(&self.path, *compression, &self.scratch),
            Form::Initrd => archive::initrd(&self.path, &self.scratch),
            Form::Disk(disk) => disk.tree(&self.path, partition),
        }
    }

    /// Where the archives of an initrd lie; none of anything else.
    pub fn members(&self) -> Result<Vec<Member>, ArtifactError> {
        match self.form {
            Form::Initrd => archive::members(&self.path),
            Form::Directory | Form::Tar(_) | Form::Disk(_) => Ok(Vec::new()),
        }
    }

    /// Refuses a tree whose files claim to hold far more than the artifact could.
    ///
    /// A few bytes can stand for any number of zeros, over which a digest takes years.
    pub fn check_claims<'a>(
        &self,
        nodes: impl Iterator<Item = &'a tree::Node>,
    ) -> anyhow::Result<()> {
        const FREE_BYTES: u64 = 16 << 30;
        const TIMES_MAX: u64 = 64;
        if matches!(self.form, Form::Directory) {
            return Ok(());
        }
        let lengths = nodes.map(|node| match &node.kind {
            tree::Kind::File(content) => content.length(),
            _ => 0,
        });
        let claimed = lengths.fold(0, u64::saturating_add);
        let length = fs_err::metadata(&self.path)?.len();
        if claimed > FREE_BYTES.saturating_add(length.saturating_mul(TIMES_MAX)) {
            let path = self.path.clone();
            return Err(ArtifactError::Claims { path, claimed, length }.into());
        }
        Ok(())
    }

    /// Says that what is inside cannot be read.
    pub fn damaged(
        &self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> ArtifactError {
        ArtifactError::damaged(&self.path, source)
    }

    fn no_partition(&self, number: u32, known: Vec<u32>) -> ArtifactError {
        ArtifactError::NoPartition { path: self.path.clone(), number, known }
    }
}
