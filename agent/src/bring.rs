//! Brings an agent's files into the tree.

use std::path::Path;
use std::sync::Arc;

use tree::{Content, GuestPath, Kind, Node, Tree};

use crate::error::Error;
use crate::spec::{AgentSpec, Options, Origin, Place};
use crate::{guest, name, tarball};

const OWN: &str = "osb-agent";
const KATA: &str = "kata-agent";
const PROGRAMS: &str = "usr/bin";
/// Where an archive may have its agent, the likeliest first.
const FOLDERS: [&str; 6] = ["usr/bin", "usr/sbin", "usr/local/bin", "bin", "sbin", "usr/libexec"];
const SBIN_INIT: &str = "sbin/init";

/// An agent whose files are in the tree.
pub(crate) struct Brought {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    /// Where its program is.
    pub(crate) program: GuestPath,
}

/// Brings an agent's files into the tree.
pub(crate) fn bring(
    tree: &mut Tree,
    spec: &AgentSpec,
    options: &Options,
    work: &Path,
) -> Result<Brought, Error> {
    match &spec.origin {
        Origin::Own => {
            let no_own = Error::NoOwn { machine: options.machine };
            let content = Content::from(options.own.ok_or(no_own)?.to_vec());
            let name = name::checked(spec.name.as_deref().unwrap_or(OWN))?;
            let version = Some(env!("CARGO_PKG_VERSION").to_owned());
            alone(tree, name, version, content, options)
        }
        Origin::File(path) => {
            let own_name = path.file_name().unwrap_or_default().to_string_lossy();
            let name = name::checked(spec.name.as_deref().unwrap_or(&own_name))?;
            alone(tree, name, None, whole(path)?, options)
        }
        Origin::Tarball(path) => {
            let members = tarball::read(path, work)?;
            let members = members.into_iter().map(|(path, node)| (path, aged(node, options)));
            several(tree, spec, path, None, members)
        }
        Origin::Built { directory, version } => {
            let found = tree::directory::read(directory, None, &|_| None)?;
            let members = found.iter().map(|(path, node)| (path.clone(), adopted(node, options)));
            several(tree, spec, directory, version.clone(), members)
        }
    }
}

/// A program of the host as the content of a file.
fn whole(path: &Path) -> Result<Content, Error> {
    let unreadable = |source| Error::Read { path: path.to_owned(), source };
    let status = fs_err::metadata(path).map_err(unreadable)?;
    if !status.is_file() {
        return Err(Error::NotFile { path: path.to_owned() });
    }
    let file: Arc<Path> = fs_err::canonicalize(path).map_err(unreadable)?.into();
    Ok(Content::Span { file, offset: 0, length: status.len() })
}

fn alone(
    tree: &mut Tree,
    name: String,
    version: Option<String>,
    content: Content,
    options: &Options,
) -> Result<Brought, Error> {
    let place = GuestPath::new(PROGRAMS)?.join(&name)?;
    let program = guest::put(tree, &place, content, (0o755, options.mtime))?;
    Ok(Brought { name, version, program })
}

/// A member of an archive, not younger than the guest.
fn aged(mut node: Node, options: &Options) -> Node {
    node.meta.mtime = node.meta.mtime.min(options.mtime);
    node
}

/// A file of a build as the guest is to have it, whatever the builder's user and umask.
fn adopted(node: &Node, options: &Options) -> Node {
    let mut node = node.clone();
    let meta = &mut node.meta;
    (meta.uid, meta.gid, meta.mtime) = (0, 0, options.mtime);
    meta.xattrs.clear();
    meta.mode = match node.kind {
        Kind::Symlink(_) => 0o777,
        Kind::Directory => 0o755,
        _ if meta.mode & 0o111 != 0 => 0o755,
        _ => 0o644,
    };
    node
}

fn several(
    tree: &mut Tree,
    spec: &AgentSpec,
    origin: &Path,
    version: Option<String>,
    members: impl IntoIterator<Item = (GuestPath, Node)>,
) -> Result<Brought, Error> {
    let mut brought = Vec::new();
    for (path, node) in members {
        // Archives made of a whole build have directories of whoever built it; the guest's stay.
        let is_there = || tree.resolve(&path).ok().and_then(|found| tree.get(&found).cloned());
        if matches!(node.kind, Kind::Directory)
            && is_there().is_some_and(|node| matches!(node.kind, Kind::Directory))
        {
            continue;
        }
        let is_directory = matches!(node.kind, Kind::Directory);
        let place = tree.insert_resolved(&path, node)?;
        if !is_directory {
            brought.push(place);
        }
    }
    let (name, program) = choose(tree, spec, origin, &brought)?;
    if guest::program(tree, program.as_bytes()).is_none() {
        return Err(Error::NotExecutable { origin: origin.to_owned(), path: program });
    }
    Ok(Brought { name: name::checked(&name)?, version, program })
}

/// Finds the agent among what was brought: its name, and where its program is.
fn choose(
    tree: &Tree,
    spec: &AgentSpec,
    origin: &Path,
    brought: &[GuestPath],
) -> Result<(String, GuestPath), Error> {
    let wanted = spec.name.as_deref().unwrap_or(KATA);
    // What is brought may be a link to the program; what counts is where that is.
    let here = |path: String| {
        let (found, ..) = guest::file(tree, &path)?;
        let place = tree.resolve_parents(&GuestPath::new(&path).ok()?).ok()?;
        (brought.contains(&place) || brought.contains(&found)).then_some(found)
    };
    let named = FOLDERS.iter().find_map(|folder| here(format!("{folder}/{wanted}")));
    // An archive that brings its agent as the init does not say its name.
    let as_init = || here(SBIN_INIT.to_owned()).filter(|_| spec.place == Place::Init);
    if let Some(found) = named.or_else(as_init) {
        return Ok((wanted.to_owned(), found));
    }
    let found = only_program(tree, spec, origin, brought)?;
    Ok((String::from_utf8_lossy(found.name()).into_owned(), found))
}

fn only_program(
    tree: &Tree,
    spec: &AgentSpec,
    origin: &Path,
    brought: &[GuestPath],
) -> Result<GuestPath, Error> {
    let none = |wanted: String| Error::NoProgram { origin: origin.to_owned(), wanted };
    if let Some(name) = &spec.name {
        return Err(none(format!("{name} in any of {}", FOLDERS.join(", "))));
    }
    let mut folders = Vec::new();
    for folder in FOLDERS {
        folders.extend(tree.resolve(&GuestPath::new(folder)?));
    }
    let is_in_folder = |path: &GuestPath| path.parent().is_some_and(|at| folders.contains(&at));
    let mut programs: Vec<GuestPath> = brought
        .iter()
        .filter(|path| is_in_folder(path))
        .filter_map(|path| guest::program(tree, path.as_bytes()))
        .collect();
    programs.sort();
    programs.dedup();
    match programs.as_slice() {
        [] => Err(none(format!("in any of {}", FOLDERS.join(", ")))),
        [program] => Ok(program.clone()),
        _ => {
            let programs = programs.iter().map(ToString::to_string).take(20).collect();
            Err(Error::SeveralPrograms { origin: origin.to_owned(), programs })
        }
    }
}
