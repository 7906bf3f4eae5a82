//! In which packages and files two trees differ.

use std::collections::BTreeMap;

use rootfs_builder::family::Installed;
use serde_json::{Map, Value, json};
use tree::{Aspect, Difference, GuestPath, Kind, Node, Tree};

use super::list::text;

/// How two sets of packages differ, each by name and architecture.
#[derive(Debug, Default)]
pub(super) struct PackageChanges {
    pub(super) added: Vec<Installed>,
    pub(super) removed: Vec<Installed>,
    pub(super) changed: Vec<(Installed, Installed)>,
}

/// How the files of two trees differ.
#[derive(Debug, Default)]
pub(super) struct FileChanges {
    pub(super) added: Vec<Entry>,
    pub(super) removed: Vec<Entry>,
    pub(super) changed: Vec<Changed>,
    pub(super) bytes_before: u64,
    pub(super) bytes_after: u64,
}

/// What only one of the trees has.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) path: GuestPath,
    pub(super) kind: &'static str,
    /// Of a regular file.
    pub(super) bytes: Option<u64>,
}

/// What both have, and not the same.
#[derive(Debug)]
pub(super) struct Changed {
    pub(super) path: GuestPath,
    pub(super) aspects: Vec<Difference>,
}

impl PackageChanges {
    /// Compares packages by name and architecture.
    pub(super) fn between(before: &[Installed], after: &[Installed]) -> Self {
        let by_key = |packages: &[Installed]| -> BTreeMap<(String, String), Installed> {
            let key = |package: &Installed| (package.name.clone(), package.architecture.clone());
            packages.iter().map(|package| (key(package), package.clone())).collect()
        };
        let (mut before, after) = (by_key(before), by_key(after));
        let mut changes = Self::default();
        for (key, package) in after {
            match before.remove(&key) {
                None => changes.added.push(package),
                Some(old) if old.version != package.version => changes.changed.push((old, package)),
                Some(_) => {}
            }
        }
        changes.removed = before.into_values().collect();
        changes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    pub(super) fn to_json(&self) -> Value {
        let package = |package: &Installed| {
            json!({
                "name": package.name,
                "version": package.version,
                "architecture": package.architecture,
            })
        };
        let changed = |(old, new): &(Installed, Installed)| {
            json!({
                "name": new.name,
                "architecture": new.architecture,
                "before": old.version,
                "after": new.version,
            })
        };
        json!({
            "added": self.added.iter().map(package).collect::<Vec<_>>(),
            "removed": self.removed.iter().map(package).collect::<Vec<_>>(),
            "changed": self.changed.iter().map(changed).collect::<Vec<_>>(),
        })
    }
}

impl FileChanges {
    /// Compares two trees in everything.
    pub(super) fn between(before: &Tree, after: &Tree) -> Result<Self, tree::Error> {
        let mut changes =
            Self { bytes_before: bytes(before), bytes_after: bytes(after), ..Self::default() };
        for difference in tree::compare(before, after)? {
            let path = difference.path.clone();
            match difference.aspect {
                Aspect::OnlyInFirst => changes.removed.extend(entry(before, path)),
                Aspect::OnlyInSecond => changes.added.extend(entry(after, path)),
                _ => match changes.changed.last_mut().filter(|last| last.path == path) {
                    Some(last) => last.aspects.push(difference),
                    None => changes.changed.push(Changed { path, aspects: vec![difference] }),
                },
            }
        }
        Ok(changes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    pub(super) fn to_json(&self) -> Value {
        let entry = |entry: &Entry| json!({"path": text(&entry.path), "type": entry.kind, "size": entry.bytes});
        let changed = |changed: &Changed| {
            let aspects = changed
                .aspects
                .iter()
                .map(|found| (word(found.aspect).to_owned(), json!([found.first, found.second])));
            let aspects: Map<String, Value> = aspects.collect();
            json!({"path": text(&changed.path), "aspects": aspects})
        };
        json!({
            "added": self.added.iter().map(entry).collect::<Vec<_>>(),
            "removed": self.removed.iter().map(entry).collect::<Vec<_>>(),
            "changed": self.changed.iter().map(changed).collect::<Vec<_>>(),
            "bytes": {"before": self.bytes_before, "after": self.bytes_after},
        })
    }
}

/// One word for an aspect.
pub(super) fn word(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::OnlyInFirst => "removed",
        Aspect::OnlyInSecond => "added",
        Aspect::Type => "type",
        Aspect::Mode => "mode",
        Aspect::Owner => "owner",
        Aspect::Size => "size",
        Aspect::Content => "content",
        Aspect::Target => "target",
        Aspect::ModifiedTime => "time",
        Aspect::Xattrs => "xattrs",
        Aspect::LinkGroup => "links",
    }
}

fn bytes(tree: &Tree) -> u64 {
    tree.iter().filter_map(|(_, node)| length(node)).fold(0, u64::saturating_add)
}

fn length(node: &Node) -> Option<u64> {
    match &node.kind {
        Kind::File(content) => Some(content.length()),
        _ => None,
    }
}

fn entry(tree: &Tree, path: GuestPath) -> Option<Entry> {
    let node = tree.get(&path)?;
    let (kind, bytes) = (tree::listing::kind_name(&node.kind), length(node));
    Some(Entry { path, kind, bytes })
}
