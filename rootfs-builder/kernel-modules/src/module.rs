//! The modules below a directory of a tree, in the order of the kernel's own list.

use std::collections::{BTreeMap, HashMap};

use tree::{Content, GuestPath, Kind, Tree};

use crate::alias::{is_sound, module_name};
use crate::decompress::{self, Compression};
use crate::elf::{Facts, facts};
use crate::error::{Error, Fault};

/// Modules below this directory count more than others of the same name.
const PREFERRED: &[u8] = b"updates/";
/// Links to the sources that a kernel was built from; what lies there is not installed.
const SOURCES: [&[u8]; 2] = [b"build", b"source"];
/// As many as the format of the indexes has been used with, and more than any kernel has.
const MODULES_MAX: usize = 60_000;

/// A module.
#[derive(Debug, Clone)]
pub(crate) struct Module {
    pub(crate) name: Vec<u8>,
    /// From the directory of all modules.
    pub(crate) path: Vec<u8>,
    pub(crate) facts: Facts,
}

/// A module that is not read yet.
struct Found<'a> {
    path: &'a GuestPath,
    relative: &'a [u8],
    content: &'a Content,
    compression: Compression,
}

/// Reads all modules below a directory. `order` is the kernel's list, one path on each line.
pub(crate) fn read_all(
    tree: &Tree,
    directory: &GuestPath,
    order: &[u8],
) -> Result<Vec<Module>, Error> {
    let mut found = find(tree, directory)?;
    if found.len() > MODULES_MAX {
        return Err(Error::TooMany { directory: directory.clone() });
    }
    let lines = order.split(|byte| *byte == b'\n');
    let places: HashMap<&[u8], usize> = lines.zip(0..).collect();
    // What the list does not know comes last.
    found.sort_by_key(|found| {
        (places.get(uncompressed(found.relative)).copied().unwrap_or(usize::MAX), found.relative)
    });
    found.iter().map(read).collect()
}

fn read(found: &Found<'_>) -> Result<Module, Error> {
    let failed = |source| Error::Module { path: found.path.clone(), source };
    let name = module_name(found.relative);
    if !is_sound(&name) || !is_sound(found.relative) {
        return Err(failed(Fault::Text(String::from_utf8_lossy(found.relative).into_owned())));
    }
    let bytes = decompress::read(found.content, found.compression).map_err(failed)?;
    let facts = facts(&bytes).map_err(failed)?;
    Ok(Module { name, path: found.relative.to_vec(), facts })
}

/// The modules that count: of several with one name the preferred one, else the first.
fn find<'a>(tree: &'a Tree, directory: &GuestPath) -> Result<Vec<Found<'a>>, Error> {
    let mut by_name: BTreeMap<Vec<u8>, Found<'a>> = BTreeMap::new();
    for (path, _) in tree.below(directory) {
        let relative = &path.as_bytes()[directory.as_bytes().len() + 1..];
        let is_source = relative.split(|byte| *byte == b'/').any(|name| SOURCES.contains(&name));
        let Some(compression) = Compression::of(relative).filter(|_| !is_source) else { continue };
        let Some(content) = content(tree, path) else { continue };
        let found = Found { path, relative, content, compression };
        let is_better = |old: &Found<'_>| {
            relative.starts_with(PREFERRED) && !old.relative.starts_with(PREFERRED)
        };
        let name = module_name(relative);
        if by_name.get(&name).is_none_or(is_better) {
            by_name.insert(name, found);
        }
    }
    Ok(by_name.into_values().collect())
}

/// The bytes of a file, also through links.
fn content<'a>(tree: &'a Tree, path: &GuestPath) -> Option<&'a Content> {
    let place = tree.resolve(path).ok()?;
    match &tree.inode(&place)?.kind {
        Kind::File(content) => Some(content),
        _ => None,
    }
}

/// The path as the kernel's list has it, where no module is compressed.
fn uncompressed(path: &[u8]) -> &[u8] {
    let endings: [&[u8]; 3] = [b".gz", b".xz", b".zst"];
    endings.iter().find_map(|ending| path.strip_suffix(*ending)).unwrap_or(path)
}
