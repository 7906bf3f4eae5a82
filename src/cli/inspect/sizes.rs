//! Which directories and which packages take how much.

use std::collections::{BTreeMap, HashMap};

use rootfs_builder::family::{Installed, installed};
use serde_json::{Value, json};
use tree::{GuestPath, Kind, Tree};

use super::list::{entries, text};
use crate::artifact::Artifact;
use crate::progress::{human_bytes, visible};
use crate::report;

/// Directories are told apart to this depth below the place that is asked for.
const LEVELS: usize = 2;
/// How many directories a person is shown.
const DIRECTORIES_SHOWN: usize = 24;

/// Some files together: how many they are, and how many bytes they hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Share {
    files: u64,
    bytes: u64,
}

impl Share {
    fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// What takes how much.
struct Sizes {
    all: Share,
    directories: Vec<(GuestPath, Share)>,
    /// None if the guest has no package database that is known.
    packages: Option<Vec<(Installed, Share)>>,
    unowned: Share,
}

/// Prints the sizes below a place.
pub(super) fn show(
    artifact: &Artifact,
    tree: &Tree,
    top: &GuestPath,
    as_json: bool,
) -> anyhow::Result<()> {
    let packages = installed(tree).map_err(|error| artifact.damaged(error))?;
    let sizes = Sizes::of(tree, top, packages);
    if as_json {
        return report::json(&sizes.to_json(top));
    }
    Ok(report::text(&sizes.to_text(top))?)
}

impl Sizes {
    /// Adds up apparent sizes; a file with several names counts once, at its first.
    fn of(tree: &Tree, top: &GuestPath, packages: Option<Vec<Installed>>) -> Self {
        let owners = owners(tree, packages.as_deref().unwrap_or_default());
        let mut directories: BTreeMap<GuestPath, Share> = BTreeMap::new();
        let mut owned = vec![Share::default(); packages.as_ref().map_or(0, Vec::len)];
        let (mut all, mut unowned) = (Share::default(), Share::default());
        for (path, node) in entries(tree, top) {
            let Kind::File(content) = &node.kind else { continue };
            let bytes = content.length();
            all.add(bytes);
            for directory in ancestors(path, top) {
                directories.entry(directory).or_default().add(bytes);
            }
            match owners.get(path).and_then(|owner| owned.get_mut(*owner)) {
                Some(share) => share.add(bytes),
                None => unowned.add(bytes),
            }
        }
        let mut directories: Vec<_> = directories.into_iter().collect();
        directories.sort_by_key(|(_, share)| std::cmp::Reverse(share.bytes));
        let packages = packages.map(|packages| {
            let mut packages: Vec<_> = packages.into_iter().zip(owned).collect();
            // Below a directory only those that have files there are of interest.
            packages.retain(|(_, share)| top.is_root() || share.files > 0);
            packages.sort_by_key(|(_, share)| std::cmp::Reverse(share.bytes));
            packages
        });
        Self { all, directories, packages, unowned }
    }

    fn to_text(&self, top: &GuestPath) -> String {
        let mut lines = vec![format!("{:>10} {:>8}", "size", "files"), line(self.all, &text(top))];
        let shown = self.directories.iter().take(DIRECTORIES_SHOWN);
        lines.extend(shown.map(|(path, share)| line(*share, &text(path))));
        let more = self.directories.len().saturating_sub(DIRECTORIES_SHOWN);
        if more > 0 {
            lines.push(format!("{:>21}and {more} smaller directories; --json has all", ""));
        }
        lines.push(String::new());
        match &self.packages {
            None => lines.push("there is no package database that osb can read".to_owned()),
            Some(packages) => {
                lines.push(format!("{:>10} {:>8}  package", "size", "files"));
                lines.extend(packages.iter().map(|(package, share)| {
                    let Installed { name, version, architecture, .. } = package;
                    line(*share, &format!("{name} {version} {architecture}"))
                }));
                lines.push(line(self.unowned, "(of no package)"));
            }
        }
        lines.join("\n") + "\n"
    }

    fn to_json(&self, top: &GuestPath) -> Value {
        let directory = |(path, share): &(GuestPath, Share)| json!({"path": text(path), "files": share.files, "bytes": share.bytes});
        let package = |(package, share): &(Installed, Share)| {
            json!({
                "name": package.name,
                "version": package.version,
                "architecture": package.architecture,
                "files": share.files,
                "bytes": share.bytes,
            })
        };
        let packages = self.packages.as_ref();
        json!({
            "path": text(top),
            "files": self.all.files,
            "bytes": self.all.bytes,
            "directories": self.directories.iter().map(directory).collect::<Vec<_>>(),
            "packages": packages.map(|all| all.iter().map(package).collect::<Vec<_>>()),
            "unowned": {"files": self.unowned.files, "bytes": self.unowned.bytes},
        })
    }
}

fn line(share: Share, name: &str) -> String {
    format!("{:>10} {:>8}  {}", human_bytes(share.bytes), share.files, visible(name))
}

/// Which package each file belongs to, by the file's first name.
fn owners(tree: &Tree, packages: &[Installed]) -> HashMap<GuestPath, usize> {
    let mut owners = HashMap::new();
    for (number, package) in packages.iter().enumerate() {
        for path in package.files.iter().filter_map(|path| tree.first_name(path)) {
            owners.entry(path.clone()).or_insert(number);
        }
    }
    owners
}

/// The directories that a file is in, from below `top` down, as deep as they are told apart.
fn ancestors(path: &GuestPath, top: &GuestPath) -> impl Iterator<Item = GuestPath> {
    let levels = top.components().count();
    let all: Vec<GuestPath> = std::iter::successors(path.parent(), GuestPath::parent).collect();
    let all = all.into_iter().rev().skip(1 + levels);
    all.take(LEVELS)
}
