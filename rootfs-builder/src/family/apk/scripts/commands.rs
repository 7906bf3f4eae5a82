//! The commands whose whole effect on a guest is known.

use tree::{GuestPath, Kind, Meta, Node, Timestamp, Tree};

use crate::family::apk::accounts::{self, Accounts, Made, NewUser};
use crate::family::apk::busybox;

/// Where a script's commands are looked for, in this order.
const PATH: [&str; 4] = ["usr/sbin", "usr/bin", "sbin", "bin"];

/// The guest that a script is executed in.
pub(super) struct Guest {
    pub(super) tree: Tree,
    pub(super) time: Timestamp,
    pub(super) changed: Vec<GuestPath>,
}

/// A command: it is given its arguments, and tells the status that the real one would end with, or
/// `None` where its effect is not known for sure.
type Command = fn(&mut Guest, &[&str]) -> Option<i32>;

/// Who must be behind a command's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// Whoever it is, it does the same.
    Anyone,
    /// Other programs of this name do something else.
    Busybox,
}

const COMMANDS: [(&str, By, Command); 5] = [
    ("addgroup", By::Busybox, addgroup),
    ("adduser", By::Busybox, adduser),
    ("chown", By::Anyone, chown),
    ("ln", By::Anyone, ln),
    ("mkdir", By::Anyone, mkdir),
];

/// Whether a name is that of a command that is known here.
pub(super) fn is_command(name: &str) -> bool {
    COMMANDS.iter().any(|(known, _, _)| *known == name)
}

/// Executes a command; `None` where its effect is not known.
pub(super) fn run(guest: &mut Guest, words: &[&str]) -> Option<i32> {
    let (first, arguments) = words.split_first()?;
    if !first.contains('/') {
        let (_, by, command) = COMMANDS.iter().find(|(name, _, _)| name == first)?;
        let directory = PATH.iter().find(|place| guest.is_there(&format!("{place}/{first}")))?;
        let program = guest.program(&format!("{directory}/{first}"))?;
        let is_right = *by == By::Anyone || program.name() == b"busybox";
        return if is_right { command(guest, arguments) } else { None };
    }
    let program = guest.program(first)?;
    if !program.name().starts_with(b"busybox") {
        return None;
    }
    match arguments {
        ["--install", "-s"] => {
            let made = busybox::install_links(&mut guest.tree, &program, guest.time)?;
            guest.changed.extend(made);
            Some(0)
        }
        [applet, arguments @ ..] if program.name() == b"busybox" => {
            let (_, _, command) = COMMANDS.iter().find(|(name, _, _)| name == applet)?;
            command(guest, arguments)
        }
        _ => None,
    }
}

impl Guest {
    /// What stands at a path, a link not followed; the outer `None` where nobody can tell.
    pub(super) fn standing(&self, path: &str) -> Option<Option<&Kind>> {
        let place = self.tree.resolve_parents(&GuestPath::new(path).ok()?).ok()?;
        Some(self.tree.inode(&place).map(|node| &node.kind))
    }

    /// What a path leads to; the outer `None` where nobody can tell.
    pub(super) fn found(&self, path: &str) -> Option<Option<&Kind>> {
        let place = self.tree.resolve(&GuestPath::new(path).ok()?).ok()?;
        Some(self.tree.inode(&place).map(|node| &node.kind))
    }

    /// Where a program lies that can be executed.
    pub(super) fn program(&self, path: &str) -> Option<GuestPath> {
        let place = self.tree.resolve(&GuestPath::new(path).ok()?).ok()?;
        let node = self.tree.inode(&place)?;
        let is_program = matches!(node.kind, Kind::File(_)) && node.meta.mode & 0o111 != 0;
        is_program.then_some(place)
    }

    fn is_there(&self, path: &str) -> bool {
        matches!(self.found(path), Some(Some(_)))
    }

    fn insert(&mut self, place: GuestPath, mode: u16, kind: Kind) -> Option<()> {
        let meta = Meta { mode, mtime: self.time, ..Meta::default() };
        self.tree.insert(place.clone(), Node { meta, kind }).ok()?;
        self.changed.push(place);
        Some(())
    }

    fn is_directory(&self, place: &GuestPath) -> bool {
        self.tree.get(place).is_some_and(|node| node.kind == Kind::Directory)
    }
}

fn mkdir(guest: &mut Guest, arguments: &[&str]) -> Option<i32> {
    let ["-p", paths @ ..] = arguments else { return None };
    for path in paths {
        let mut place = GuestPath::root();
        for component in GuestPath::new(path).ok()?.components() {
            place = guest.tree.resolve(&place.join(component).ok()?).ok()?;
            if guest.tree.get(&place).is_none() {
                guest.insert(place.clone(), 0o755, Kind::Directory)?;
            }
            if !guest.is_directory(&place) {
                return None;
            }
        }
    }
    (!paths.is_empty()).then_some(0)
}

fn ln(guest: &mut Guest, arguments: &[&str]) -> Option<i32> {
    let (replaces, target, path) = match arguments {
        ["-s", target, path] => (false, target, path),
        ["-sf" | "-fs", target, path] => (true, target, path),
        _ => return None,
    };
    let path = GuestPath::new(path).ok()?;
    let place = guest.tree.resolve_parents(&path).ok()?;
    let leads_to = guest.tree.resolve(&path).ok()?;
    // Into a directory it would go under the target's name.
    if guest.is_directory(&leads_to) || target.is_empty() || !guest.is_directory(&place.parent()?) {
        return None;
    }
    if guest.tree.get(&place).is_some() && !replaces {
        return Some(1);
    }
    guest.insert(place, 0o777, Kind::Symlink(target.as_bytes().into()))?;
    Some(0)
}

fn chown(guest: &mut Guest, arguments: &[&str]) -> Option<i32> {
    let [owner, path] = arguments else { return None };
    let (user, group) = owner.split_once(':')?;
    if user.starts_with('-') || path.starts_with('-') {
        return None;
    }
    let accounts = Accounts::read(&guest.tree);
    let number = |text: &str, named: Option<u32>| named.or_else(|| text.parse().ok());
    let user = number(user, accounts.user(user.as_bytes()));
    let group = number(group, accounts.group(group.as_bytes()));
    let (Some(user), Some(group)) = (user, group) else { return Some(1) };
    let place = guest.tree.resolve(&GuestPath::new(path).ok()?).ok()?;
    let Some(meta) = guest.tree.meta_mut(&place) else { return Some(1) };
    // A change of owner takes away set-id bits and capabilities.
    if meta.mode & 0o6000 != 0 || !meta.xattrs.is_empty() {
        return None;
    }
    if (meta.uid, meta.gid) != (user, group) {
        (meta.uid, meta.gid) = (user, group);
        guest.changed.push(place);
    }
    Some(0)
}

fn addgroup(guest: &mut Guest, arguments: &[&str]) -> Option<i32> {
    let (number, name) = match arguments {
        ["-S", name] => (None, name),
        ["-S", "-g", number, name] | ["-g", number, "-S", name] => {
            (Some(number.parse().ok()?), name)
        }
        _ => return None,
    };
    let made = accounts::add_group(&mut guest.tree, name, number, guest.time)?;
    changed_accounts(guest, made)
}

fn adduser(guest: &mut Guest, arguments: &[&str]) -> Option<i32> {
    let (name, options) = arguments.split_last()?;
    let mut user = NewUser { name, comment: "", home: "", shell: "", group: "" };
    let (mut is_system, mut has_password, mut has_home) = (false, true, true);
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match *option {
            "-S" => is_system = true,
            "-D" => has_password = false,
            "-H" => has_home = false,
            "-h" => user.home = options.next()?,
            "-s" => user.shell = options.next()?,
            "-g" => user.comment = options.next()?,
            "-G" => user.group = options.next()?,
            _ => return None,
        }
    }
    let is_complete = [user.home, user.shell, user.group].iter().all(|text| !text.is_empty());
    if !is_system || has_password || has_home || !is_complete || user.comment.is_empty() {
        return None;
    }
    let made = accounts::add_user(&mut guest.tree, &user, guest.time)?;
    changed_accounts(guest, made)
}

fn changed_accounts(guest: &mut Guest, made: Made) -> Option<i32> {
    if made == Made::No {
        return Some(1);
    }
    for path in ["etc/passwd", "etc/group", "etc/shadow"] {
        guest.changed.push(guest.tree.resolve(&GuestPath::new(path).ok()?).ok()?);
    }
    Some(0)
}
