//! The guest's dpkg database: what `dpkg` would have written had it unpacked the packages.

use md5::{Digest as _, Md5};
use tree::{Content, GuestPath, Kind, Meta, Node, Timestamp, Tree};

use super::control::ControlError;
use super::package::{DebPackage, PackageError};
use super::paragraph::{CONFFILES, Paragraph};
use super::triggers::Interests;

/// Where the database lies in the guest.
pub(crate) const DIRECTORY: &str = "var/lib/dpkg";

/// The control files that `dpkg` does not keep as they are.
const NOT_KEPT: [&str; 1] = ["control"];

/// The status of a package that nothing is left to do for.
pub(crate) const INSTALLED: &[u8] = b"install ok installed";

/// The status of a package whose triggers wait to be processed.
pub(crate) const TRIGGERS_PENDING: &[u8] = b"install ok triggers-pending";

/// The status of a package whose files are there and whose `postinst` has not run.
const UNPACKED: &[u8] = b"install ok unpacked";

/// The paragraph of one package in the status file.
pub(crate) fn status_paragraph(package: &DebPackage) -> Result<Paragraph, DatabaseError> {
    let mut paragraph = package.control.clone();
    // `dpkg` is needed only where a script has to run.
    let status = if package.has_script("postinst") { UNPACKED } else { INSTALLED };
    paragraph.set("Status", status);
    paragraph.remove(CONFFILES);
    let conffiles = package.conffiles().map_err(|e| in_package(package, e))?;
    let mut lines = Vec::new();
    for path in conffiles {
        let Some(Kind::File(content)) = find_entry(package, &path).map(|node| &node.kind) else {
            continue;
        };
        lines.extend_from_slice(if lines.is_empty() { b"/" } else { b"\n /" });
        lines.extend_from_slice(path.as_bytes());
        lines.push(b' ');
        lines.extend_from_slice(
            md5_hex(content).map_err(|e| unreadable(package, &path, e))?.as_bytes(),
        );
    }
    if !lines.is_empty() {
        paragraph.set(CONFFILES, lines);
    }
    Ok(paragraph)
}

/// The files of one package in `info/`, by path in the guest.
pub(crate) fn info_nodes(
    package: &DebPackage,
    time: Timestamp,
) -> Result<Vec<(GuestPath, Node)>, DatabaseError> {
    let name = package.database_name();
    let mut nodes = Vec::new();
    for (file, node) in &package.control_files {
        if !NOT_KEPT.contains(&file.as_str()) {
            let mut node = node.clone();
            node.meta.uid = 0;
            node.meta.gid = 0;
            nodes.push((info_path(&name, file)?, node));
        }
    }
    nodes.push((info_path(&name, "list")?, file_node(list_text(package), time)));
    if !package.control_files.contains_key("md5sums") {
        let sums = md5sums_text(package)?;
        if !sums.is_empty() {
            nodes.push((info_path(&name, "md5sums")?, file_node(sums, time)));
        }
    }
    Ok(nodes)
}

/// The control files of one package where its `preinst` is run from.
pub(crate) fn staged_nodes(package: &DebPackage) -> Result<Vec<(GuestPath, Node)>, DatabaseError> {
    let directory = database_path("staged")?.join(package.database_name())?;
    let place = |(file, node): (&String, &Node)| {
        let mut node = node.clone();
        node.meta.uid = 0;
        node.meta.gid = 0;
        Ok((directory.join(file)?, node))
    };
    package.control_files.iter().map(place).collect()
}

/// The files of the triggers database.
pub(crate) fn trigger_nodes(
    interests: &Interests,
    time: Timestamp,
) -> Result<Vec<(GuestPath, Node)>, DatabaseError> {
    let mut nodes = vec![(
        database_path("triggers/File")?,
        file_node(interests.file_text().into_bytes(), time),
    )];
    for (trigger, text) in interests.named_texts() {
        let path = database_path(&format!("triggers/{trigger}"))?;
        nodes.push((path, file_node(text.into_bytes(), time)));
    }
    Ok(nodes)
}

/// The directories and fixed files that an empty database has.
pub(crate) fn skeleton(
    archs: &[&str],
    time: Timestamp,
) -> Result<Vec<(GuestPath, Node)>, DatabaseError> {
    let mut nodes = Vec::new();
    for directory in ["", "alternatives", "info", "parts", "triggers", "updates"] {
        let meta = Meta { mode: 0o755, mtime: time, ..Meta::default() };
        nodes.push((database_path(directory)?, Node { meta, kind: Kind::Directory }));
    }
    for (file, text) in [
        ("arch", archs.join("\n") + "\n"),
        ("info/format", "1\n".to_owned()),
        ("triggers/Unincorp", String::new()),
    ] {
        nodes.push((database_path(file)?, file_node(text.into_bytes(), time)));
    }
    Ok(nodes)
}

/// Writes paragraphs as a status file, sorted as `dpkg` sorts them.
pub(crate) fn status_text(paragraphs: &[Paragraph]) -> Vec<u8> {
    let mut sorted: Vec<&Paragraph> = paragraphs.iter().collect();
    sorted.sort_by_key(|paragraph| (paragraph.text("Package"), paragraph.text("Architecture")));
    let mut text = Vec::new();
    for paragraph in sorted {
        paragraph.write_for_dpkg(&mut text);
        text.push(b'\n');
    }
    text
}

/// A path below the database's directory.
pub(crate) fn database_path(below: &str) -> Result<GuestPath, DatabaseError> {
    Ok(GuestPath::new(format!("{DIRECTORY}/{below}"))?)
}

/// An ordinary file of root's.
pub(crate) fn file_node(bytes: Vec<u8>, mtime: Timestamp) -> Node {
    let meta = Meta { mode: 0o644, mtime, ..Meta::default() };
    Node { meta, kind: Kind::File(Content::from(bytes)) }
}

/// Reads a file of the database out of a tree; empty where there is none.
pub(crate) fn read_file(tree: &Tree, below: &str) -> Result<Vec<u8>, DatabaseError> {
    const LIMIT: u64 = 256 << 20;
    let path = database_path(below)?;
    match tree.get(&path).map(|node| &node.kind) {
        Some(Kind::File(content)) => {
            content.read(LIMIT).map_err(|source| DatabaseError::Read { path, source })
        }
        _ => Ok(Vec::new()),
    }
}

/// Reads the status file out of a tree.
pub(crate) fn read_status(tree: &Tree) -> Result<Vec<Paragraph>, DatabaseError> {
    Paragraph::parse_all(&read_file(tree, "status")?).map_err(DatabaseError::Status)
}

/// Why a part of the database could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// A package could not be read.
    #[error("record {0}")]
    Package(String, #[source] PackageError),
    /// A file of a package could not be read.
    #[error("record {package}: digest {path}")]
    Digest {
        /// The package.
        package: String,
        /// Its file.
        path: GuestPath,
        /// Why.
        source: std::io::Error,
    },
    /// A file of the guest's database could not be read.
    #[error("read {path}")]
    Read {
        /// The file.
        path: GuestPath,
        /// Why.
        source: std::io::Error,
    },
    /// The status file is not one.
    #[error("read the status file")]
    Status(#[source] ControlError),
    /// A name cannot be a file's name.
    #[error("name a file of the package database")]
    Path(#[from] tree::PathError),
}

fn info_path(package: &str, file: &str) -> Result<GuestPath, DatabaseError> {
    database_path(&format!("info/{package}.{file}"))
}

fn list_text(package: &DebPackage) -> Vec<u8> {
    let mut text = Vec::new();
    for (path, _) in &package.entries {
        text.push(b'/');
        // The archive's first entry is `./`, and dpkg lists it as `/.`.
        text.extend_from_slice(if path.is_root() { b"." } else { path.as_bytes() });
        text.push(b'\n');
    }
    text
}

/// What `dpkg` computes while unpacking a package that brings no `md5sums`.
fn md5sums_text(package: &DebPackage) -> Result<Vec<u8>, DatabaseError> {
    let conffiles = package.conffiles().map_err(|e| in_package(package, e))?;
    let mut text = Vec::new();
    for (path, node) in &package.entries {
        let Kind::File(content) = &node.kind else { continue };
        if !conffiles.contains(path) {
            let sum = md5_hex(content).map_err(|e| unreadable(package, path, e))?;
            text.extend_from_slice(sum.as_bytes());
            text.extend_from_slice(b"  ");
            text.extend_from_slice(path.as_bytes());
            text.push(b'\n');
        }
    }
    Ok(text)
}

fn find_entry<'a>(package: &'a DebPackage, path: &GuestPath) -> Option<&'a Node> {
    package.entries.iter().find(|(entry, _)| entry == path).map(|(_, node)| node)
}

fn md5_hex(content: &Content) -> std::io::Result<String> {
    let mut hasher = Md5::new();
    let mut reader = content.open()?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        match std::io::Read::read(&mut reader, &mut buffer)? {
            0 => break,
            count => hasher.update(&buffer[..count]),
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn in_package(package: &DebPackage, source: PackageError) -> DatabaseError {
    DatabaseError::Package(package.name.clone(), source)
}

fn unreadable(package: &DebPackage, path: &GuestPath, source: std::io::Error) -> DatabaseError {
    DatabaseError::Digest { package: package.name.clone(), path: path.clone(), source }
}
