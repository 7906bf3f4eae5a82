//! Keeps account of the stages: which are under way, how long each took, what it moved.

use std::time::{Duration, Instant};

use rootfs_builder::progress::Event;
use serde::Serialize;

/// The stages of one build.
pub struct Stages {
    start: Instant,
    open: Vec<(Stage, Instant)>,
    ended: Vec<Stage>,
}

/// One stage that is over.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stage {
    /// Its name.
    pub stage: String,
    /// When it began, in seconds since the start.
    pub begun: f64,
    /// How long it took.
    pub seconds: f64,
    /// How many packages or files it was done with.
    pub items: usize,
    /// How many files it downloaded.
    pub files: usize,
    /// How many bytes they had.
    pub bytes: u64,
}

#[derive(Serialize)]
struct Timings<'a> {
    seconds: f64,
    stages: &'a [Stage],
}

impl Stages {
    /// No stage has begun yet.
    pub fn new(start: Instant) -> Self {
        Self { start, open: Vec::new(), ended: Vec::new() }
    }

    /// Takes note of an event, and returns the stage that it ends.
    pub fn note(&mut self, event: &Event<'_>, now: Instant) -> Option<Stage> {
        match event {
            Event::StageBegun { stage } => {
                let begun = seconds(now - self.start);
                let stage = Stage {
                    stage: (*stage).to_owned(),
                    begun,
                    seconds: 0.0,
                    items: 0,
                    files: 0,
                    bytes: 0,
                };
                self.open.push((stage, now));
            }
            Event::StageEnded { stage } => {
                let position = self.open.iter().rposition(|(open, _)| open.stage == *stage)?;
                let (mut stage, begun) = self.open.remove(position);
                stage.seconds = seconds(now - begun);
                self.ended.push(stage.clone());
                return Some(stage);
            }
            Event::DownloadPlanned { items, bytes } => {
                if let Some((stage, _)) = self.open.last_mut() {
                    stage.files += items;
                    stage.bytes += bytes;
                }
            }
            Event::ItemDone { .. } => {
                if let Some((stage, _)) = self.open.last_mut() {
                    stage.items += 1;
                }
            }
            Event::Downloaded { .. }
            | Event::Discarded { .. }
            | Event::ToolLine { .. }
            | Event::Note { .. }
            | Event::Warning { .. } => {}
        }
        None
    }

    /// Seconds since the start.
    pub fn since_start(&self, now: Instant) -> f64 {
        seconds(now - self.start)
    }

    /// Everything measured, as JSON.
    pub fn timings(&self, now: Instant) -> serde_json::Result<String> {
        let timings = Timings { seconds: self.since_start(now), stages: &self.ended };
        Ok(serde_json::to_string_pretty(&timings)? + "\n")
    }
}

/// Whole milliseconds are as exact as anybody reads.
fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use rootfs_builder::progress::Event;

    use super::Stages;

    #[test]
    fn a_stage_counts_its_own_time_and_downloads() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut stages = Stages::new(start);
        stages.note(&Event::StageBegun { stage: "plan" }, at(0));
        stages.note(&Event::StageEnded { stage: "plan" }, at(200));
        stages.note(&Event::StageBegun { stage: "fetch" }, at(250));
        stages.note(&Event::DownloadPlanned { items: 2, bytes: 30 }, at(250));
        stages.note(&Event::ItemDone { item: "dpkg" }, at(300));
        let fetch = stages.note(&Event::StageEnded { stage: "fetch" }, at(1250)).unwrap();
        assert_eq!((fetch.begun, fetch.seconds), (0.25, 1.0));
        assert_eq!((fetch.items, fetch.files, fetch.bytes), (1, 2, 30));

        let timings: serde_json::Value =
            serde_json::from_str(&stages.timings(at(1300)).unwrap()).unwrap();
        assert_eq!(timings["seconds"], 1.3);
        assert_eq!(timings["stages"][0]["stage"], "plan");
        assert_eq!(timings["stages"][1]["seconds"], 1.0);
    }

    #[test]
    fn the_end_of_a_stage_that_never_began_is_nothing() {
        let now = Instant::now();
        assert_eq!(Stages::new(now).note(&Event::StageEnded { stage: "fetch" }, now), None);
    }
}
