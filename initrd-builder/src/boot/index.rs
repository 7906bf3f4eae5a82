//! What the indexes of `depmod` say of a kernel's modules.
//!
//! Their forms are in `modules.dep(5)` and `modprobe.d(5)`; `modules.builtin.modinfo` is made of the
//! kernel's own `name.key=value` strings, each with a NUL behind it.

use std::collections::{BTreeMap, BTreeSet};

use super::pattern::matches;

/// A module in `modules.dep`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its name, with `_` for `-`.
    pub(crate) name: String,
    /// Its file, below the directory of the modules.
    pub(crate) path: Vec<u8>,
    /// The files of all modules that it needs, the first to be loaded last.
    needs: Vec<Vec<u8>>,
}

/// The indexes of one kernel.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// The modules in the order of `modules.dep`.
    pub(crate) modules: Vec<Listed>,
    by_path: BTreeMap<Vec<u8>, usize>,
    by_name: BTreeMap<String, usize>,
    built_in: BTreeSet<String>,
    built_in_aliases: Vec<String>,
    /// Patterns, each with the name of a module.
    aliases: Vec<(String, String)>,
    soft: BTreeMap<String, Soft>,
}

/// What should be loaded before and after a module, if it is there.
#[derive(Debug, Default, Clone)]
pub(crate) struct Soft {
    pub(crate) before: Vec<String>,
    pub(crate) after: Vec<String>,
}

/// What a name leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Modules(Vec<usize>),
    BuiltIn,
    Nothing,
}

impl Index {
    /// Reads `modules.dep`; fails with the number of a bad line.
    pub(crate) fn add_dependencies(&mut self, bytes: &[u8]) -> Result<(), usize> {
        for (number, line) in lines(bytes).enumerate() {
            let colon = line.iter().position(|byte| *byte == b':').ok_or(number + 1)?;
            let (path, rest) = (&line[..colon], &line[colon + 1..]);
            let name = name_of(path).ok_or(number + 1)?;
            let needs = rest.split(|byte| *byte == b' ').filter(|need| !need.is_empty());
            let needs = needs.map(<[u8]>::to_vec).collect();
            self.by_path.insert(path.to_vec(), self.modules.len());
            self.by_name.insert(name.clone(), self.modules.len());
            self.modules.push(Listed { name, path: path.to_vec(), needs });
        }
        Ok(())
    }

    /// Reads `modules.builtin`.
    pub(crate) fn add_built_in(&mut self, bytes: &[u8]) {
        self.built_in.extend(lines(bytes).filter_map(name_of));
    }

    /// Reads `modules.builtin.modinfo`.
    pub(crate) fn add_built_in_aliases(&mut self, bytes: &[u8]) {
        for entry in bytes.split(|byte| *byte == 0) {
            let entry = String::from_utf8_lossy(entry);
            if let Some((_, alias)) = entry.split_once(".alias=") {
                self.built_in_aliases.push(plain(alias));
            }
        }
    }

    /// Reads `modules.alias`: `alias PATTERN NAME`.
    pub(crate) fn add_aliases(&mut self, bytes: &[u8]) {
        for line in lines(bytes) {
            let line = String::from_utf8_lossy(line);
            let mut words = line.split_whitespace();
            if let (Some("alias"), Some(pattern), Some(name)) =
                (words.next(), words.next(), words.next())
            {
                self.aliases.push((plain(pattern), plain(name)));
            }
        }
    }

    /// Reads `modules.softdep`: `softdep NAME pre: NAME... post: NAME...`.
    pub(crate) fn add_soft_dependencies(&mut self, bytes: &[u8]) {
        for line in lines(bytes) {
            let line = String::from_utf8_lossy(line);
            let mut words = line.split_whitespace();
            let (Some("softdep"), Some(name)) = (words.next(), words.next()) else { continue };
            let soft = self.soft.entry(plain(name)).or_default();
            let mut is_before = None;
            for word in words {
                match (word, is_before) {
                    ("pre:", _) => is_before = Some(true),
                    ("post:", _) => is_before = Some(false),
                    (name, Some(true)) => soft.before.push(plain(name)),
                    (name, Some(false)) => soft.after.push(plain(name)),
                    (_, None) => {}
                }
            }
        }
    }

    /// What a name or an alias leads to. Modules come before what is built in under the same alias.
    pub(crate) fn find(&self, name: &str) -> Found {
        let name = plain(name);
        match (self.find_plain(&name), name.strip_prefix("fs_")) {
            // Older kernels do not list the aliases of what is built in.
            (Found::Nothing, Some(filesystem)) => self.find_plain(filesystem),
            (found, _) => found,
        }
    }

    fn find_plain(&self, name: &str) -> Found {
        if let Some(module) = self.by_name.get(name) {
            return Found::Modules(vec![*module]);
        }
        if self.built_in.contains(name) {
            return Found::BuiltIn;
        }
        let aliases = self.aliases.iter().filter(|(pattern, _)| matches(pattern, name));
        let modules: BTreeSet<usize> =
            aliases.filter_map(|(_, module)| self.by_name.get(module).copied()).collect();
        if !modules.is_empty() {
            return Found::Modules(modules.into_iter().collect());
        }
        match self.built_in_aliases.iter().any(|pattern| matches(pattern, name)) {
            true => Found::BuiltIn,
            false => Found::Nothing,
        }
    }

    /// The modules that one needs, in the order in which they are to be loaded.
    pub(crate) fn needs(&self, module: usize) -> impl Iterator<Item = usize> {
        let needs = self.modules[module].needs.iter().rev();
        needs.filter_map(|path| self.by_path.get(path).copied())
    }

    /// What should be loaded around a module.
    pub(crate) fn soft(&self, module: usize) -> Soft {
        self.soft.get(&self.modules[module].name).cloned().unwrap_or_default()
    }
}

/// The lines that say something.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = bytes.split(|byte| *byte == b'\n');
    lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"))
}

/// The name of the module in a file such as `kernel/fs/ext4/ext4.ko.xz`.
fn name_of(path: &[u8]) -> Option<String> {
    let file = path.rsplit(|byte| *byte == b'/').next()?;
    let name = std::str::from_utf8(file).ok()?.split(".ko").next()?;
    (name.len() < file.len() && !name.is_empty()).then(|| plain(name))
}

/// `-` and `_` are one in the names of modules.
fn plain(name: &str) -> String {
    name.replace('-', "_")
}
