//! Gives the guest a `/tmp` in memory, because its root may be read-only.

use tree::{Content, GuestPath, Kind, Meta, Node, Tree};

use super::{ConfigureError, Context, read_file};

const OWN: &str = "etc/systemd/system/tmp.mount";
const SHIPPED: &str = "usr/lib/systemd/system/tmp.mount";
const EXAMPLE: &str = "usr/share/systemd/tmp.mount";
const SYSTEMD: &str = "usr/lib/systemd/systemd";

const UNIT: &str = "[Unit]
Description=Temporary directory /tmp
ConditionPathIsSymbolicLink=!/tmp
DefaultDependencies=no
Conflicts=umount.target
Before=local-fs.target umount.target
After=swap.target

[Mount]
What=tmpfs
Where=/tmp
Type=tmpfs
Options=mode=1777,strictatime,nosuid,nodev
";

/// Adds a mount unit where systemd is there and brings none.
pub(super) fn apply(tree: &mut Tree, context: &Context<'_>) -> Result<(), ConfigureError> {
    let own = GuestPath::new(OWN)?;
    let has = |path: &str| Ok::<_, ConfigureError>(tree.get(&GuestPath::new(path)?).is_some());
    if !context.finish.temporary_in_memory || !has(SYSTEMD)? || has(SHIPPED)? || has(OWN)? {
        return Ok(());
    }
    let unit = read_file(tree, &GuestPath::new(EXAMPLE)?)?.unwrap_or_else(|| UNIT.into());
    let meta = Meta { mode: 0o644, mtime: context.time, ..Meta::default() };
    tree.insert(own, Node { meta, kind: Kind::File(Content::from(unit)) })?;
    Ok(())
}
