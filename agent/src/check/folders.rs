//! Where a guest's loader looks for libraries.

use std::collections::BTreeSet;

use tree::{GuestPath, Kind, Tree};

use crate::error::Error;
use crate::guest;
use crate::machine::Machine;

const CONFIGURATION: &str = "etc/ld.so.conf";
const CACHE: &str = "etc/ld.so.cache";
/// A list may name lists; real ones do it once.
const DEPTH_MAX: usize = 4;
/// Real guests have a handful.
const FOLDERS_MAX: usize = 256;
const LISTS_MAX: usize = 64;
/// What musl does when nobody says otherwise.
const MUSL_FOLDERS: [&str; 3] = ["lib", "usr/local/lib", "usr/lib"];

/// Which C library a loader belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loader {
    Gnu,
    Musl,
}

impl Loader {
    /// Tells by the name of the interpreter.
    pub(super) fn named(name: &[u8]) -> Self {
        if name.starts_with(b"ld-musl-") { Self::Musl } else { Self::Gnu }
    }
}

/// The folders in which the loader looks when a program names none.
#[derive(Debug, Default)]
pub(super) struct Folders {
    /// Those in which it looks itself.
    pub(super) own: Vec<GuestPath>,
    /// Those of which it only knows what `ldconfig` wrote into its cache.
    pub(super) cached: Vec<GuestPath>,
    cache: BTreeSet<Vec<u8>>,
}

impl Folders {
    /// Whether the cache knows a library by this path.
    pub(super) fn is_cached(&self, path: &[u8]) -> bool {
        self.cache.contains(&[b"/", path].concat())
    }
}

/// Finds the folders for a loader of this name.
pub(super) fn folders(tree: &Tree, interpreter: &[u8], machine: Machine) -> Result<Folders, Error> {
    let mut folders = Folders::default();
    let found = &mut folders.own;
    match Loader::named(interpreter) {
        Loader::Musl => add_musl(tree, interpreter, found)?,
        Loader::Gnu => {
            let mut lists = Lists { tree, left: LISTS_MAX, found: &mut folders.cached };
            lists.add(&GuestPath::new(CONFIGURATION)?, DEPTH_MAX)?;
            let cache = guest::text(tree, CACHE)?.unwrap_or_default();
            // Its strings are all behind each other, after tables that are no paths.
            let paths = cache.split(|byte| *byte == 0).filter(|text| text.starts_with(b"/"));
            folders.cache = paths.map(<[u8]>::to_vec).collect();
            let wide = if machine.is_64_bit() { "64" } else { "32" };
            for folder in machine.library_folders() {
                add(found, format!("lib/{folder}").as_bytes());
                add(found, format!("usr/lib/{folder}").as_bytes());
            }
            for folder in [format!("lib{wide}"), format!("usr/lib{wide}")] {
                add(found, folder.as_bytes());
            }
            add(found, b"lib");
            add(found, b"usr/lib");
        }
    }
    let Folders { own, cached, .. } = &mut folders;
    cached.retain(|folder| !own.contains(folder));
    Ok(folders)
}

/// Musl has a list beside its loader, and takes its word for it.
fn add_musl(tree: &Tree, interpreter: &[u8], found: &mut Vec<GuestPath>) -> Result<(), Error> {
    let stem = interpreter.split(|byte| *byte == b'.').next().unwrap_or_default();
    match guest::text(tree, [b"etc/", stem, b".path"].concat())? {
        Some(list) => {
            let names = list.split(|byte| matches!(byte, b':' | b'\n'));
            names.map(<[u8]>::trim_ascii).for_each(|name| add(found, name));
        }
        None => MUSL_FOLDERS.iter().for_each(|folder| add(found, folder.as_bytes())),
    }
    Ok(())
}

fn add(found: &mut Vec<GuestPath>, name: &[u8]) {
    if name.is_empty() || found.len() == FOLDERS_MAX {
        return;
    }
    // A folder that is no path in the guest holds no libraries.
    let Ok(folder) = GuestPath::new(name) else { return };
    if !found.contains(&folder) {
        found.push(folder);
    }
}

/// The lists of `ldconfig`, of which one may include others.
struct Lists<'a> {
    tree: &'a Tree,
    /// How many may still be read or looked for.
    left: usize,
    found: &'a mut Vec<GuestPath>,
}

impl Lists<'_> {
    /// Adds the folders that a list names, and those of the lists that it includes.
    fn add(&mut self, list: &GuestPath, depth: usize) -> Result<(), Error> {
        let Some(text) = guest::text(self.tree, list.as_bytes())? else { return Ok(()) };
        for line in text.split(|byte| *byte == b'\n') {
            let line = line.split(|byte| *byte == b'#').next().unwrap_or_default().trim_ascii();
            let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            match words.next() {
                Some(b"include") => {
                    words.try_for_each(|pattern| self.include(list, pattern, depth))?;
                }
                Some(b"hwcap") | None => {}
                // Of old, a folder may be followed by `=` and the C library that its files need.
                Some(_) => line
                    .split(|byte| matches!(byte, b' ' | b'\t' | b',' | b':'))
                    .map(|name| name.split(|byte| *byte == b'=').next().unwrap_or_default())
                    .for_each(|name| add(self.found, name)),
            }
        }
        Ok(())
    }

    fn include(&mut self, list: &GuestPath, pattern: &[u8], depth: usize) -> Result<(), Error> {
        if depth == 0 || self.left == 0 {
            return Ok(());
        }
        self.left -= 1;
        for list in lists(self.tree, list, pattern) {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            self.add(&list, depth - 1)?;
        }
        Ok(())
    }
}

/// The files that a pattern names, which may have stars in its last part only.
fn lists(tree: &Tree, list: &GuestPath, pattern: &[u8]) -> Vec<GuestPath> {
    let folder = list.parent().unwrap_or_default();
    let absolute =
        if pattern.starts_with(b"/") { GuestPath::new(pattern) } else { folder.join(pattern) };
    let Ok(pattern) = absolute else { return Vec::new() };
    let Ok(folder) = tree.resolve(&pattern.parent().unwrap_or_default()) else {
        return Vec::new();
    };
    let here = tree.below(&folder).filter(|(path, node)| {
        path.parent().as_ref() == Some(&folder) && !matches!(node.kind, Kind::Directory)
    });
    let fitting = here.filter(|(path, _)| fits(path.name(), pattern.name()));
    fitting.map(|(path, _)| path.clone()).take(FOLDERS_MAX).collect()
}

/// Whether a name fits a pattern in which a star is any run of bytes.
fn fits(name: &[u8], pattern: &[u8]) -> bool {
    let mut parts = pattern.split(|byte| *byte == b'*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&[u8]> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle.iter().filter(|part| !part.is_empty()) {
        match rest.windows(part.len()).position(|window| window == *part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_fit_any_run() {
        for pattern in ["*.conf", "a*f", "*", "a.conf", "a*.*f", "**"] {
            assert!(fits(b"a.conf", pattern.as_bytes()), "{pattern}");
        }
        for pattern in ["*.con", "b*", "", "a.conf*x", "a.conf.conf"] {
            assert!(!fits(b"a.conf", pattern.as_bytes()), "{pattern}");
        }
    }
}
