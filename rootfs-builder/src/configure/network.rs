//! Gives the guest the two files that whoever starts it fills in.

use tree::{Content, GuestPath, Kind, Meta, Node, Tree};

use super::{ConfigureError, Context};

const FILES: [(&str, &str); 2] = [("etc/hostname", "localhost\n"), ("etc/resolv.conf", "")];

/// Makes `/etc/hostname` and `/etc/resolv.conf` regular files with nothing of the host in them.
///
/// Kata's agent mounts its own `resolv.conf` over the guest's, which a dangling link prevents.
pub(super) fn apply(tree: &mut Tree, context: &Context<'_>) -> Result<(), ConfigureError> {
    for (path, text) in FILES {
        let meta = Meta { mode: 0o644, mtime: context.time, ..Meta::default() };
        let content = Content::from(text.as_bytes().to_vec());
        tree.insert(GuestPath::new(path)?, Node { meta, kind: Kind::File(content) })?;
    }
    Ok(())
}
