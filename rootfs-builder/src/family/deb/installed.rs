//! What dpkg's database says is installed, read from any guest.

use tree::{GuestPath, Tree};

use super::control::{Paragraph, paragraphs};
use super::database::DIRECTORY;
use crate::family::installed::{Installed, InstalledError, read_file};

/// A hundred times what a full desktop has.
const STATUS_BYTES_MAX: u64 = 256 << 20;
const LIST_BYTES_MAX: u64 = 64 << 20;
/// All lists together.
const LISTS_BYTES_MAX: u64 = 256 << 20;

/// Reads the packages whose files are there; none if the guest has no such database.
pub(crate) fn installed(tree: &Tree) -> Result<Option<Vec<Installed>>, InstalledError> {
    let Some(path) = place("status") else { return Ok(None) };
    let Some(status) = read_file(tree, &path, STATUS_BYTES_MAX)? else { return Ok(None) };
    let mut found = Vec::new();
    let mut left = LISTS_BYTES_MAX;
    for paragraph in paragraphs(&status) {
        let paragraph = paragraph.map_err(|error| InstalledError::Damaged {
            path: path.clone(),
            problem: error.to_string(),
        })?;
        if let Some(mut package) = described(&paragraph) {
            package.files = files(tree, &package, &mut left)?;
            found.push(package);
        }
    }
    Ok(Some(found))
}

/// The package that a paragraph describes, if it has files.
fn described(paragraph: &Paragraph<'_>) -> Option<Installed> {
    let text = |wanted: &str| {
        let found =
            paragraph.fields().find(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()));
        found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    };
    let status = text("Status")?;
    if matches!(status.split_whitespace().last()?, "not-installed" | "config-files") {
        return None;
    }
    Some(Installed {
        name: text("Package")?,
        version: text("Version").unwrap_or_default(),
        architecture: text("Architecture").unwrap_or_default(),
        files: Vec::new(),
    })
}

fn files(
    tree: &Tree,
    package: &Installed,
    left: &mut u64,
) -> Result<Vec<GuestPath>, InstalledError> {
    // Packages of several architectures at once carry theirs in the name.
    let names = [package.name.clone(), format!("{}:{}", package.name, package.architecture)];
    for name in names {
        let Some(path) = place(&format!("info/{name}.list")) else { continue };
        let Some(list) = read_file(tree, &path, LIST_BYTES_MAX)? else { continue };
        *left = left
            .checked_sub(list.len() as u64)
            .ok_or(InstalledError::TooLarge { limit: LISTS_BYTES_MAX })?;
        let lines = list.split(|byte| *byte == b'\n').filter_map(|line| GuestPath::new(line).ok());
        let places = lines.filter_map(|path| tree.resolve_parents(&path).ok());
        return Ok(places.filter(|path| !path.is_root() && tree.get(path).is_some()).collect());
    }
    Ok(Vec::new())
}

/// A path of the database; none if the name is not one that a file can have.
fn place(below: &str) -> Option<GuestPath> {
    GuestPath::new(format!("{DIRECTORY}/{below}")).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tree::{Content, Kind, Meta, Node};

    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::new();
        let link = Kind::Symlink((*b"usr/bin").into());
        tree.insert(GuestPath::new("bin").unwrap(), Node { meta: Meta::default(), kind: link })
            .unwrap();
        for (path, text) in files {
            let kind = Kind::File(Content::from(text.as_bytes().to_vec()));
            let node = Node { meta: Meta::default(), kind };
            tree.insert(GuestPath::new(path).unwrap(), node).unwrap();
        }
        tree
    }

    #[test]
    fn packages_with_files_are_found_through_the_guests_links() {
        let status = "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n\
                      Package: tool\nStatus: install ok installed\nVersion: 2\nArchitecture: all\n\n\
                      Package: lib\nStatus: install ok triggers-pending\nVersion: 3\n\
                      Architecture: amd64\nMulti-Arch: same\n";
        let tree = tree(&[
            ("var/lib/dpkg/status", status),
            ("var/lib/dpkg/info/tool.list", "/.\n/bin\n/bin/tool\n/bin/removed\n/../etc\n"),
            ("var/lib/dpkg/info/lib:amd64.list", "/usr/lib/lib.so\n"),
            ("usr/bin/tool", ""),
            ("usr/lib/lib.so", ""),
        ]);
        let found = crate::family::installed(&tree).unwrap().unwrap();
        let shown: Vec<_> = found
            .iter()
            .map(|package| format!("{} {} {:?}", package.name, package.version, package.files))
            .collect();
        assert_eq!(shown, ["lib 3 [/usr/lib/lib.so]", "tool 2 [/bin, /usr/bin/tool]"]);
    }

    #[test]
    fn a_guest_without_a_database_has_none_and_a_damaged_one_is_an_error() {
        assert_eq!(installed(&tree(&[])).unwrap(), None);
        let damaged = tree(&[("var/lib/dpkg/status", "nonsense\n")]);
        assert!(matches!(installed(&damaged), Err(InstalledError::Damaged { .. })));
    }
}
