//! Two artifacts, compared by package and by file.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use rootfs_builder::family::{Installed, installed};
use serde_json::json;
use tree::{Aspect, Difference, GuestPath, Kind, Tree};

use super::changes::{Changed, Entry, FileChanges, PackageChanges, word};
use super::{find, list, subtree};
use crate::artifact::Artifact;
use crate::progress::{human_bytes, visible};
use crate::report;

/// The exit status of a comparison that found a difference, as that of diff.
const DIFFERENT: u8 = 1;

/// One of two artifacts.
pub(super) struct Side<'a> {
    pub(super) artifact: &'a Artifact,
    pub(super) tree: Tree,
    /// The place below which they are compared.
    pub(super) inside: Option<&'a Path>,
}

impl Side<'_> {
    fn packages(&self) -> anyhow::Result<Vec<Installed>> {
        let found = installed(&self.tree).map_err(|error| self.artifact.damaged(error))?;
        Ok(found.unwrap_or_default())
    }

    /// The place that is compared, and what is below it.
    fn part(&self) -> anyhow::Result<(GuestPath, Tree)> {
        let top = match self.inside {
            None => GuestPath::root(),
            Some(inside) => find::within(&self.tree, self.artifact, inside)?,
        };
        let nodes = list::entries(&self.tree, &top).map(|(_, node)| node);
        self.artifact.check_claims(nodes)?;
        let part = subtree::of(&self.tree, &top)?;
        Ok((top, part))
    }
}

/// Compares, and prints how the second differs from the first.
pub(super) fn show(first: Side<'_>, other: &Path, as_json: bool) -> anyhow::Result<ExitCode> {
    let artifact = Artifact::open(other)?;
    let tree = artifact.tree(None)?;
    let second = Side { artifact: &artifact, tree, inside: first.inside };
    // A part of a guest has no packages of its own.
    let packages = match first.inside {
        None => Some(PackageChanges::between(&first.packages()?, &second.packages()?)),
        Some(_) => None,
    };
    let ((top, mut before), (_, mut after)) = (first.part()?, second.part()?);
    let keeps_nanoseconds =
        first.artifact.form().keeps_nanoseconds() && second.artifact.form().keeps_nanoseconds();
    if !keeps_nanoseconds {
        round_times(&mut before);
        round_times(&mut after);
    }
    let leaves_out = leave_out_lost_and_found(&mut before, &mut after);
    let files = FileChanges::between(&before, &after).map_err(|error| artifact.damaged(error))?;
    let is_same = files.is_empty() && packages.as_ref().is_none_or(PackageChanges::is_empty);
    if as_json {
        report::json(&json!({
            "same": is_same,
            "packages": packages.map(|packages| packages.to_json()),
            "files": files.to_json(),
        }))?;
    } else {
        let mut text = packages.map_or_else(String::new, |packages| packages_text(&packages));
        text += &files_text(&files, &top);
        if !keeps_nanoseconds {
            text += "times are compared to the second: one of the two keeps no more\n";
        }
        if leaves_out {
            text += "/lost+found is left out: it is empty, and only some filesystems have one\n";
        }
        report::text(&text)?;
    }
    Ok(if is_same { ExitCode::SUCCESS } else { DIFFERENT.into() })
}

fn round_times(tree: &mut Tree) {
    for (_, meta) in tree.metas_mut() {
        meta.mtime.nanoseconds = 0;
    }
}

/// Takes out an empty directory that filesystems make by themselves, where one side lacks it.
fn leave_out_lost_and_found(first: &mut Tree, second: &mut Tree) -> bool {
    let Ok(place) = GuestPath::new("lost+found") else { return false };
    let is_empty = |tree: &Tree| {
        let is_directory = tree.get(&place).is_some_and(|node| node.kind == Kind::Directory);
        is_directory && tree.below(&place).next().is_none()
    };
    let with = match (first.get(&place).is_some(), second.get(&place).is_some()) {
        (true, false) => first,
        (false, true) => second,
        (true, true) | (false, false) => return false,
    };
    is_empty(with) && with.remove(&place).is_some()
}

fn packages_text(packages: &PackageChanges) -> String {
    let PackageChanges { added, removed, changed } = packages;
    if packages.is_empty() {
        return "packages: the same\n".to_owned();
    }
    let mut text = counts("packages", added.len(), removed.len(), changed.len());
    text.push('\n');
    let mut line = |sign: char, package: &Installed, version: &str| {
        let (name, architecture) = (visible(&package.name), visible(&package.architecture));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {sign} {name} {} {architecture}", visible(version));
    };
    added.iter().for_each(|package| line('+', package, &package.version));
    removed.iter().for_each(|package| line('-', package, &package.version));
    for (old, new) in changed {
        line('~', new, &format!("{} -> {}", old.version, new.version));
    }
    text
}

fn files_text(files: &FileChanges, top: &GuestPath) -> String {
    let FileChanges { added, removed, changed, bytes_before, bytes_after } = files;
    if files.is_empty() {
        return format!("files: the same, {}\n", human_bytes(*bytes_after));
    }
    let mut text = counts("files", added.len(), removed.len(), changed.len());
    let difference = human_bytes(bytes_after.abs_diff(*bytes_before));
    text += &match bytes_after.cmp(bytes_before) {
        std::cmp::Ordering::Less => format!("; {difference} less\n"),
        std::cmp::Ordering::Equal => "; the same size\n".to_owned(),
        std::cmp::Ordering::Greater => format!("; {difference} more\n"),
    };
    let place = |path: &GuestPath| top.join(path.as_bytes()).unwrap_or_else(|_| path.clone());
    let mut line = |sign: char, path: &GuestPath, what: &str| {
        let _ = writeln!(text, "  {sign} {}  {what}", place(path));
    };
    added.iter().for_each(|entry| line('+', &entry.path, &described(entry)));
    removed.iter().for_each(|entry| line('-', &entry.path, &described(entry)));
    for Changed { path, aspects } in changed {
        let aspects: Vec<String> = aspects.iter().map(aspect_text).collect();
        line('~', path, &aspects.join(", "));
    }
    text
}

fn counts(what: &str, added: usize, removed: usize, changed: usize) -> String {
    format!("{what}: {added} added, {removed} removed, {changed} changed")
}

fn described(entry: &Entry) -> String {
    match entry.bytes {
        Some(bytes) => format!("{}, {}", entry.kind, human_bytes(bytes)),
        None => entry.kind.to_owned(),
    }
}

/// Digests and names of links say nothing to a person.
fn aspect_text(difference: &Difference) -> String {
    let Difference { aspect, first, second, .. } = difference;
    match aspect {
        Aspect::Content | Aspect::LinkGroup | Aspect::Xattrs => word(*aspect).to_owned(),
        _ => format!("{} {} -> {}", word(*aspect), visible(first), visible(second)),
    }
}
