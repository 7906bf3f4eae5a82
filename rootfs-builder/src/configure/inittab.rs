//! Makes busybox's init enough where the table that it reads is made for a service manager that is not there.

use tree::{Content, GuestPath, Kind, Meta, Node, Tree};

use super::{ConfigureError, Context, read_file, replace_content};

const TABLE: &str = "etc/inittab";
const INIT: &str = "sbin/init";
const MANAGER: &[u8] = b"openrc";
const SCRIPT: &str = "etc/init.d/rcS";

const FIRST: &[u8] = b"::sysinit:/etc/init.d/rcS\n";
const LAST: &[u8] = b"::shutdown:/bin/umount -a -r\n";

/// Whoever started the guest may have mounted some of these already.
const MOUNTS: &str = r"#!/bin/sh
mountpoint -q /proc || mount -t proc -o nosuid,nodev,noexec proc /proc
mountpoint -q /sys || mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mountpoint -q /dev || mount -t devtmpfs -o nosuid,mode=0755 devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mountpoint -q /dev/pts || mount -t devpts -o nosuid,noexec,gid=5,mode=0620 devpts /dev/pts
mountpoint -q /dev/shm || mount -t tmpfs -o nosuid,nodev,mode=1777 shm /dev/shm
mountpoint -q /run || mount -t tmpfs -o nosuid,nodev,mode=0755 run /run
hostname -F /etc/hostname
ip link set lo up
";

/// Has the init mount what every program needs, in place of the service manager that would.
pub(super) fn apply(tree: &mut Tree, context: &Context<'_>) -> Result<(), ConfigureError> {
    let table = GuestPath::new(TABLE)?;
    let Some(text) = read_file(tree, &table)? else { return Ok(()) };
    if !boots_with_busybox(tree)? || has_manager(tree) {
        return Ok(());
    }
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let kept: Vec<&[u8]> = lines.filter(|line| !starts_manager(line)).collect();
    let kept = kept.concat();
    if kept.len() == text.len() {
        return Ok(());
    }
    replace_content(tree, &table, [FIRST, &kept, LAST].concat());
    let script = GuestPath::new(SCRIPT)?;
    if tree.get(&script).is_none() {
        let meta = Meta { mode: 0o755, mtime: context.time, ..Meta::default() };
        let kind = Kind::File(Content::from(MOUNTS.as_bytes().to_vec()));
        tree.insert_resolved(&script, Node { meta, kind })?;
    }
    Ok(())
}

fn boots_with_busybox(tree: &Tree) -> Result<bool, ConfigureError> {
    // A link that leads nowhere is no init.
    let init = tree.resolve(&GuestPath::new(INIT)?).ok();
    Ok(init.is_some_and(|init| init.name() == b"busybox"))
}

fn has_manager(tree: &Tree) -> bool {
    let is_program = |path: &GuestPath| {
        let parent = path.parent();
        parent.is_some_and(|parent| matches!(parent.name(), b"bin" | b"sbin"))
    };
    tree.iter().any(|(path, _)| path.name() == MANAGER && is_program(path))
}

/// Whether the program of a line, the fourth field's first word, is the service manager.
fn starts_manager(line: &[u8]) -> bool {
    let command = line.splitn(4, |byte| *byte == b':').nth(3).unwrap_or_default();
    let word = command.split(u8::is_ascii_whitespace).find(|word| !word.is_empty());
    word.and_then(|word| word.rsplit(|byte| *byte == b'/').next()) == Some(MANAGER)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tree::Timestamp;

    use super::*;
    use crate::plan::Finish;

    const SHIPPED: &str = "# table\n::sysinit:/sbin/openrc sysinit\n::wait:/sbin/openrc default\n\
        tty1::respawn:/sbin/getty 38400 tty1\n::shutdown:/sbin/openrc shutdown\n";

    fn applied(more: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::new();
        let nodes = [("bin/busybox", ""), (INIT, "-> /bin/busybox"), (TABLE, SHIPPED)];
        for (path, what) in nodes.iter().chain(more) {
            let kind = match what.strip_prefix("-> ") {
                Some(target) => Kind::Symlink(target.as_bytes().into()),
                None => Kind::File(Content::from(what.as_bytes().to_vec())),
            };
            let node = Node { meta: Meta { mode: 0o755, ..Meta::default() }, kind };
            tree.insert(GuestPath::new(path).unwrap(), node).unwrap();
        }
        let time = Timestamp::from_seconds(7);
        let finish = Finish::default();
        apply(&mut tree, &Context { time, scripts_began: Some(time), finish: &finish }).unwrap();
        tree
    }

    fn table(tree: &Tree) -> String {
        let text = read_file(tree, &GuestPath::new(TABLE).unwrap()).unwrap().unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn what_a_missing_manager_would_do_is_done_by_a_script() {
        let tree = applied(&[]);
        let expected = "::sysinit:/etc/init.d/rcS\n# table\n\
            tty1::respawn:/sbin/getty 38400 tty1\n::shutdown:/bin/umount -a -r\n";
        assert_eq!(table(&tree), expected);
        let script = tree.get(&GuestPath::new(SCRIPT).unwrap()).unwrap();
        assert_eq!((script.meta.mode, script.meta.mtime.seconds), (0o755, 7));
    }

    #[test]
    fn a_manager_that_is_there_and_another_init_keep_their_table() {
        for more in [("usr/sbin/openrc", ""), (INIT, "-> /usr/lib/systemd/systemd")] {
            assert_eq!(table(&applied(&[more])), SHIPPED);
        }
        let own = "::sysinit:/etc/init.d/rcS\n";
        let tree = applied(&[(TABLE, own)]);
        assert_eq!(table(&tree), own);
        assert!(tree.get(&GuestPath::new(SCRIPT).unwrap()).is_none());
    }
}
