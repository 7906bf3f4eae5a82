//! What apk's database says is installed, read from any guest.

use tree::{GuestPath, Tree};

use crate::family::installed::{Installed, InstalledError, read_file};

/// Where the database may be; the second place is that of newer guests.
const PLACES: [&str; 2] = ["lib/apk/db/installed", "usr/lib/apk/db/installed"];

/// A hundred times what a full desktop has.
const DATABASE_BYTES_MAX: u64 = 256 << 20;

/// The paths of all files together: each repeats that of its directory.
const PATHS_BYTES_MAX: u64 = 256 << 20;

/// Reads the packages whose files are there; none if the guest has no such database.
pub(crate) fn installed(tree: &Tree) -> Result<Option<Vec<Installed>>, InstalledError> {
    for place in PLACES {
        let Ok(path) = GuestPath::new(place) else { continue };
        if let Some(text) = read_file(tree, &path, DATABASE_BYTES_MAX)? {
            let reader = Reader {
                tree,
                path,
                left: PATHS_BYTES_MAX,
                found: Vec::new(),
                current: None,
                directory: Some(GuestPath::root()),
            };
            return reader.read(&text).map(Some);
        }
    }
    Ok(None)
}

struct Reader<'a> {
    tree: &'a Tree,
    path: GuestPath,
    left: u64,
    found: Vec<Installed>,
    current: Option<Installed>,
    /// Where the directory lies whose files are being read; none if the guest has none such.
    directory: Option<GuestPath>,
}

impl Reader<'_> {
    fn read(mut self, text: &[u8]) -> Result<Vec<Installed>, InstalledError> {
        for line in text.split(|byte| *byte == b'\n') {
            match line {
                [] => self.end()?,
                [field, b':', value @ ..] => self.field(*field, value)?,
                _ => return Err(self.damaged("a line is no field")),
            }
        }
        self.end()?;
        Ok(self.found)
    }

    fn field(&mut self, field: u8, value: &[u8]) -> Result<(), InstalledError> {
        let text = || String::from_utf8_lossy(value).into_owned();
        let package = self.current.get_or_insert_with(|| Installed {
            name: String::new(),
            version: String::new(),
            architecture: String::new(),
            files: Vec::new(),
        });
        match field {
            b'P' => package.name = text(),
            b'V' => package.version = text(),
            b'A' => package.architecture = text(),
            b'F' => return self.begin_directory(value),
            b'R' => return self.file(value),
            _ => {}
        }
        Ok(())
    }

    /// Looks a directory up once, because finding the way through links takes time.
    fn begin_directory(&mut self, value: &[u8]) -> Result<(), InstalledError> {
        let Ok(path) = GuestPath::new(value) else {
            return Err(self.damaged("a directory has no path"));
        };
        let place = self.tree.resolve_parents(&path).ok();
        self.directory = place.as_ref().and_then(|place| self.tree.resolve(place).ok());
        match place {
            Some(place) if !place.is_root() => self.add(place),
            _ => Ok(()),
        }
    }

    fn file(&mut self, name: &[u8]) -> Result<(), InstalledError> {
        if name.is_empty() || name.contains(&b'/') {
            return Err(self.damaged("a file has no name"));
        }
        let Some(directory) = &self.directory else { return Ok(()) };
        match directory.join(name) {
            Ok(path) => self.add(path),
            Err(_) => Err(self.damaged("a file has no name")),
        }
    }

    /// Adds a file that the guest has.
    fn add(&mut self, place: GuestPath) -> Result<(), InstalledError> {
        let too_large = InstalledError::TooLarge { limit: PATHS_BYTES_MAX };
        let cost = place.as_bytes().len() as u64 + 1;
        self.left = self.left.checked_sub(cost).ok_or(too_large)?;
        if let Some(package) = self.current.as_mut().filter(|_| self.tree.get(&place).is_some()) {
            package.files.push(place);
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), InstalledError> {
        match self.current.take() {
            Some(package) if package.name.is_empty() => Err(self.damaged("a package has no name")),
            Some(package) => {
                self.directory = Some(GuestPath::root());
                self.found.push(package);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn damaged(&self, problem: &str) -> InstalledError {
        InstalledError::Damaged { path: self.path.clone(), problem: problem.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tree::{Content, Kind, Meta, Node};

    use super::*;

    fn tree(place: &str, text: &str) -> Tree {
        let node = |kind| Node { meta: Meta::default(), kind };
        let mut tree = Tree::new();
        let link = node(Kind::Symlink((*b"usr/bin").into()));
        tree.insert(GuestPath::new("bin").unwrap(), link).unwrap();
        for (path, text) in [(place, text), ("usr/bin/tool", "")] {
            let kind = Kind::File(Content::from(text.as_bytes().to_vec()));
            tree.insert(GuestPath::new(path).unwrap(), node(kind)).unwrap();
        }
        tree
    }

    #[test]
    fn packages_with_files_are_found_through_the_guests_links() {
        let text = "C:Q1x=\nP:tool\nV:2-r0\nA:x86_64\nF:\nF:bin\nR:tool\nZ:Q1y=\nR:removed\n\n\
                    C:Q1z=\nP:meta\nV:1\n\n";
        for place in PLACES {
            let found = crate::family::installed(&tree(place, text)).unwrap().unwrap();
            let shown: Vec<_> =
                found.iter().map(|p| format!("{} {} {:?}", p.name, p.version, p.files)).collect();
            assert_eq!(shown, ["meta 1 []", "tool 2-r0 [/bin, /usr/bin/tool]"]);
            assert_eq!(found[1].architecture, "x86_64");
        }
    }

    #[test]
    fn a_guest_without_a_database_has_none_and_a_damaged_one_is_an_error() {
        assert_eq!(installed(&Tree::new()).unwrap(), None);
        for text in ["nonsense\n", "V:1\n", "P:x\nF:../etc\n", "P:x\nR:../shadow\n"] {
            let found = installed(&tree(PLACES[0], text));
            assert!(matches!(found, Err(InstalledError::Damaged { .. })), "{text:?}");
        }
    }

    #[test]
    fn a_long_directory_with_very_many_files_is_refused() {
        let long = "d/".repeat(2000);
        let text = format!("P:x\nF:{long}\n{}", "R:a\n".repeat(100_000));
        let found = installed(&tree(PLACES[0], &text));
        assert!(matches!(found, Err(InstalledError::TooLarge { .. })));
    }
}
