//! A tree as text: one line for each node, stable, for people, snapshots and diffs.

use std::fmt::Write as _;
use std::io::Write;

use crate::error::Error;
use crate::node::{Kind, Meta, Node};
use crate::path::GuestPath;
use crate::tree::Tree;

/// Writes one line for each node, sorted by path.
///
/// The columns are type, mode, owner, size, path, SHA-256 of the content, link target, and
/// extended attributes; `-` where a node has none. All names of a hard-linked file show its meta.
pub fn write(tree: &Tree, output: &mut dyn Write) -> Result<(), Error> {
    for (path, node) in tree {
        let mut line = line(tree, path, node)?;
        line.push('\n');
        output.write_all(line.as_bytes()).map_err(Error::Output)?;
    }
    Ok(())
}

/// Lists a tree as `write` does.
pub fn text(tree: &Tree) -> Result<String, Error> {
    let mut lines = String::new();
    for (path, node) in tree {
        lines.push_str(&line(tree, path, node)?);
        lines.push('\n');
    }
    Ok(lines)
}

/// Returns the line of one node of a tree, without its end.
pub fn line(tree: &Tree, path: &GuestPath, node: &Node) -> Result<String, Error> {
    let meta = tree.inode(path).map_or(&node.meta, |inode| &inode.meta);
    let Meta { mode, uid, gid, .. } = meta;
    let size = size_or_device(&node.kind);
    let kind = kind_name(&node.kind);
    let digest = match &node.kind {
        Kind::File(content) => {
            let failed = |source| Error::Content { path: path.clone(), source };
            hexadecimal(&content.sha256().map_err(failed)?)
        }
        _ => "-".to_owned(),
    };
    let target = target_text(&node.kind);
    let mut line =
        format!("{kind} {mode:04o} {uid}:{gid} {size} {} {digest} {target}", escape_path(path));
    if meta.xattrs.is_empty() || matches!(node.kind, Kind::HardLink(_)) {
        line.push_str(" -");
    }
    if !matches!(node.kind, Kind::HardLink(_)) {
        for (name, value) in &meta.xattrs {
            // Writing to a string cannot fail.
            let _ = write!(line, " {}={}", escape(name), hexadecimal(value));
        }
    }
    Ok(line)
}

/// One word for what a node is.
pub fn kind_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Directory => "directory",
        Kind::File(_) => "file",
        Kind::Symlink(_) => "symlink",
        Kind::HardLink(_) => "hardlink",
        Kind::CharDevice { .. } => "char",
        Kind::BlockDevice { .. } => "block",
        Kind::Fifo => "fifo",
        Kind::Socket => "socket",
    }
}

fn size_or_device(kind: &Kind) -> String {
    match kind {
        Kind::File(content) => content.length().to_string(),
        Kind::CharDevice { major, minor } | Kind::BlockDevice { major, minor } => {
            format!("{major},{minor}")
        }
        Kind::Directory | Kind::Symlink(_) | Kind::HardLink(_) | Kind::Fifo | Kind::Socket => {
            "-".to_owned()
        }
    }
}

fn target_text(kind: &Kind) -> String {
    match kind {
        Kind::Symlink(target) => escape(target),
        Kind::HardLink(target) => escape_path(target),
        Kind::Directory
        | Kind::File(_)
        | Kind::CharDevice { .. }
        | Kind::BlockDevice { .. }
        | Kind::Fifo
        | Kind::Socket => "-".to_owned(),
    }
}

fn escape_path(path: &GuestPath) -> String {
    format!("/{}", escape(path.as_bytes()))
}

/// Keeps every field one printable word: blanks would split it.
fn escape(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string().replace(' ', "\\x20")
}

/// Writes bytes as hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::content::Content;

    fn insert(tree: &mut Tree, path: &str, mode: u16, kind: Kind) {
        let path = GuestPath::new(path).unwrap();
        tree.insert(path, Node { meta: Meta { mode, ..Meta::default() }, kind }).unwrap();
    }

    #[test]
    fn every_kind_has_its_line() {
        let mut tree = Tree::new();
        insert(&mut tree, "bin", 0o777, Kind::Symlink((*b"usr/my bin").into()));
        insert(&mut tree, "dev/null", 0o666, Kind::CharDevice { major: 1, minor: 3 });
        insert(&mut tree, "usr/a\n", 0o4755, Kind::File(Content::from(b"abc".to_vec())));
        insert(&mut tree, "usr/b", 0, Kind::HardLink(GuestPath::new("usr/a\n").unwrap()));
        let path = GuestPath::new("usr/b").unwrap();
        let meta = tree.meta_mut(&path).unwrap();
        meta.uid = 7;
        meta.xattrs.insert((*b"user.x").into(), (*b"\x01z").into());
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let expected = format!(
            "directory 0755 0:0 - / - - -\n\
             symlink 0777 0:0 - /bin - usr/my\\x20bin -\n\
             directory 0755 0:0 - /dev - - -\n\
             char 0666 0:0 1,3 /dev/null - - -\n\
             directory 0755 0:0 - /usr - - -\n\
             file 4755 7:0 3 /usr/a\\n {digest} - user.x=017a\n\
             hardlink 4755 7:0 - /usr/b - /usr/a\\n -\n"
        );
        assert_eq!(text(&tree).unwrap(), expected);
        let mut written = Vec::new();
        write(&tree, &mut written).unwrap();
        assert_eq!(written, expected.as_bytes());
    }
}
