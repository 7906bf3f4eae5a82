//! The guest's apk database: what apk would have written had it installed the packages.

mod packages;
mod scripts_tar;

use tree::{Content, GuestPath, Kind, Meta, Node, Timestamp, Tree};

use super::dependency::Dependency;
use super::order::display_key;
use super::package::ApkPackage;
use super::unpack::Ledger;
use crate::plan::{Plan, PlannedKey, PlannedRepository};

/// The database below the guest's directory for libraries.
const DIRECTORY: &str = "apk/db";

/// Directories that apk makes before its first package, with their modes.
const DIRECTORIES: [(&str, u16); 9] = [
    ("dev", 0o755),
    ("etc", 0o755),
    ("etc/apk", 0o755),
    ("etc/apk/keys", 0o755),
    ("proc", 0o555),
    ("tmp", 0o1777),
    ("var/cache", 0o755),
    ("var/cache/apk", 0o755),
    ("var/cache/misc", 0o755),
];

/// Why a part of the database could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// A node does not fit.
    #[error("put the package database into the tree")]
    Tree(#[from] tree::Error),
    /// A name cannot be a file's name.
    #[error("name a file of the package database")]
    Path(#[from] tree::PathError),
}

/// Where the guest keeps libraries, and apk its database: `usr/lib` where `lib` is a link to it.
pub(crate) fn libraries(packages: &[ApkPackage]) -> &'static str {
    let mut entries = packages.iter().flat_map(|package| &package.entries);
    let is_merged = entries.any(|entry| {
        entry.path.as_bytes() == b"lib" && matches!(entry.node.kind, Kind::Symlink(_))
    });
    if is_merged { "usr/lib" } else { "lib" }
}

/// Makes the tree that the first package is unpacked into.
pub(crate) fn base_tree(plan: &Plan, libraries: &str) -> Result<Tree, DatabaseError> {
    let time = Timestamp::from_seconds(plan.timestamp);
    let mut tree = Tree::new();
    if let Some(root) = tree.meta_mut(&GuestPath::root()) {
        root.mtime = time;
    }
    for (path, mode) in DIRECTORIES {
        tree.insert(GuestPath::new(path)?, directory_node(mode, time))?;
    }
    // apk makes the second one for its first script.
    for (below, mode) in [(DIRECTORY, 0o755), ("apk/exec", 0o700)] {
        let path = GuestPath::new(format!("{libraries}/{below}"))?;
        tree.insert(path, directory_node(mode, time))?;
    }
    let mut file =
        |path: &str, text: String| tree.insert(GuestPath::new(path)?, text_node(text, time));
    file("etc/apk/arch", format!("{}\n", plan.arch))?;
    file("etc/apk/repositories", repositories_text(&plan.repositories))?;
    file("etc/apk/world", String::new())?;
    file(&format!("{libraries}/{DIRECTORY}/installed"), String::new())?;
    Ok(tree)
}

/// Puts the finished database into the tree; packages are in the order of their installation.
pub(crate) fn write(
    tree: &mut Tree,
    plan: &Plan,
    order: &[usize],
    packages: &[ApkPackage],
    (ledger, libraries): (&Ledger, &str),
) -> Result<(), DatabaseError> {
    let time = Timestamp::from_seconds(plan.timestamp);
    let installed = || order.iter().map(|at| &packages[*at]);
    let files = [
        ("installed", packages::text(plan, order, packages, ledger), 0o644),
        ("scripts.tar", scripts_tar::archive(installed(), plan.timestamp), 0o644),
        ("triggers", triggers_text(installed()), 0o644),
        ("lock", Vec::new(), 0o600),
    ];
    for (name, text, mode) in files {
        let path = GuestPath::new(format!("{libraries}/{DIRECTORY}/{name}"))?;
        let meta = Meta { mode, mtime: time, ..Meta::default() };
        tree.insert_resolved(&path, Node { meta, kind: Kind::File(Content::from(text)) })?;
    }
    let world = text_node(world_text(plan), time);
    tree.insert_resolved(&GuestPath::new("etc/apk/world")?, world)?;
    Ok(())
}

/// Puts keys into the tree that no package has brought.
pub(crate) fn write_keys(
    tree: &mut Tree,
    keys: &[PlannedKey],
    time: Timestamp,
) -> Result<(), DatabaseError> {
    for key in keys {
        let path = GuestPath::new("etc/apk/keys")?.join(&key.name)?;
        let place = tree.resolve_parents(&path)?;
        if tree.get(&place).is_none() {
            tree.insert(place, text_node(key.text.clone(), time))?;
        }
    }
    Ok(())
}

fn triggers_text<'a>(installed: impl Iterator<Item = &'a ApkPackage>) -> Vec<u8> {
    installed
        .filter(|package| !package.info.triggers.is_empty() && package.info.installed_size > 0)
        .map(|package| format!("{} {}\n", package.checksum, package.info.triggers.join(" ")))
        .collect::<String>()
        .into_bytes()
}

/// The names that were asked for, as the guest's package manager keeps them.
fn world_text(plan: &Plan) -> String {
    let mut words: Vec<&str> = plan.wanted.iter().map(String::as_str).collect();
    words.sort_by_key(|word| display_key(name_of(word)));
    words.dedup();
    words.iter().map(|word| format!("{word}\n")).collect()
}

/// The name in a word; one that cannot be read would have been refused when packages were chosen.
fn name_of(word: &str) -> &str {
    Dependency::parse(word).map_or(word, |dependency| dependency.name)
}

/// The names of the packages that were asked for.
pub(crate) fn asked_for(plan: &Plan) -> Vec<&str> {
    let requested = plan.packages.iter().filter(|package| package.requested);
    requested.map(|package| package.name.as_str()).collect()
}

/// One address a line: that of each component, or of the suite where there are none.
fn repositories_text(repositories: &[PlannedRepository]) -> String {
    let mut text = String::new();
    for repository in repositories {
        let tag = repository.tag.as_ref().map(|tag| format!("@{tag} ")).unwrap_or_default();
        let mut base = format!("{tag}{}", repository.url.trim_end_matches('/'));
        if !repository.suite.is_empty() {
            base = format!("{base}/{}", repository.suite);
        }
        for component in &repository.components {
            text.push_str(&format!("{base}/{component}\n"));
        }
        if repository.components.is_empty() {
            text.push_str(&format!("{base}\n"));
        }
    }
    text
}

fn text_node(text: String, mtime: Timestamp) -> Node {
    let meta = Meta { mode: 0o644, mtime, ..Meta::default() };
    Node { meta, kind: Kind::File(Content::from(text.into_bytes())) }
}

fn directory_node(mode: u16, mtime: Timestamp) -> Node {
    Node { meta: Meta { mode, mtime, ..Meta::default() }, kind: Kind::Directory }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_component_of_a_repository_is_a_line() {
        let repository = |suite: &str, components: &[&str]| PlannedRepository {
            tag: None,
            url: "http://mirror.example/guest/".to_owned(),
            suite: suite.to_owned(),
            components: components.iter().map(|name| (*name).to_owned()).collect(),
            release_sha256: crate::digest::Digest::of("index"),
            signed_by: None,
        };
        let text = repositories_text(&[repository("v1", &["main", "more"]), repository("", &[])]);
        let expected = "http://mirror.example/guest/v1/main\nhttp://mirror.example/guest/v1/more\n\
                        http://mirror.example/guest\n";
        assert_eq!(text, expected);
    }
}
