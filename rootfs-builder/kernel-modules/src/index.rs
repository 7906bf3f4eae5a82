//! Makes the indexes of a directory of modules.

use std::num::NonZeroUsize;

use tree::{GuestPath, Kind, Meta, Node, Timestamp, Tree};

use crate::dependencies::Dependencies;
use crate::error::Error;
use crate::files::{self, TooLarge};
use crate::module::read_all;
use crate::symbols::Symbols;

/// Lists that come with a kernel are far smaller.
const LIST_BYTES_MAX: u64 = 16 << 20;

/// How modules are indexed and put into a tree.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The time of the indexes, and the latest that any file put into the tree may have.
    pub mtime: Timestamp,
    /// How many modules are read at once; each takes as much memory as it has bytes.
    pub threads: NonZeroUsize,
}

/// What was indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Indexed {
    /// How many modules count.
    pub modules: usize,
}

/// Makes the indexes of the modules in a directory of the tree such as `/lib/modules/VERSION`, in
/// place of those that are there.
pub fn index(tree: &mut Tree, directory: &GuestPath, options: &Options) -> Result<Indexed, Error> {
    let order = list(tree, directory, "modules.order")?.unwrap_or_default();
    let modules = read_all(tree, directory, &order, options.threads)?;
    let too_many = |TooLarge| Error::TooMany { directory: directory.clone() };
    let symbols = Symbols::of(&modules);
    let dependencies = Dependencies::of(&modules, &symbols)?;
    let [dep, dep_bin] = files::dependencies(&modules, &dependencies).map_err(too_many)?;
    let [alias, alias_bin] = files::aliases(&modules).map_err(too_many)?;
    let [symbol, symbol_bin] = files::symbols(&modules, &symbols).map_err(too_many)?;
    let mut made = vec![
        ("modules.dep", dep),
        ("modules.dep.bin", dep_bin),
        ("modules.alias", alias),
        ("modules.alias.bin", alias_bin),
        ("modules.symbols", symbol),
        ("modules.symbols.bin", symbol_bin),
        ("modules.softdep", files::soft_dependencies(&modules)),
        ("modules.devname", files::device_names(&modules)),
    ];
    if let Some(list) = list(tree, directory, "modules.builtin")? {
        made.push(("modules.builtin.bin", files::built_in(&list).map_err(too_many)?));
    }
    if let Some(list) = list(tree, directory, "modules.builtin.modinfo")? {
        let bytes = files::built_in_aliases(&list).map_err(too_many)?;
        made.push(("modules.builtin.alias.bin", bytes));
    }
    for (name, bytes) in made {
        let meta = Meta { mode: 0o644, mtime: options.mtime, ..Meta::default() };
        let node = Node { meta, kind: Kind::File(bytes.into()) };
        tree.insert(join(directory, name)?, node).map_err(Error::Tree)?;
    }
    Ok(Indexed { modules: modules.len() })
}

/// The bytes of a list that came with the kernel, if it did.
fn list(tree: &Tree, directory: &GuestPath, name: &str) -> Result<Option<Vec<u8>>, Error> {
    let path = join(directory, name)?;
    let Some(Kind::File(content)) = tree.inode(&path).map(|inode| &inode.kind) else {
        return Ok(None);
    };
    content.read(LIST_BYTES_MAX).map(Some).map_err(|source| Error::Read { path, source })
}

fn join(directory: &GuestPath, name: &str) -> Result<GuestPath, Error> {
    directory.join(name).map_err(|error| Error::Tree(error.into()))
}
