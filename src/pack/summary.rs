//! What is recorded in the guest about itself, where Kata's tools look for it.

use rootfs_builder::plan::Plan;
use rootfs_builder::utc;
use sha2::{Digest as _, Sha256};
use tree::{Content, GuestPath, Kind, Meta, Node, Timestamp, Tree};

use crate::source::Source;

const PLACE: &str = "var/lib/osbuilder/osbuilder.yaml";

/// The version of the record's own form.
const FORM: &str = "0.0.2";

/// The time that everything made for an artifact carries.
pub(super) fn time(source: &Source, tree: &Tree) -> i64 {
    let newest = || tree.iter().map(|(_, node)| node.meta.mtime.seconds).max();
    match source {
        Source::Plan(plan) => plan.timestamp,
        Source::Given(given) => given.timestamp.or_else(newest).unwrap_or(0).max(0),
    }
}

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
    let (name, version, packages) = match source {
        Source::Plan(plan) => (plan.distro.as_str(), plan.release.as_str(), packages(plan)),
        Source::Given(_) => ("unknown", "unknown", String::new()),
    };
    format!(
        "---\n\
         osbuilder:\n  url: \"https://github.com/kata-containers/kata-containers/tools/osbuilder\"\n  version: \"osb {osb}\"\n\
         rootfs-creation-time: \"{when}\"\n\
         description: \"osbuilder rootfs\"\n\
         file-format-version: \"{FORM}\"\n\
         architecture: \"{arch}\"\n\
         base-distro:\n  name: \"{name}\"\n  version: \"{version}\"\n  packages:\n    default:\n{packages}    extra:\n\
         agent:\n  url: \"\"\n  name: \"\"\n  version: \"\"\n  agent-is-init-daemon: \"no\"\n",
        osb = env!("CARGO_PKG_VERSION"),
        arch = source.arch(),
    )
}

/// The packages that were asked for, one line each.
fn packages(plan: &Plan) -> String {
    let asked = plan.packages.iter().filter(|package| package.requested);
    asked.map(|package| format!("      - \"{}\"\n", package.name)).collect()
}
