//! What a stage in another process tells: one JSON object a line, on a pipe.

use std::io::{self, BufRead as _, BufReader, PipeReader, Write};
use std::sync::{Mutex, PoisonError};

use rootfs_builder::progress::{Event, Progress};
use serde::{Deserialize, Serialize};

use crate::pack::Packed;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Line {
    Begun(String),
    Ended(String),
    Item(String),
    Tool(String, String),
    Note(String),
    Warning(String),
    Made(Packed),
    Failed { code: u8, text: String },
}

/// Sends events and the result.
pub(super) struct Sender<W> {
    output: Mutex<W>,
}

impl<W: Write> Sender<W> {
    pub(super) fn new(output: W) -> Self {
        Self { output: Mutex::new(output) }
    }

    pub(super) fn send(&self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        // Whoever panicked has written a whole line or none.
        self.output.lock().unwrap_or_else(PoisonError::into_inner).write_all(&text)
    }
}

impl<W: Write + Send> Progress for Sender<W> {
    fn report(&self, event: Event<'_>) {
        let line = match event {
            Event::StageBegun { stage } => Line::Begun(stage.to_owned()),
            Event::StageEnded { stage } => Line::Ended(stage.to_owned()),
            Event::ItemDone { item } => Line::Item(item.to_owned()),
            Event::ToolLine { tool, line } => Line::Tool(tool.to_owned(), line.to_owned()),
            Event::Note { text } => Line::Note(text.to_owned()),
            Event::Warning { text } => Line::Warning(text.to_owned()),
            // A stage downloads nothing.
            Event::DownloadPlanned { .. } | Event::Downloaded { .. } | Event::Discarded { .. } => {
                return;
            }
        };
        // Without anyone to listen, the build is about to be killed anyway.
        let _ = self.send(&line);
    }
}

/// Passes events on until the other end is closed, and returns the last word.
pub(super) fn listen(pipe: PipeReader, progress: &dyn Progress) -> io::Result<Option<Line>> {
    let mut last = None;
    for line in BufReader::new(pipe).lines() {
        match serde_json::from_str(&line?)? {
            Line::Begun(stage) => progress.report(Event::StageBegun { stage: &stage }),
            Line::Ended(stage) => progress.report(Event::StageEnded { stage: &stage }),
            Line::Item(item) => progress.report(Event::ItemDone { item: &item }),
            Line::Tool(tool, line) => {
                progress.report(Event::ToolLine { tool: &tool, line: &line });
            }
            Line::Note(text) => progress.report(Event::Note { text: &text }),
            Line::Warning(text) => progress.report(Event::Warning { text: &text }),
            word @ (Line::Made(_) | Line::Failed { .. }) => last = Some(word),
        }
    }
    Ok(last)
}
