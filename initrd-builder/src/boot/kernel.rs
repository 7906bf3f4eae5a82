//! The modules of a kernel in a tree.

use std::io::BufReader;

use tree::{Content, GuestPath, Kind, Tree};

use super::error::BootError;
use super::index::{Index, Listed};
use crate::compression::Compression;
use crate::decompress::{Fault, decompress};

/// All modules of an initrd together; those of a guest have a few megabytes.
pub(crate) const BYTES_MAX: u64 = 512 << 20;
/// Indexes of real kernels have two megabytes at most.
const INDEX_BYTES_MAX: u64 = 16 << 20;
const PLACES: [&str; 2] = ["lib/modules", "usr/lib/modules"];

/// The modules of the only kernel in a tree.
pub(crate) struct Kernel<'a> {
    tree: &'a Tree,
    directory: GuestPath,
}

impl<'a> Kernel<'a> {
    pub(crate) fn find(tree: &'a Tree) -> Result<Self, BootError> {
        let mut found = Vec::new();
        for place in PLACES {
            // A place that is not there, or leads nowhere, has no modules.
            let Ok(place) = tree.resolve(&path(place)?) else { continue };
            found.extend(tree.iter().map(|(path, _)| path).filter(|path| is_index(path, &place)));
        }
        found.sort_unstable();
        found.dedup();
        let mut directories = found.iter().filter_map(|index| index.parent());
        match (directories.next(), found.len()) {
            (Some(directory), 1) => Ok(Self { tree, directory }),
            (None, _) => Err(BootError::NoKernel),
            (Some(first), _) => {
                let releases = [first].into_iter().chain(directories);
                let releases = releases.map(|directory| lossy(directory.name())).collect();
                Err(BootError::Kernels { releases })
            }
        }
    }

    /// What `uname -r` says.
    pub(crate) fn release(&self) -> String {
        lossy(self.directory.name())
    }

    /// Reads the indexes; only that of dependencies must be there.
    pub(crate) fn index(&self) -> Result<Index, BootError> {
        let mut index = Index::default();
        let (path, bytes) = self.list("modules.dep")?;
        index.add_dependencies(&bytes).map_err(|line| BootError::BadIndex { path, line })?;
        index.add_built_in(&self.list("modules.builtin")?.1);
        index.add_built_in_aliases(&self.list("modules.builtin.modinfo")?.1);
        index.add_soft_dependencies(&self.list("modules.softdep")?.1);
        index.add_aliases(&self.list("modules.alias")?.1);
        Ok(index)
    }

    /// The bytes of a module as the kernel loads it; takes their number from `limit`.
    pub(crate) fn module(&self, module: &Listed, limit: &mut u64) -> Result<Vec<u8>, BootError> {
        let path = self.path(&module.path)?;
        let content =
            self.content(&path).ok_or_else(|| BootError::NoFile { path: path.clone() })?;
        let read = |source| BootError::Read { path: path.clone(), source };
        let mut bytes = Vec::new();
        let mut input = BufReader::new(content.open().map_err(read)?);
        match decompress(compression(&module.path), &mut input, &mut bytes, limit) {
            Ok(_) => Ok(bytes),
            Err(Fault::TooLarge) => Err(BootError::TooLarge { path, limit: BYTES_MAX }),
            Err(Fault::Input(source) | Fault::Damaged(source) | Fault::Output(source)) => {
                Err(BootError::Read { path, source })
            }
        }
    }

    /// The bytes of an index; none if it is not there.
    fn list(&self, name: &str) -> Result<(GuestPath, Vec<u8>), BootError> {
        let path = self.path(name.as_bytes())?;
        let bytes = match self.content(&path) {
            None => Ok(Vec::new()),
            Some(content) => content.read(INDEX_BYTES_MAX),
        };
        match bytes {
            Ok(bytes) => Ok((path, bytes)),
            Err(source) => Err(BootError::Read { path, source }),
        }
    }

    fn content(&self, path: &GuestPath) -> Option<&Content> {
        let found = self.tree.resolve(path).ok()?;
        match &self.tree.inode(&found)?.kind {
            Kind::File(content) => Some(content),
            _ => None,
        }
    }

    fn path(&self, below: &[u8]) -> Result<GuestPath, BootError> {
        self.directory.join(below).map_err(|error| BootError::Tree(error.into()))
    }
}

/// Whether a path is `PLACE/RELEASE/modules.dep`.
fn is_index(path: &GuestPath, place: &GuestPath) -> bool {
    let release = path.parent().and_then(|directory| directory.parent());
    path.name() == b"modules.dep" && release.as_ref() == Some(place)
}

fn compression(name: &[u8]) -> Compression {
    match name {
        name if name.ends_with(b".gz") => Compression::Gzip,
        name if name.ends_with(b".xz") => Compression::Xz,
        name if name.ends_with(b".zst") => Compression::Zstd,
        _ => Compression::None,
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn path(text: &str) -> Result<GuestPath, BootError> {
    GuestPath::new(text).map_err(|error| BootError::Tree(error.into()))
}
