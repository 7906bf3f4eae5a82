//! The listing, and a file's content.

use std::io::{self, BufWriter, Read as _, Write};

use serde_json::{Value, json};
use tree::{Content, GuestPath, Kind, Node, Tree};

use crate::artifact::{Artifact, ArtifactError};

/// Prints a file, or lists what is at a place and below.
pub(super) fn show(artifact: &Artifact, tree: &Tree, top: &GuestPath) -> anyhow::Result<()> {
    if let Some(Kind::File(content)) = tree.inode(top).map(|node| &node.kind) {
        return copy(artifact, content, &mut io::stdout().lock());
    }
    artifact.check_claims(entries(tree, top).map(|(_, node)| node))?;
    let mut output = BufWriter::new(io::stdout().lock());
    for (path, node) in entries(tree, top) {
        let line = tree::listing::line(tree, path, node).map_err(|e| artifact.damaged(e))?;
        writeln!(output, "{line}")?;
    }
    Ok(output.flush()?)
}

/// Lists what is at a place and below, for programs.
pub(super) fn entries_json(
    artifact: &Artifact,
    tree: &Tree,
    top: &GuestPath,
) -> anyhow::Result<Vec<Value>> {
    artifact.check_claims(entries(tree, top).map(|(_, node)| node))?;
    let entry = |(path, node)| entry_json(artifact, tree, path, node).map_err(Into::into);
    entries(tree, top).map(entry).collect()
}

/// What is at a place and below.
pub(super) fn entries<'a>(
    tree: &'a Tree,
    top: &'a GuestPath,
) -> impl Iterator<Item = (&'a GuestPath, &'a Node)> {
    tree.get(top).map(|node| (top, node)).into_iter().chain(tree.below(top))
}

fn entry_json(
    artifact: &Artifact,
    tree: &Tree,
    path: &GuestPath,
    node: &Node,
) -> Result<Value, ArtifactError> {
    let meta = tree.inode(path).map_or(&node.meta, |inode| &inode.meta);
    let mut entry = json!({
        "path": text(path),
        "type": tree::listing::kind_name(&node.kind),
        "mode": format!("{:04o}", meta.mode),
        "uid": meta.uid,
        "gid": meta.gid,
        "modified": meta.mtime.seconds,
    });
    match &node.kind {
        Kind::File(content) => {
            let failed = |source| tree::Error::Content { path: path.clone(), source };
            let digest = content.sha256().map_err(failed).map_err(|e| artifact.damaged(e))?;
            entry["size"] = json!(content.length());
            entry["sha256"] = json!(tree::listing::hexadecimal(&digest));
        }
        Kind::Symlink(target) => entry["target"] = json!(String::from_utf8_lossy(target)),
        Kind::HardLink(target) => entry["target"] = json!(text(target)),
        Kind::CharDevice { major, minor } | Kind::BlockDevice { major, minor } => {
            entry["device"] = json!([major, minor]);
        }
        Kind::Directory | Kind::Fifo | Kind::Socket => {}
    }
    for (name, value) in &meta.xattrs {
        let name = String::from_utf8_lossy(name).into_owned();
        entry["xattrs"][name] = json!(tree::listing::hexadecimal(value));
    }
    Ok(entry)
}

/// A path as programs read it.
pub(super) fn text(path: &GuestPath) -> String {
    format!("/{}", String::from_utf8_lossy(path.as_bytes()))
}

/// Copies by hand, so that an output that is closed is told from an artifact that is damaged.
fn copy(artifact: &Artifact, content: &Content, output: &mut dyn Write) -> anyhow::Result<()> {
    let mut input = content.open().map_err(|error| artifact.damaged(error))?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        match input.read(&mut buffer).map_err(|error| artifact.damaged(error))? {
            0 => return Ok(output.flush()?),
            count => output.write_all(&buffer[..count])?,
        }
    }
}
