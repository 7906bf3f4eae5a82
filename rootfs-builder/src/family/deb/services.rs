//! Keeps maintainer scripts from starting services, the two ways that Debian's scripts do it.

use tree::{Content, GuestPath, Kind, Meta, Node, Timestamp, Tree};

/// `invoke-rc.d` and `deb-systemd-invoke` ask this program, and 101 means: not now.
const POLICY: (&str, &str) = ("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n");

/// Old scripts call this one themselves; dpkg brings it.
const DAEMON_STARTER: (&str, &str) = ("sbin/start-stop-daemon", "#!/bin/sh\nexit 0\n");

/// What stood where the two programs were put.
#[derive(Debug)]
pub(crate) struct Silenced {
    stood: Vec<(GuestPath, Option<Node>)>,
}

impl Silenced {
    /// Puts both programs into the tree and returns the paths to write.
    pub(crate) fn put(
        tree: &mut Tree,
        time: Timestamp,
    ) -> Result<(Self, Vec<GuestPath>), tree::Error> {
        let mut stood = Vec::new();
        for (path, text) in [POLICY, DAEMON_STARTER] {
            let path = tree.resolve_parents(&GuestPath::new(path)?)?;
            let meta = Meta { mode: 0o755, mtime: time, ..Meta::default() };
            let node = Node { meta, kind: Kind::File(Content::from(text.as_bytes().to_vec())) };
            stood.push((path.clone(), tree.get(&path).cloned()));
            tree.insert(path, node)?;
        }
        let paths = stood.iter().map(|(path, _)| path.clone()).collect();
        Ok((Self { stood }, paths))
    }

    /// Puts back what stood there.
    pub(crate) fn take_away(self, tree: &mut Tree) -> Result<(), tree::Error> {
        for (path, node) in self.stood {
            match node {
                Some(node) => tree.insert(path, node)?,
                None => {
                    tree.remove(&path);
                }
            }
        }
        Ok(())
    }
}
