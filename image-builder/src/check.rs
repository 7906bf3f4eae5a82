//! Whether a tree can boot from an image, before anything is written.

use tree::{GuestPath, Kind, Tree};

/// Who is the first process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Init {
    /// The agent itself, in the place of `/sbin/init`.
    Agent,
    /// The distribution's: systemd, or another that `/sbin/init` is.
    Distribution,
}

/// Why a tree would not boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// There is no first process.
    #[error("the root filesystem has no executable /sbin/init")]
    NoInit,
    /// The first process is to be systemd, which is not there.
    #[error("/sbin/init is a link to systemd, and systemd is not in the root filesystem")]
    NoSystemd,
    /// The first process is to be the agent, and is systemd.
    #[error("the agent is to be the first process, and /sbin/init is systemd")]
    SystemdIsInit,
}

const SYSTEMD: [&str; 2] = ["usr/lib/systemd/systemd", "lib/systemd/systemd"];

/// Refuses a tree that has no first process of the kind that is wanted.
pub fn check(tree: &Tree, init: Init) -> Result<(), CheckError> {
    let place = GuestPath::new("sbin/init").map_err(|_| CheckError::NoInit)?;
    let place = tree.resolve_parents(&place).map_err(|_| CheckError::NoInit)?;
    let Some(node) = tree.inode(&place) else { return Err(CheckError::NoInit) };
    let is_link = matches!(node.kind, Kind::Symlink(_));
    let target = tree.resolve(&place).map_err(|_| CheckError::NoInit)?;
    let systemd = SYSTEMD.iter().filter_map(|path| {
        let path = tree.resolve(&GuestPath::new(path).ok()?).ok()?;
        is_executable(tree, &path).then_some(path)
    });
    let systemd: Vec<GuestPath> = systemd.collect();
    match init {
        _ if !is_link && !is_executable(tree, &place) => Err(CheckError::NoInit),
        Init::Agent if systemd.contains(&target) => Err(CheckError::SystemdIsInit),
        Init::Agent if !is_executable(tree, &target) => Err(CheckError::NoInit),
        Init::Distribution if is_link && !is_executable(tree, &target) => {
            let names_systemd = target.name() == b"systemd";
            Err(if names_systemd { CheckError::NoSystemd } else { CheckError::NoInit })
        }
        Init::Agent | Init::Distribution => Ok(()),
    }
}

fn is_executable(tree: &Tree, path: &GuestPath) -> bool {
    tree.inode(path)
        .is_some_and(|node| matches!(node.kind, Kind::File(_)) && node.meta.mode & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tree::{Content, Meta, Node};

    use super::*;

    fn tree(nodes: &[(&str, u16, Kind)]) -> Tree {
        let mut tree = Tree::new();
        for (path, mode, kind) in nodes {
            let meta = Meta { mode: *mode, ..Meta::default() };
            let path = GuestPath::new(path).unwrap();
            tree.insert_resolved(&path, Node { meta, kind: kind.clone() }).unwrap();
        }
        tree
    }

    fn file() -> Kind {
        Kind::File(Content::from(b"program".to_vec()))
    }

    fn link(target: &str) -> Kind {
        Kind::Symlink(target.as_bytes().into())
    }

    #[test]
    fn a_merged_tree_with_systemd_boots_and_its_init_is_not_the_agent() {
        let tree = tree(&[
            ("usr/sbin", 0o755, Kind::Directory),
            ("sbin", 0o777, link("usr/sbin")),
            ("lib", 0o777, link("usr/lib")),
            ("usr/lib/systemd/systemd", 0o755, file()),
            ("usr/sbin/init", 0o777, link("/lib/systemd/systemd")),
        ]);
        assert_eq!(check(&tree, Init::Distribution), Ok(()));
        assert_eq!(check(&tree, Init::Agent), Err(CheckError::SystemdIsInit));
    }

    #[test]
    fn an_agent_or_another_program_in_its_place_is_an_init() {
        let tree = tree(&[("sbin/init", 0o755, file())]);
        assert_eq!(check(&tree, Init::Agent), Ok(()));
        assert_eq!(check(&tree, Init::Distribution), Ok(()));
    }

    #[test]
    fn trees_without_an_init_are_refused() {
        assert_eq!(check(&Tree::new(), Init::Agent), Err(CheckError::NoInit));
        let not_executable = tree(&[("sbin/init", 0o644, file())]);
        assert_eq!(check(&not_executable, Init::Distribution), Err(CheckError::NoInit));
        let dangling = tree(&[("sbin/init", 0o777, link("/lib/systemd/systemd"))]);
        assert_eq!(check(&dangling, Init::Distribution), Err(CheckError::NoSystemd));
        let looping = tree(&[("sbin/init", 0o777, link("init"))]);
        assert_eq!(check(&looping, Init::Agent), Err(CheckError::NoInit));
    }
}
