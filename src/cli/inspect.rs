//! `osb inspect`: what is inside, without mounting or unpacking.

use std::io::{self, BufReader, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use rootfs_builder::decompress::{Compression, decompress};
use serde_json::{Value, json};
use tree::{GuestPath, Kind, Node, Tree};

use crate::recipe::RecipeError;
use crate::report;
use crate::suggestion;

// Far more than any guest; a bomb is told by its ratio long before.
const LIMIT_BYTES: u64 = 1 << 40;

/// Show what is inside a directory or a tar archive
///
/// One line for each entry: type, mode, owner, size, path, SHA-256, link target, extended
/// attributes. The listing is sorted and complete, so two of them can be compared with diff.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("examples/inspect.txt"))]
pub struct Args {
    /// A directory, or a tar archive (plain, gzip, zstd or xz)
    artifact: PathBuf,

    /// Only this: a file's content, or what is below a directory; links are followed inside
    #[arg(value_name = "PATH")]
    inside: Option<PathBuf>,

    /// List as JSON, and never print a file's content
    #[arg(long)]
    json: bool,
}

/// A tree and what has to stay while its contents are read.
struct Opened {
    tree: Tree,
    /// The plain form of a compressed archive; removed when dropped.
    _plain: Option<tempfile::NamedTempFile>,
}

/// Lists, or prints one file.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    if !args.artifact.try_exists()? {
        return Err(RecipeError::NoSuchFile { path: args.artifact }.into());
    }
    let opened =
        open(&args.artifact).with_context(|| format!("inspect {}", args.artifact.display()))?;
    let tree = &opened.tree;
    let top = match &args.inside {
        Some(inside) => find(tree, &args.artifact, inside)?,
        None => GuestPath::root(),
    };
    let node = tree.inode(&top);
    match node.map(|node| &node.kind) {
        Some(Kind::File(content)) if !args.json => {
            copy(&mut content.open()?, &mut io::stdout().lock())?;
        }
        _ if args.json => report::json(&list_json(tree, &top)?)?,
        _ => list_text(tree, &top)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn open(artifact: &Path) -> anyhow::Result<Opened> {
    if artifact.is_dir() {
        let tree = tree::directory::read(artifact, None, &|_| None)?;
        return Ok(Opened { tree, _plain: None });
    }
    let mut file = fs_err::File::open(artifact)?;
    let mut magic = Vec::new();
    (&mut file).take(6).read_to_end(&mut magic)?;
    let compression = compression_of(&magic);
    if compression == Compression::None {
        return Ok(Opened { tree: read_tar(artifact)?, _plain: None });
    }
    let plain = tempfile::NamedTempFile::new()?;
    let length = file.metadata()?.len();
    let file = fs_err::File::open(artifact)?;
    let mut output = BufWriter::new(plain.as_file());
    decompress(compression, &mut BufReader::new(file), length, &mut output, LIMIT_BYTES)?;
    output.flush()?;
    drop(output);
    Ok(Opened { tree: read_tar(plain.path())?, _plain: Some(plain) })
}

fn read_tar(path: &Path) -> Result<Tree, tree::Error> {
    Tree::from_entries(tree::tar::read_spans(&path.into())?)
}

/// Tells by the first bytes, because a name may say anything.
fn compression_of(magic: &[u8]) -> Compression {
    const KNOWN: [(&[u8], Compression); 3] = [
        (b"\x1f\x8b", Compression::Gzip),
        (b"\x28\xb5\x2f\xfd", Compression::Zstd),
        (b"\xfd7zXZ\0", Compression::Xz),
    ];
    let known = KNOWN.iter().find(|(start, _)| magic.starts_with(start));
    known.map_or(Compression::None, |(_, compression)| *compression)
}

/// The place that a path leads to, through the links in the tree.
fn find(tree: &Tree, artifact: &Path, inside: &Path) -> anyhow::Result<GuestPath> {
    use std::os::unix::ffi::OsStrExt as _;
    let asked = GuestPath::new(inside.as_os_str().as_bytes())?;
    let found = tree.resolve(&asked)?;
    if tree.get(&found).is_some() {
        return Ok(found);
    }
    let directory = found.parent().unwrap_or_default();
    let siblings: Vec<String> = tree
        .below(&directory)
        .filter(|(path, _)| path.parent().as_ref() == Some(&directory))
        .map(|(path, _)| String::from_utf8_lossy(path.name()).into_owned())
        .collect();
    let name = String::from_utf8_lossy(found.name());
    let nearest = suggestion::nearest(&name, siblings.iter().map(String::as_str));
    Err(RecipeError::NotInside {
        artifact: artifact.to_owned(),
        path: inside.to_owned(),
        nearest: nearest.map(str::to_owned),
    }
    .into())
}

fn entries<'a>(
    tree: &'a Tree,
    top: &'a GuestPath,
) -> impl Iterator<Item = (&'a GuestPath, &'a Node)> {
    tree.get(top).map(|node| (top, node)).into_iter().chain(tree.below(top))
}

fn list_text(tree: &Tree, top: &GuestPath) -> anyhow::Result<()> {
    let mut output = BufWriter::new(io::stdout().lock());
    for (path, node) in entries(tree, top) {
        writeln!(output, "{}", tree::listing::line(tree, path, node)?)?;
    }
    Ok(output.flush()?)
}

fn list_json(tree: &Tree, top: &GuestPath) -> anyhow::Result<Vec<Value>> {
    entries(tree, top).map(|(path, node)| entry_json(tree, path, node)).collect()
}

fn entry_json(tree: &Tree, path: &GuestPath, node: &Node) -> anyhow::Result<Value> {
    let meta = tree.inode(path).map_or(&node.meta, |inode| &inode.meta);
    let mut entry = json!({
        "path": format!("/{}", String::from_utf8_lossy(path.as_bytes())),
        "type": tree::listing::kind_name(&node.kind),
        "mode": format!("{:04o}", meta.mode),
        "uid": meta.uid,
        "gid": meta.gid,
        "modified": meta.mtime.seconds,
    });
    match &node.kind {
        Kind::File(content) => {
            entry["size"] = json!(content.length());
            entry["sha256"] = json!(tree::listing::hexadecimal(&content.sha256()?));
        }
        Kind::Symlink(target) => entry["target"] = json!(String::from_utf8_lossy(target)),
        Kind::HardLink(target) => {
            entry["target"] = json!(format!("/{}", String::from_utf8_lossy(target.as_bytes())));
        }
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

fn copy(from: &mut dyn io::Read, to: &mut dyn Write) -> io::Result<()> {
    io::copy(from, to)?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::{Compression, compression_of};

    #[test]
    fn the_first_bytes_tell_the_compression() {
        assert_eq!(compression_of(&[0x1f, 0x8b, 8, 0, 0, 0]), Compression::Gzip);
        assert_eq!(compression_of(b"\xfd7zXZ\0"), Compression::Xz);
        assert_eq!(compression_of(&[0x28, 0xb5, 0x2f, 0xfd, 4, 0]), Compression::Zstd);
        assert_eq!(compression_of(b"./\0\0\0\0"), Compression::None);
        assert_eq!(compression_of(b""), Compression::None);
    }
}
