//! Follows a program to all libraries that it needs, as the guest's loader would.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};

use tree::{GuestPath, Tree};

use super::elf::{self, Budget, Facts};
use super::folders::{Folders, Loader, folders};
use super::{Reason, shown};
use crate::error::Error;
use crate::guest;
use crate::machine::Machine;

/// Real programs load a few hundred.
const LOADED_MAX: usize = 512;
/// How many files are looked for at most, so that no lists of folders keep anyone busy.
const LOOKUPS_MAX: usize = 100_000;
/// Real programs name a few dozen.
const NAMED_FOLDERS_MAX: usize = 1024;
/// No kernel takes a longer one.
const PATH_BYTES_MAX: usize = 4095;
/// What musl has in its loader.
const MUSL_PARTS: [&str; 7] =
    ["libc.", "libpthread.", "librt.", "libm.", "libdl.", "libutil.", "libxnet."];

/// Everything that keeps a program from being loaded.
pub(super) fn check(
    tree: &Tree,
    program: &GuestPath,
    facts: Facts,
    (machine, budget): (Machine, Budget),
) -> Result<Vec<Reason>, Error> {
    if facts.machine != Some(machine) {
        let built_for = facts.machine;
        return Ok(vec![Reason::Machine { file: program.clone(), built_for, guest: machine }]);
    }
    if !facts.is_loadable {
        return Ok(vec![Reason::NotProgram { file: program.clone() }]);
    }
    let Some(interpreter) = facts.interpreter.clone() else { return Ok(Vec::new()) };
    let name = interpreter.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let mut closure = Closure {
        tree,
        machine,
        loader: Loader::named(name),
        folders: folders(tree, name, machine)?,
        loaded: Vec::new(),
        names: BTreeMap::new(),
        lookups: Cell::new(0),
        budget: RefCell::new(budget),
        reasons: Vec::new(),
    };
    closure.interpreter(&interpreter, name, program)?;
    closure.load(program.clone(), facts, None);
    closure.follow()?;
    Ok(closure.reasons)
}

struct Loaded {
    path: GuestPath,
    facts: Facts,
    /// Which other needed it first.
    parent: Option<usize>,
}

struct Closure<'a> {
    tree: &'a Tree,
    machine: Machine,
    loader: Loader,
    folders: Folders,
    loaded: Vec<Loaded>,
    /// By which names what is loaded is known; none for what is not there.
    names: BTreeMap<Vec<u8>, Option<usize>>,
    lookups: Cell<usize>,
    budget: RefCell<Budget>,
    reasons: Vec<Reason>,
}

impl Closure<'_> {
    fn interpreter(&mut self, path: &[u8], name: &[u8], program: &GuestPath) -> Result<(), Error> {
        let found = guest::program(self.tree, path);
        match found.map(|found| self.library(&found)).transpose()?.flatten() {
            Some((place, facts)) => {
                let index = self.load(place, facts, None);
                self.names.insert(name.to_vec(), Some(index));
            }
            None => self
                .reasons
                .push(Reason::Interpreter { interpreter: shown(path), needed_by: program.clone() }),
        }
        Ok(())
    }

    fn load(&mut self, path: GuestPath, facts: Facts, parent: Option<usize>) -> usize {
        let index = self.loaded.len();
        if let Some(name) = &facts.name {
            self.names.entry(name.clone()).or_insert(Some(index));
        }
        self.loaded.push(Loaded { path, facts, parent });
        index
    }

    /// Goes through what is loaded, breadth first, until nothing new is needed.
    fn follow(&mut self) -> Result<(), Error> {
        let mut pending: VecDeque<usize> = (0..self.loaded.len()).collect();
        while let Some(index) = pending.pop_front() {
            for name in self.loaded[index].facts.needed.clone() {
                if self.names.contains_key(&name) || self.is_part_of_loader(&name) {
                    continue;
                }
                if self.loaded.len() == LOADED_MAX || self.lookups.get() > LOOKUPS_MAX {
                    self.reasons.push(Reason::TooMany);
                    return Ok(());
                }
                let found = self.find(&name, index)?;
                if found.is_none() {
                    let reason = self.missing(&name, index)?;
                    self.reasons.push(reason);
                }
                let found = found.map(|(path, facts)| {
                    let known = self.loaded.iter().position(|loaded| loaded.path == path);
                    known.unwrap_or_else(|| {
                        let loaded = self.load(path, facts, Some(index));
                        pending.push_back(loaded);
                        loaded
                    })
                });
                self.names.insert(name, found);
            }
            self.check_versions(index);
        }
        Ok(())
    }

    fn missing(&self, name: &[u8], needed_by: usize) -> Result<Reason, Error> {
        let needed_by = self.loaded[needed_by].path.clone();
        let uncached = if name.contains(&b'/') { None } else { self.uncached(name)? };
        Ok(match uncached {
            Some(library) => Reason::NotInCache { library, needed_by },
            None => Reason::Library { library: shown(name), needed_by },
        })
    }

    fn is_part_of_loader(&self, name: &[u8]) -> bool {
        self.loader == Loader::Musl
            && MUSL_PARTS.iter().any(|part| name.starts_with(part.as_bytes()))
    }

    fn find(&self, name: &[u8], needed_by: usize) -> Result<Option<(GuestPath, Facts)>, Error> {
        if name.contains(&b'/') {
            return self.candidate(name);
        }
        for folder in self.named_folders(needed_by) {
            if let Some(found) = self.candidate(&[&folder, &b"/"[..], name].concat())? {
                return Ok(Some(found));
            }
        }
        for path in self.paths(&self.folders.cached, name) {
            if !self.folders.is_cached(&path) {
                continue;
            }
            if let Some(found) = self.candidate(&path)? {
                return Ok(Some(found));
            }
        }
        for path in self.paths(&self.folders.own, name) {
            if let Some(found) = self.candidate(&path)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Where a library lies that the loader would find, had `ldconfig` run since it came.
    fn uncached(&self, name: &[u8]) -> Result<Option<GuestPath>, Error> {
        for path in self.paths(&self.folders.cached, name) {
            if let Some((found, _)) = self.candidate(&path)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn paths(&self, folders: &[GuestPath], name: &[u8]) -> Vec<Vec<u8>> {
        folders.iter().map(|folder| [folder.as_bytes(), b"/", name].concat()).collect()
    }

    /// The folders that a file, and those that brought it here, name themselves.
    fn named_folders(&self, needed_by: usize) -> Vec<Vec<u8>> {
        let mut named = Vec::new();
        let mut add = |loaded: &Loaded, folders: &[Vec<u8>]| {
            let origin = loaded.path.parent().unwrap_or_default();
            self.lookups.set(self.lookups.get() + folders.len());
            named.extend(folders.iter().flat_map(|folder| self.expanded(folder, &origin)));
        };
        let own = &self.loaded[needed_by].facts;
        let is_musl = self.loader == Loader::Musl;
        let mut at = Some(needed_by);
        while let Some(index) = at.filter(|_| is_musl || own.own_folders.is_empty()) {
            let loaded = &self.loaded[index];
            if is_musl || loaded.facts.own_folders.is_empty() {
                add(loaded, &loaded.facts.inherited_folders);
            }
            // Musl knows only one kind of folder, which all may use.
            if is_musl {
                add(loaded, &loaded.facts.own_folders);
            }
            at = loaded.parent.filter(|_| self.lookups.get() <= LOOKUPS_MAX);
        }
        if !is_musl {
            add(&self.loaded[needed_by], &own.own_folders);
        }
        named.truncate(NAMED_FOLDERS_MAX);
        named
    }

    /// A folder with the words that stand for others, in each of its meanings.
    fn expanded(&self, folder: &[u8], origin: &GuestPath) -> Vec<Vec<u8>> {
        let origin = [b"/", origin.as_bytes()].concat();
        let folder = replaced(&replaced(folder, b"${ORIGIN}", &origin), b"$ORIGIN", &origin);
        if folder.len() > PATH_BYTES_MAX {
            return Vec::new();
        }
        if !folder.windows(4).any(|window| window == b"$LIB" || window == b"${LI") {
            return vec![folder];
        }
        let folders = self.machine.library_folders().iter().map(|folder| format!("lib/{folder}"));
        let all = folders.chain(["lib64".to_owned(), "lib".to_owned()]);
        let expand = |lib: String| {
            replaced(&replaced(&folder, b"${LIB}", lib.as_bytes()), b"$LIB", lib.as_bytes())
        };
        all.map(expand).collect()
    }

    /// A library at a path, if it is one for this guest: the loader passes over others.
    fn candidate(&self, path: &[u8]) -> Result<Option<(GuestPath, Facts)>, Error> {
        self.lookups.set(self.lookups.get() + 1);
        let Some(path) = without_dots(path) else { return Ok(None) };
        match guest::file(self.tree, path) {
            Some((found, ..)) => self.library(&found),
            None => Ok(None),
        }
    }

    fn library(&self, path: &GuestPath) -> Result<Option<(GuestPath, Facts)>, Error> {
        let Some((place, _, content)) = guest::file(self.tree, path.as_bytes()) else {
            return Ok(None);
        };
        match elf::facts(content, &mut self.budget.borrow_mut()) {
            Ok(Some(facts)) if facts.machine == Some(self.machine) && facts.is_loadable => {
                Ok(Some((place, facts)))
            }
            Err(elf::Fault::Read(source)) => Err(Error::ReadGuest { path: place, source }),
            Ok(_) | Err(_) => Ok(None),
        }
    }

    fn check_versions(&mut self, index: usize) {
        let Loaded { path: needed_by, facts, .. } = &self.loaded[index];
        for (library, version) in &facts.version_needs {
            let Some(Some(found)) = self.names.get(library) else { continue };
            let Loaded { path, facts, .. } = &self.loaded[*found];
            // A library without any versions is taken as it is.
            if facts.versions.is_empty() || facts.versions.contains(version) {
                continue;
            }
            let (version, library, needed_by) = (shown(version), path.clone(), needed_by.clone());
            self.reasons.push(Reason::Version { version, library, needed_by });
        }
    }
}

fn replaced(text: &[u8], word: &[u8], by: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(word.len()).position(|window| window == word) {
        result.extend_from_slice(&rest[..at]);
        result.extend_from_slice(by);
        rest = &rest[at + word.len()..];
    }
    result.extend_from_slice(rest);
    result
}

/// A path with `..` taken away by its words, as programs have them after `$ORIGIN`.
fn without_dots(path: &[u8]) -> Option<Vec<u8>> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b".." => drop(parts.pop()),
            b"" | b"." => {}
            name => parts.push(name),
        }
    }
    GuestPath::new(parts.join(&b'/')).is_ok().then(|| parts.join(&b'/'))
}
