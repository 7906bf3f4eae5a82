//! A Debian-style package archive as a value: paths and bytes.

mod release;
mod suite;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

pub use suite::{Signatures, Suite};

/// All files of an archive, by their path below its root.
#[derive(Debug, Clone, Default)]
pub struct Archive {
    files: BTreeMap<String, Vec<u8>>,
}

impl Archive {
    /// An archive of several suites.
    pub fn of(archives: impl IntoIterator<Item = Self>) -> Self {
        Self { files: archives.into_iter().flat_map(|archive| archive.files).collect() }
    }

    /// The bytes of a file.
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// All paths, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The one path that ends so.
    ///
    /// # Panics
    ///
    /// If there is none, or more than one.
    pub fn path_ending(&self, end: &str) -> String {
        let found: Vec<_> = self.paths().filter(|path| path.ends_with(end)).collect();
        assert!(found.len() == 1, "{} paths end with {end}: {found:?}", found.len());
        found[0].into()
    }

    /// Adds or replaces a file.
    pub fn put(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.files.insert(path.into(), bytes.into());
    }

    /// Takes a file away.
    ///
    /// # Panics
    ///
    /// If it is not there, because then the test does not test what it says.
    pub fn remove(&mut self, path: &str) {
        self.files.remove(path).unwrap_or_else(|| panic!("no file {path}"));
    }

    /// Takes all files away whose paths the test names.
    pub fn remove_if(&mut self, is_unwanted: impl Fn(&str) -> bool) {
        self.files.retain(|path, _| !is_unwanted(path));
    }

    /// Changes the bytes of a file without telling the indexes.
    ///
    /// # Panics
    ///
    /// If it is not there, or the change changes nothing.
    pub fn tamper(&mut self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let bytes = self.files.get_mut(path).unwrap_or_else(|| panic!("no file {path}"));
        let before = bytes.clone();
        change(bytes);
        assert!(*bytes != before, "{path} was not changed");
    }

    /// Replaces the first occurrence of a text in a file without telling the indexes.
    pub fn replace(&mut self, path: &str, from: &str, to: &str) {
        self.tamper(path, |bytes| {
            let text = std::str::from_utf8(bytes).expect("the file is text");
            *bytes = text.replacen(from, to, 1).into_bytes();
        });
    }

    /// Turns one bit in the middle of a file.
    pub fn flip_bit(&mut self, path: &str) {
        self.tamper(path, |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        });
    }

    /// Writes everything below a directory, for `file://` mirrors.
    pub fn write_to(&self, directory: &Path) {
        for (path, bytes) in &self.files {
            let path = directory.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
}
