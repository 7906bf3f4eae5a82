//! `/init`, which the kernel starts first when it boots from an initrd.

use tree::{GuestPath, Kind, Meta, Node, Timestamp, Tree};

use crate::error::Error;

/// What is to be the first process of the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Init {
    /// The agent, which stands in `/sbin/init`.
    Agent,
    /// The distribution's: systemd, or what `/sbin/init` leads to.
    Distribution,
}

const INIT: &str = "init";
const SBIN_INIT: &str = "sbin/init";
const SYSTEMD: [&str; 2] = ["usr/lib/systemd/systemd", "lib/systemd/systemd"];

/// Puts a symbolic link to the first process in place of `/init`, unless that is an executable file
/// or a link already; returns where the link leads if it was put.
///
/// The link leads to the program itself, not to another link: guests were seen to hang otherwise.
pub fn put_init(tree: &mut Tree, init: Init, mtime: Timestamp) -> Result<Option<GuestPath>, Error> {
    let place = path(INIT)?;
    if program(tree, &place)?.is_some() {
        return Ok(None);
    }
    if matches!(tree.get(&place).map(|node| &node.kind), Some(Kind::Symlink(_))) {
        return Err(Error::BrokenInit { path: place });
    }
    let (link, found) = match init {
        Init::Agent => {
            let link = path(SBIN_INIT)?;
            check_agent(tree, &link)?;
            (link.clone(), link)
        }
        Init::Distribution => {
            let found = distribution_init(tree)?;
            (found.clone(), found)
        }
    };
    let target = [b"/", link.as_bytes()].concat();
    let meta = Meta { mode: 0o777, mtime, ..Meta::default() };
    let node = Node { meta, kind: Kind::Symlink(target.into()) };
    tree.insert(place, node).map_err(Error::Pack)?;
    Ok(Some(found))
}

fn check_agent(tree: &Tree, place: &GuestPath) -> Result<(), Error> {
    let Some(agent) = program(tree, place)? else {
        return Err(Error::NoInit { candidates: vec![place.clone()] });
    };
    for systemd in SYSTEMD {
        if program(tree, &path(systemd)?)?.as_ref() == Some(&agent) {
            return Err(Error::AgentNotInit { path: place.clone(), other: agent });
        }
    }
    Ok(())
}

fn distribution_init(tree: &Tree) -> Result<GuestPath, Error> {
    let mut candidates = Vec::new();
    for candidate in SYSTEMD.into_iter().chain([SBIN_INIT]) {
        let candidate = path(candidate)?;
        if let Some(found) = program(tree, &candidate)? {
            return Ok(found);
        }
        candidates.push(candidate);
    }
    Err(Error::NoInit { candidates })
}

/// The executable file to which a path leads, if it does to one.
fn program(tree: &Tree, place: &GuestPath) -> Result<Option<GuestPath>, Error> {
    // A path that leads nowhere is as good as none.
    let Ok(found) = tree.resolve(place) else { return Ok(None) };
    let is_program = tree
        .inode(&found)
        .is_some_and(|inode| matches!(inode.kind, Kind::File(_)) && inode.meta.mode & 0o111 != 0);
    Ok(is_program.then_some(found))
}

fn path(text: &str) -> Result<GuestPath, Error> {
    GuestPath::new(text).map_err(|error| Error::Pack(error.into()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn tree_of(nodes: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::new();
        for (at, what) in nodes {
            let (mode, kind) = match *what {
                "program" => (0o755, Kind::File(at.as_bytes().to_vec().into())),
                "text" => (0o644, Kind::File(Vec::new().into())),
                target => (0o777, Kind::Symlink(target.as_bytes().into())),
            };
            let node = Node { meta: Meta { mode, ..Meta::default() }, kind };
            tree.insert(path(at).unwrap(), node).unwrap();
        }
        tree
    }

    fn check(nodes: &[(&str, &str)], init: Init, expected: Result<&str, &str>) {
        let mut tree = tree_of(nodes);
        let put = put_init(&mut tree, init, Timestamp::default());
        let target = tree.get(&path("init").unwrap()).map(|node| node.kind.clone());
        match (put, expected) {
            (Ok(_), Ok("program")) => assert!(matches!(target, Some(Kind::File(_)))),
            (Ok(_), Ok(to)) => assert_eq!(target, Some(Kind::Symlink(to.as_bytes().into()))),
            (Err(error), Err(message)) => assert_eq!(error.to_string(), message),
            (put, expected) => panic!("{put:?} is not {expected:?}"),
        }
    }

    #[test]
    fn the_agent_is_sbin_init() {
        check(&[("sbin/init", "program")], Init::Agent, Ok("/sbin/init"));
        let merged = [("sbin", "usr/sbin"), ("usr/sbin/init", "program")];
        check(&merged, Init::Agent, Ok("/sbin/init"));
        let systemd = [("sbin/init", "/usr/lib/systemd/systemd"), (SYSTEMD[0], "program")];
        let message = "the agent is not init: /sbin/init is /usr/lib/systemd/systemd";
        check(&systemd, Init::Agent, Err(message));
        let message = "the tree has no init: none of /sbin/init is an executable file";
        check(&[], Init::Agent, Err(message));
        check(&[("sbin/init", "text")], Init::Agent, Err(message));
    }

    #[test]
    fn systemd_is_found_where_it_really_is() {
        let merged =
            [("lib", "usr/lib"), ("sbin/init", "/lib/systemd/systemd"), (SYSTEMD[0], "program")];
        check(&merged, Init::Distribution, Ok("/usr/lib/systemd/systemd"));
        check(&[(SYSTEMD[1], "program")], Init::Distribution, Ok("/lib/systemd/systemd"));
        let other = [("sbin/init", "../bin/busybox"), ("bin/busybox", "program")];
        check(&other, Init::Distribution, Ok("/bin/busybox"));
        let message = "the tree has no init: none of /usr/lib/systemd/systemd, \
                       /lib/systemd/systemd, /sbin/init is an executable file";
        check(&[("sbin/init", "/nowhere")], Init::Distribution, Err(message));
    }

    #[test]
    fn an_init_that_is_there_stays() {
        check(&[("init", "program")], Init::Distribution, Ok("program"));
        check(&[("init", "/bin/a"), ("bin/a", "program")], Init::Agent, Ok("/bin/a"));
        check(&[("init", "text"), ("sbin/init", "program")], Init::Agent, Ok("/sbin/init"));
        let message = "/init is there, but leads to no executable file";
        check(&[("init", "/bin/a"), ("sbin/init", "program")], Init::Agent, Err(message));
    }
}
