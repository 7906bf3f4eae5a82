//! Gives the guest the few device nodes that a boot without devtmpfs needs.

use tree::{GuestPath, Kind, Meta, Node, Tree};

use super::{ConfigureError, Context};

/// Name, mode, major and minor number of each character device.
const DEVICES: [(&str, u16, u32, u32); 8] = [
    ("console", 0o666, 5, 1),
    ("full", 0o666, 1, 7),
    ("null", 0o666, 1, 3),
    ("ptmx", 0o666, 5, 2),
    ("random", 0o666, 1, 8),
    ("tty", 0o666, 5, 0),
    ("urandom", 0o666, 1, 9),
    ("zero", 0o666, 1, 5),
];

const LINKS: [(&str, &str); 4] = [
    ("fd", "/proc/self/fd"),
    ("stderr", "/proc/self/fd/2"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
];

const DIRECTORIES: [&str; 2] = ["pts", "shm"];

/// Replaces whatever the scripts saw in `/dev` by a constant set.
pub(super) fn apply(tree: &mut Tree, context: &Context<'_>) -> Result<(), ConfigureError> {
    let directory = GuestPath::new("dev")?;
    tree.remove_below(&directory);
    let node =
        |mode, kind| Node { meta: Meta { mode, mtime: context.time, ..Meta::default() }, kind };
    match tree.meta_mut(&directory) {
        // Where nothing can be mounted over it, device nodes came and went in the directory itself.
        Some(meta) => meta.mtime = context.time,
        None => tree.insert(directory.clone(), node(0o755, Kind::Directory))?,
    }
    for (name, mode, major, minor) in DEVICES {
        tree.insert(directory.join(name)?, node(mode, Kind::CharDevice { major, minor }))?;
    }
    for (name, target) in LINKS {
        tree.insert(directory.join(name)?, node(0o777, Kind::Symlink(target.as_bytes().into())))?;
    }
    for name in DIRECTORIES {
        tree.insert(directory.join(name)?, node(0o755, Kind::Directory))?;
    }
    Ok(())
}
