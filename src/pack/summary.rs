//! What is recorded in the guest about itself, where Kata's tools look for it.

use rootfs_builder::plan::Plan;
use rootfs_builder::utc;
use sha2::{Digest as _, Sha256};
use tree::{Content, GuestPath, Kind, Meta, Node, Timestamp, Tree};

use crate::source::Source;

const PLACE: &str = "var/lib/osbuilder/osbuilder.yaml";

const FORM: &str = include_str!("osbuilder.yaml");

/// What all identifiers of an artifact follow from: the plan, or what a given tree looks like.
pub(super) fn seed(source: &Source, tree: &Tree) -> anyhow::Result<[u8; 32]> {
    if let Source::Plan(plan) = source {
        return Ok(*plan.digest()?.as_bytes());
    }
    let mut hasher = Sha256::new();
    for (path, Node { meta, kind }) in tree {
        let Meta { mode, uid, gid, mtime, .. } = meta;
        let length = if let Kind::File(content) = kind { content.length() } else { 0 };
        hasher.update(path.as_bytes());
        hasher.update(format!("\0{mode} {uid} {gid} {mtime:?} {length}\0"));
    }
    Ok(hasher.finalize().into())
}

/// Puts the record into the tree, unless an earlier build has: that one knows more.
pub(super) fn put(tree: &mut Tree, source: &Source, time: i64) -> Result<(), tree::Error> {
    let place = GuestPath::new(PLACE)?;
    if matches!(source, Source::Given(_)) && tree.get(&place).is_some() {
        return Ok(());
    }
    let mtime = Timestamp::from_seconds(time);
    let meta = Meta { mode: 0o644, mtime, ..Meta::default() };
    let kind = Kind::File(Content::from(text(source, time).into_bytes()));
    // A guest may have a link where a directory is usual; a broken one is no reason to fail.
    let place = tree.resolve_parents(&place).unwrap_or(place);
    tree.insert(place, Node { meta, kind })
}

fn text(source: &Source, time: i64) -> String {
    let when = utc::format(time).replace(" UTC", ".000000000+0000Z").replace(' ', "T");
    let (name, release, packages) = match source {
        Source::Plan(plan) => (plan.distro.as_str(), plan.release.as_str(), packages(plan)),
        Source::Given(_) => ("unknown", "unknown", String::new()),
    };
    FORM.replace("@version@", env!("CARGO_PKG_VERSION"))
        .replace("@time@", &when)
        .replace("@architecture@", source.arch())
        .replace("@name@", name)
        .replace("@release@", release)
        .replace("@packages@", &packages)
}

/// The packages that were asked for, one line each.
fn packages(plan: &Plan) -> String {
    let asked = plan.packages.iter().filter(|package| package.requested);
    asked.map(|package| format!("      - \"{}\"\n", package.name)).collect()
}
