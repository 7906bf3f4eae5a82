//! `osb cache`: how much the store of downloads holds, and making it smaller.

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::Subcommand;
use rootfs_builder::store::{Info, Keep, Pruned, Store};
use serde_json::json;

use super::build_args::CacheArgs;
use crate::progress::human_bytes;
use crate::report;

/// Show or shrink the store of verified downloads
///
/// Downloads, and what was derived from them, are kept by digest: a second build of anything that
/// shares a package neither downloads nor decompresses it again.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("examples/cache.txt"))]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    cache: CacheArgs,
    /// Print the result as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show where the store is and what it holds
    Info,
    /// Remove what has not been used for long
    Prune(PruneArgs),
}

#[derive(Debug, clap::Args)]
struct PruneArgs {
    /// Remove what no build has used for so many days
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    unused_for: u32,

    /// Instead: keep so much of what was used last (`500MB`, `2GB`)
    #[arg(long, value_name = "SIZE", value_parser = parse_size, conflicts_with = "unused_for")]
    keep: Option<u64>,

    /// Instead: remove everything
    #[arg(long, conflicts_with_all = ["unused_for", "keep"])]
    all: bool,
}

/// Does what was asked and prints what came of it.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let store = Store::open(args.cache.directory()?)?;
    match (args.action, args.json) {
        (Action::Info, true) => report::json(&info_json(&store.info()?))?,
        (Action::Info, false) => report::text(&info_text(&store.info()?))?,
        (Action::Prune(prune), true) => report::json(&pruned_json(store.prune(prune.keep())?))?,
        (Action::Prune(prune), false) => report::text(&pruned_text(store.prune(prune.keep())?))?,
    }
    Ok(ExitCode::SUCCESS)
}

impl PruneArgs {
    fn keep(&self) -> Keep {
        match (self.all, self.keep) {
            (true, _) => Keep::Nothing,
            (false, Some(bytes)) => Keep::Bytes(bytes),
            (false, None) => Keep::UsedSince(days_ago(self.unused_for)),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "what was used last is a question to the clock")]
fn days_ago(days: u32) -> SystemTime {
    let age = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
    SystemTime::now().checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn parse_size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let factor = match text[digits..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "t" | "tb" => 1_000_000_000_000,
        _ => return Err("the unit is none of B, kB, MB, GB, TB".to_owned()),
    };
    let count: u64 = text[..digits].parse().map_err(|_| "write a whole number and a unit")?;
    count.checked_mul(factor).ok_or_else(|| "so much does not exist".to_owned())
}

fn info_text(info: &Info) -> String {
    let mut text = format!("{}\n", info.path.display());
    for shelf in &info.shelves {
        let size = human_bytes(shelf.bytes);
        text += &format!("  {:<10} {:>7} entries {size:>10}\n", shelf.shelf.name(), shelf.entries);
    }
    let total = info.shelves.iter().map(|shelf| shelf.bytes).sum();
    text + &format!("  {:<10} {:>15} {:>10}\n", "together", "", human_bytes(total))
}

fn info_json(info: &Info) -> serde_json::Value {
    let shelves = info.shelves.iter().map(|shelf| {
        json!({"shelf": shelf.shelf.name(), "entries": shelf.entries, "bytes": shelf.bytes})
    });
    json!({"path": info.path, "shelves": shelves.collect::<Vec<_>>()})
}

fn pruned_text(pruned: Pruned) -> String {
    let mut text = format!("removed {} entries, {}\n", pruned.entries, human_bytes(pruned.bytes));
    if pruned.spared > 0 {
        text += &format!("kept {} entries that a running build may be using\n", pruned.spared);
    }
    text
}

fn pruned_json(pruned: Pruned) -> serde_json::Value {
    json!({"entries": pruned.entries, "bytes": pruned.bytes, "spared": pruned.spared})
}

#[cfg(test)]
mod tests {
    use super::parse_size;

    #[test]
    fn sizes_have_decimal_units() {
        let cases = [("0", 0), ("500MB", 500_000_000), ("2 gb", 2_000_000_000), ("1k", 1000)];
        for (text, expected) in cases {
            assert_eq!(parse_size(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn nonsense_sizes_are_refused() {
        for text in ["", "GB", "1.5GB", "-1", "2XB", "99999999999TB"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
