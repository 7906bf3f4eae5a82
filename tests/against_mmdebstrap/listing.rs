//! What a tar archive says of every path, read without any code of osb's own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufReader, Read};
use std::path::Path;

use sha2::{Digest, Sha256};
use tar::EntryType;

/// Every path of a tree and what is there.
#[derive(Debug, Default)]
pub struct Listing {
    pub nodes: BTreeMap<String, Node>,
    users: BTreeMap<u64, String>,
    groups: BTreeMap<u64, String>,
}

/// What is at one path, but not when it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub kind: Kind,
    pub mode: u32,
    pub user: u64,
    pub group: u64,
    pub xattrs: BTreeMap<String, Vec<u8>>,
    /// All paths of the same file, this one among them; empty if there is no other.
    pub links: BTreeSet<String>,
}

/// The type of a node, with what only that type has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Directory,
    File(Content),
    Symlink { target: String },
    CharacterDevice((u32, u32)),
    BlockDevice((u32, u32)),
    Fifo,
}

/// The bytes of a file, and what is left of them when the order of lines means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub size: u64,
    pub digest: String,
    pub unordered_lines: Option<u64>,
}

/// Files that programs keep as lists: settings and state, none of them large.
const LISTS: [&str; 2] = ["/etc/", "/var/lib/"];
const LIST_LIMIT_BYTES: u64 = 1 << 20;

impl Listing {
    /// Reads a tar archive to its end.
    pub fn of_tar(path: &Path) -> io::Result<Self> {
        let mut listing = Self::default();
        let mut archive = tar::Archive::new(BufReader::with_capacity(1 << 20, File::open(path)?));
        for entry in archive.entries()? {
            listing.add(&mut entry?)?;
        }
        listing.join_links();
        Ok(listing)
    }

    /// The names of a node's user and group, where the tree has names for them.
    pub fn owner_names(&self, node: &Node) -> (Option<&str>, Option<&str>) {
        let user = self.users.get(&node.user).map(String::as_str);
        (user, self.groups.get(&node.group).map(String::as_str))
    }

    fn add(&mut self, entry: &mut tar::Entry<'_, impl Read>) -> io::Result<()> {
        let path = clean(&entry.path_bytes());
        let node = if entry.header().entry_type() == EntryType::Link {
            let target = clean(&entry.link_name_bytes().unwrap_or_default());
            let mut node = self.nodes.get(&target).cloned().ok_or_else(|| {
                io::Error::other(format!("{path} is a hard link to {target}, which is not there"))
            })?;
            // The longest chain ends at the first name, so that all names share one key.
            node.links.insert(target);
            node
        } else {
            read_node(entry, &path, self)?
        };
        match self.nodes.insert(path.clone(), node) {
            Some(_) => Err(io::Error::other(format!("{path} is in the archive twice"))),
            None => Ok(()),
        }
    }

    /// Turns "is a link to" into "is one of these", which says the same whichever came first.
    fn join_links(&mut self) {
        let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (path, node) in &self.nodes {
            if let Some(first) = self.first_of(node) {
                let group = groups.entry(first.clone()).or_default();
                group.extend([first, path.clone()]);
            }
        }
        for group in groups.into_values() {
            for path in &group {
                if let Some(node) = self.nodes.get_mut(path) {
                    node.links.clone_from(&group);
                }
            }
        }
    }

    fn first_of(&self, node: &Node) -> Option<String> {
        let mut target = node.links.first()?;
        while let Some(next) = self.nodes.get(target).and_then(|node| node.links.first()) {
            target = next;
        }
        Some(target.clone())
    }

    fn read_names(&mut self, path: &str, content: &[u8]) {
        let names = match path {
            "/etc/passwd" => &mut self.users,
            "/etc/group" => &mut self.groups,
            _ => return,
        };
        for line in String::from_utf8_lossy(content).lines() {
            let mut fields = line.split(':');
            if let (Some(name), Some(Ok(id))) = (fields.next(), fields.nth(1).map(str::parse)) {
                names.insert(id, name.to_owned());
            }
        }
    }
}

fn read_node(
    entry: &mut tar::Entry<'_, impl Read>,
    path: &str,
    listing: &mut Listing,
) -> io::Result<Node> {
    let xattrs = xattrs(entry)?;
    let header = entry.header();
    let (mode, user, group) = (header.mode()? & 0o7777, header.uid()?, header.gid()?);
    let device = || -> io::Result<(u32, u32)> {
        let major = header.device_major()?.unwrap_or_default();
        Ok((major, header.device_minor()?.unwrap_or_default()))
    };
    let kind = match header.entry_type() {
        EntryType::Regular | EntryType::Continuous => read_file(entry, path, listing)?,
        EntryType::Directory => Kind::Directory,
        EntryType::Symlink => {
            let target = entry.link_name_bytes().unwrap_or_default();
            Kind::Symlink { target: String::from_utf8_lossy(&target).into_owned() }
        }
        EntryType::Char => Kind::CharacterDevice(device()?),
        EntryType::Block => Kind::BlockDevice(device()?),
        EntryType::Fifo => Kind::Fifo,
        other => return Err(io::Error::other(format!("{path} has the type {other:?}"))),
    };
    Ok(Node { kind, mode, user, group, xattrs, links: BTreeSet::new() })
}

fn read_file(
    entry: &mut tar::Entry<'_, impl Read>,
    path: &str,
    listing: &mut Listing,
) -> io::Result<Kind> {
    let size = entry.size();
    let mut digest = Sha256::new();
    let mut unordered_lines = None;
    if size <= LIST_LIMIT_BYTES && LISTS.iter().any(|folder| path.starts_with(folder)) {
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        listing.read_names(path, &content);
        unordered_lines = Some(sum_of_lines(&content));
        digest.update(&content);
    } else {
        let mut piece = vec![0; 1 << 16];
        loop {
            match entry.read(&mut piece)? {
                0 => break,
                length => digest.update(&piece[..length]),
            }
        }
    }
    let digest = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Kind::File(Content { size, digest, unordered_lines }))
}

/// A sum is the same in every order.
fn sum_of_lines(content: &[u8]) -> u64 {
    let hash = |line: &[u8]| {
        let mut hasher = DefaultHasher::new();
        line.hash(&mut hasher);
        hasher.finish()
    };
    content.split(|byte| *byte == b'\n').map(hash).fold(0, u64::wrapping_add)
}

fn xattrs(entry: &mut tar::Entry<'_, impl Read>) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for record in entry.pax_extensions()?.into_iter().flatten() {
        let record = record?;
        let key = String::from_utf8_lossy(record.key_bytes()).into_owned();
        if let Some(name) = key.strip_prefix("SCHILY.xattr.") {
            found.insert(name.to_owned(), record.value_bytes().to_vec());
        }
    }
    Ok(found)
}

/// The path from the root of the tree, whether the archive says `./a`, `a`, `/a` or `a/`.
fn clean(path: &[u8]) -> String {
    let path = String::from_utf8_lossy(path);
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    let joined: String = parts.map(|part| format!("/{part}")).collect();
    if joined.is_empty() { "/".to_owned() } else { joined }
}
