//! What is recorded in the guest about itself, where Kata's tools look for it.

use agent::{Installed, Place};
use rootfs_builder::plan::Plan;
use rootfs_builder::utc;
use sha2::{Digest as _, Sha256};
use tree::{Content, GuestPath, Kind, Meta, Node, Timestamp, Tree};

use crate::source::Source;

const PLACE: &str = "var/lib/osbuilder/osbuilder.yaml";

const FORM: &str = include_str!("osbuilder.yaml");

/// Where in the record the agent's part begins.
const AGENT: &str = "\nagent:\n";

/// A record has a line for each package that was asked for.
const RECORD_BYTES_MAX: u64 = 1 << 20;

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

/// Puts the record into the tree; of what an earlier build has recorded, only the agent changes.
pub(super) fn put(
    tree: &mut Tree,
    source: &Source,
    agent: Option<&Installed>,
    time: i64,
) -> Result<(), tree::Error> {
    let place = GuestPath::new(PLACE)?;
    let earlier = match source {
        Source::Given(_) => tree.inode(&place).and_then(recorded),
        Source::Plan(_) => None,
    };
    let text = match (earlier, agent) {
        (Some(_), None) => return Ok(()),
        (Some(earlier), Some(agent)) => with_agent(&earlier, agent),
        (None, _) => text(source, agent, time),
    };
    let mtime = Timestamp::from_seconds(time);
    let meta = Meta { mode: 0o644, mtime, ..Meta::default() };
    let kind = Kind::File(Content::from(text.into_bytes()));
    // A guest may have a link where a directory is usual; a broken one is no reason to fail.
    let place = tree.resolve_parents(&place).unwrap_or(place);
    tree.insert(place, Node { meta, kind })
}

/// What an earlier build has recorded.
fn recorded(node: &Node) -> Option<String> {
    let Kind::File(content) = &node.kind else { return None };
    String::from_utf8(content.read(RECORD_BYTES_MAX).ok()?).ok()
}

/// An earlier record with the agent that is there now.
fn with_agent(earlier: &str, agent: &Installed) -> String {
    let before = earlier.split_once(AGENT).map_or(earlier, |(before, _)| before);
    let form = FORM.split_once(AGENT).map_or("", |(_, form)| form);
    filled(&format!("{before}{AGENT}{form}"), Some(agent))
}

/// A form with what is known of the agent.
fn filled(form: &str, agent: Option<&Installed>) -> String {
    let is_init = agent.is_some_and(|agent| agent.place == Place::Init);
    let version = agent.and_then(|agent| agent.version.as_deref());
    form.replace("@agent@", agent.map_or("", |agent| &agent.name))
        .replace("@agent-version@", version.unwrap_or_default())
        .replace("@agent-is-init@", if is_init { "yes" } else { "no" })
}

fn text(source: &Source, agent: Option<&Installed>, time: i64) -> String {
    let when = utc::format(time).replace(" UTC", ".000000000+0000Z").replace(' ', "T");
    let (name, release, packages) = match source {
        Source::Plan(plan) => (plan.distro.as_str(), plan.release.as_str(), packages(plan)),
        Source::Given(_) => ("unknown", "unknown", String::new()),
    };
    filled(FORM, agent)
        .replace("@version@", env!("CARGO_PKG_VERSION"))
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
