//! The modules below a directory of a tree, in the order of the kernel's own list.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

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
/// Aliases and symbols of all modules together.
const FACT_BYTES_MAX: usize = 64 << 20;
/// More threads wait for each other's memory.
const THREADS_MAX: usize = 8;

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
    threads: NonZeroUsize,
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
    let too_many = || Error::TooMany { directory: directory.clone() };
    read_at_once(&found, threads.get().min(THREADS_MAX), &too_many).into_iter().collect()
}

/// Reads modules with several threads, and returns them in their order.
fn read_at_once(
    found: &[Found<'_>],
    threads: usize,
    too_many: &(dyn Fn() -> Error + Sync),
) -> Vec<Result<Module, Error>> {
    let (next, held) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let done = Mutex::new(Vec::with_capacity(found.len()));
    let push = |result| done.lock().unwrap_or_else(PoisonError::into_inner).push(result);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(found) = found.get(number) else { return };
                    if held.load(Ordering::Relaxed) > FACT_BYTES_MAX {
                        push((number, Err(too_many())));
                        return;
                    }
                    let module = read(found);
                    if let Ok(module) = &module {
                        held.fetch_add(module.facts.bytes(), Ordering::Relaxed);
                    }
                    push((number, module));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, module)| module).collect()
}

fn read(found: &Found<'_>) -> Result<Module, Error> {
    let failed = |source| Error::Module { path: found.path.clone(), source };
    let name = module_name(found.relative);
    // Blanks separate the paths in the indexes.
    let has_blank = found.relative.iter().any(u8::is_ascii_whitespace);
    if !is_sound(&name) || !is_sound(found.relative) || has_blank {
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
        let relative = &path.as_bytes()[directory.as_bytes().len()..];
        let relative = relative.strip_prefix(b"/").unwrap_or(relative);
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
