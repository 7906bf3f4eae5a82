//! A tree that the user has already, as a directory or an archive.

use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;

use anyhow::Context as _;
use rootfs_builder::decompress::{Compression, decompress};
use rootfs_builder::digest::Digest;
use tree::{GuestPath, Kind, Tree};

use crate::artifact;
use crate::recipe::RecipeError;
use crate::source;

/// A bomb is told by its ratio long before.
const LIMIT_BYTES: u64 = 1 << 40;

/// Where the kernel says which users of the machine this process knows.
const USERS: &str = "/proc/self/uid_map";

/// Whom all others look like, where the kernel does not say.
const NOBODY: u32 = 65_534;

/// Reads a directory or a tar archive, and tells what it looked like before; what is compressed is
/// decompressed into `scratch`.
pub(super) fn read(path: &Path, scratch: &Path) -> anyhow::Result<(Tree, Digest)> {
    read_any(path, scratch).with_context(|| format!("read {}", path.display()))
}

fn read_any(path: &Path, scratch: &Path) -> anyhow::Result<(Tree, Digest)> {
    if path.is_dir() {
        let (tree, fingerprint) = tree::directory::read_with_fingerprint(path)?;
        let knows_all = fs_err::read_to_string(USERS).is_ok_and(|map| is_of_all(&map));
        match stranger(&tree).filter(|_| !knows_all) {
            Some(inside) => {
                let inside = inside.to_string();
                return Err(RecipeError::ForeignOwner { directory: path.to_owned(), inside }.into());
            }
            None => return Ok((tree, source::state_of_directory(fingerprint))),
        }
    }
    let state = source::state(path)?;
    Ok((read_archive(path, scratch)?, state))
}

fn read_archive(path: &Path, scratch: &Path) -> anyhow::Result<Tree> {
    let mut file = fs_err::File::open(path)?;
    let mut magic = Vec::new();
    (&mut file).take(6).read_to_end(&mut magic)?;
    let compression = Compression::of_magic(&magic);
    if compression == Compression::None {
        return read_tar(path, path);
    }
    let plain = scratch.join("given.tar");
    let mut output = BufWriter::new(fs_err::File::create(&plain)?);
    let length = file.metadata()?.len();
    let file = fs_err::File::open(path)?;
    decompress(compression, &mut BufReader::new(file), length, &mut output, LIMIT_BYTES)?;
    output.flush()?;
    read_tar(&plain, path)
}

fn read_tar(path: &Path, given: &Path) -> anyhow::Result<Tree> {
    match tree::tar::read_spans(&path.into()) {
        Ok(entries) => Ok(Tree::from_entries(entries)?),
        Err(error) => {
            let mut head = Vec::new();
            fs_err::File::open(path)?.take(512).read_to_end(&mut head)?;
            let is_other = !artifact::is_tar(&head);
            Err(match is_other {
                true => RecipeError::NotATree { path: given.to_owned() }.into(),
                false => error.into(),
            })
        }
    }
}

/// The first file that looks as if it were nobody's.
fn stranger(tree: &Tree) -> Option<&GuestPath> {
    let read = |name: &str| fs_err::read_to_string(Path::new("/proc/sys/kernel").join(name));
    let id = |name: &str| read(name).ok().and_then(|text| text.trim().parse().ok());
    let user = id("overflowuid").unwrap_or(NOBODY);
    let group = id("overflowgid").unwrap_or(NOBODY);
    let mut nodes = tree.iter().filter(|(_, node)| !matches!(node.kind, Kind::HardLink(_)));
    nodes.find(|(_, node)| node.meta.uid == user || node.meta.gid == group).map(|(path, _)| path)
}

/// Whether a namespace has every user of the machine under their own numbers.
fn is_of_all(map: &str) -> bool {
    let mut words = map.split_whitespace().map(str::parse::<u32>);
    matches!(
        (words.next(), words.next(), words.next()),
        (Some(Ok(0)), Some(Ok(0)), Some(Ok(u32::MAX)))
    )
}

#[cfg(test)]
mod tests {
    use super::is_of_all;

    #[test]
    fn a_namespace_of_some_users_is_told_from_that_of_the_machine() {
        assert!(is_of_all("         0          0 4294967295\n"));
        assert!(!is_of_all("         0       1000          1\n"));
        assert!(!is_of_all("0 1000 1\n1 100000 65536\n"));
        assert!(!is_of_all(""));
    }
}
