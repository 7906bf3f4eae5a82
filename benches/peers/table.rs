//! What must be reached, and whether it was.

use std::collections::BTreeMap;

use super::measure::{Memory, Samples};
use super::ways::Way;

/// What must be reached by one way of osb.
pub struct Row {
    work: &'static str,
    osb: Way,
    limit: Limit,
}

enum Limit {
    /// The part of a peer's time, both measured in the same run.
    Of(Way, f64),
    Milliseconds(f64),
}

const MEMORY_LIMIT_BYTES: u64 = 256 << 20;

const COLD: &str = "base to a directory, nothing cached";
const STORED: &str = "base to a directory, packages in the store";
const KEPT: &str = "the same, built before to another place";

/// The rows of the design's table.
pub const ROWS: &[Row] = &[
    Row { work: COLD, osb: Way::OsbCold, limit: Limit::Of(Way::Mmdebstrap, 1.0 / 3.0) },
    Row { work: COLD, osb: Way::OsbCold, limit: Limit::Of(Way::Debootstrap, 1.0 / 8.0) },
    Row { work: COLD, osb: Way::OsbCold, limit: Limit::Of(Way::RdebootstrapCold, 0.6) },
    Row { work: STORED, osb: Way::OsbStored, limit: Limit::Of(Way::Mmdebstrap, 1.0 / 6.0) },
    Row { work: STORED, osb: Way::OsbStored, limit: Limit::Of(Way::RdebootstrapCached, 0.25) },
    Row { work: KEPT, osb: Way::OsbKept, limit: Limit::Of(Way::Mmdebstrap, 1.0 / 6.0) },
    Row { work: KEPT, osb: Way::OsbKept, limit: Limit::Of(Way::RdebootstrapCached, 0.25) },
    Row {
        work: "base to a tar, packages in the store",
        osb: Way::OsbStoredTar,
        limit: Limit::Of(Way::Mmdebstrap, 1.0 / 6.0),
    },
    Row {
        work: "unchanged directory still in place",
        osb: Way::OsbAgainDirectory,
        limit: Limit::Milliseconds(50.0),
    },
    Row {
        work: "unchanged tar still in place",
        osb: Way::OsbAgainTar,
        limit: Limit::Milliseconds(50.0),
    },
    Row {
        work: "unchanged directory, --locked",
        osb: Way::OsbAgainLocked,
        limit: Limit::Milliseconds(50.0),
    },
    Row { work: "osb --version", osb: Way::OsbVersion, limit: Limit::Milliseconds(10.0) },
];

impl Row {
    /// The row with what was measured, as a person reads it; none if osb was not.
    pub fn text(&self, samples: &BTreeMap<Way, Samples>) -> Option<String> {
        let Self { work, osb, limit } = self;
        let ours = samples.get(osb)?;
        let (peer, reached, required) = match limit {
            Limit::Of(peer, part) => {
                let Some(theirs) = samples.get(peer) else {
                    return Some(format!("{work}: without {peer:?}; osb {}", times(ours)));
                };
                let ratio = ours.median() / theirs.median();
                let peer = format!("{peer:?} {}", times(theirs));
                (peer, format!("{ratio:.3}"), (ratio <= *part, format!("{part:.3}")))
            }
            Limit::Milliseconds(limit) => {
                let milliseconds = ours.median() * 1e3;
                let required = (milliseconds <= *limit, format!("{limit} ms"));
                (String::new(), format!("{milliseconds:.1} ms"), required)
            }
        };
        let (is_reached, required) = required;
        let verdict = yes_or_no(is_reached);
        Some(format!(
            "{work:<43} {peer:<42} osb {:<22} {reached:>8} <= {required:<6} {verdict}",
            times(ours)
        ))
    }
}

/// What a build held in memory, as a person reads it.
pub fn memory_line(way: Way, memory: &Memory) -> String {
    let verdict = yes_or_no(memory.together_bytes <= MEMORY_LIMIT_BYTES);
    let [largest, together, limit] =
        [memory.largest_bytes, memory.together_bytes, MEMORY_LIMIT_BYTES].map(|bytes| bytes >> 20);
    format!(
        "peak memory, {way:?}: {together} MiB in all processes together \
         ({largest} MiB in the largest) <= {limit} MiB {verdict}"
    )
}

/// What an unchanged rebuild started, as a person reads it.
pub fn processes_line(way: Way, started: Option<usize>) -> String {
    match started {
        Some(count) => {
            format!("processes started, {way:?}: {count} <= 0 {}", yes_or_no(count == 0))
        }
        None => format!("processes started, {way:?}: not counted"),
    }
}

fn times(samples: &Samples) -> String {
    let (shortest, longest) = samples.range();
    format!("{:.3} s ({shortest:.3} to {longest:.3})", samples.median())
}

fn yes_or_no(is_reached: bool) -> &'static str {
    if is_reached { "yes" } else { "NO" }
}
