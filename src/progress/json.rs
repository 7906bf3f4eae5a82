//! Progress as one JSON object per line, for programs.

use std::io::Write as _;

use rootfs_builder::progress::Event;
use serde_json::{Value, json};

use super::stages::Stage;

// Often enough for a progress bar, seldom enough for a log.
const SECONDS_BETWEEN_COUNTS: f64 = 0.5;

/// What has to be remembered between two lines.
#[derive(Default)]
pub struct Json {
    downloaded: u64,
    counted_at: Option<f64>,
}

impl Json {
    /// Writes the line that an event is worth, if it is worth one.
    pub fn show(&mut self, event: &Event<'_>, ended: Option<&Stage>, at: f64) {
        if let Some(mut object) = self.object(event, ended, at) {
            object["at"] = json!(at);
            // Nobody is left to be told when stderr is closed.
            let _ = writeln!(std::io::stderr().lock(), "{object}");
        }
    }

    fn object(&mut self, event: &Event<'_>, ended: Option<&Stage>, at: f64) -> Option<Value> {
        Some(match event {
            Event::StageBegun { stage } => json!({"event": "stage-begun", "stage": stage}),
            Event::StageEnded { .. } => {
                let ended = ended?;
                json!({
                    "event": "stage-ended", "stage": ended.stage, "seconds": ended.seconds,
                    "items": ended.items, "files": ended.files, "bytes": ended.bytes,
                })
            }
            Event::DownloadPlanned { items, bytes } => {
                json!({"event": "download-planned", "files": items, "bytes": bytes})
            }
            Event::Downloaded { bytes } => {
                self.downloaded = self.downloaded.saturating_add(*bytes);
                return self.count(at);
            }
            Event::Discarded { bytes } => {
                self.downloaded = self.downloaded.saturating_sub(*bytes);
                return self.count(at);
            }
            Event::ItemDone { item } => json!({"event": "item-done", "item": item}),
            Event::ToolLine { tool, line } => {
                json!({"event": "tool-line", "tool": tool, "line": line})
            }
            Event::Note { text } => json!({"event": "note", "text": text}),
            Event::Warning { text } => json!({"event": "warning", "text": text}),
        })
    }

    fn count(&mut self, at: f64) -> Option<Value> {
        let is_due = self.counted_at.is_none_or(|last| at - last >= SECONDS_BETWEEN_COUNTS);
        is_due.then(|| {
            self.counted_at = Some(at);
            json!({"event": "downloaded", "bytes": self.downloaded})
        })
    }
}

#[cfg(test)]
mod tests {
    use rootfs_builder::progress::Event;
    use serde_json::json;

    use super::Json;

    #[test]
    fn downloads_are_counted_twice_a_second() {
        let mut json = Json::default();
        let mut at = |at| json.object(&Event::Downloaded { bytes: 10 }, None, at);
        assert_eq!(at(0.0), Some(json!({"event": "downloaded", "bytes": 10})));
        assert_eq!(at(0.1), None);
        assert_eq!(at(0.4), None);
        assert_eq!(at(0.6), Some(json!({"event": "downloaded", "bytes": 40})));
    }

    #[test]
    fn hostile_text_stays_one_line() {
        let event = Event::Warning { text: "a\n\"b\"" };
        let object = Json::default().object(&event, None, 0.0).unwrap();
        assert_eq!(object.to_string(), r#"{"event":"warning","text":"a\n\"b\""}"#);
    }
}
