//! Progress as bars at the bottom of a terminal, with the finished stages above them.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use rootfs_builder::progress::Event;

use super::lines;
use super::stages::Stage;
use super::units::visible;

// A terminal's worth of redraws for a person, and next to none for the processor.
const REDRAWS_PER_SECOND: u8 = 10;

/// One line for the stage under way and, while something is downloaded, one for that.
pub struct Bars {
    all: MultiProgress,
    stage: Option<ProgressBar>,
    download: Option<ProgressBar>,
}

impl Bars {
    /// Shows nothing yet.
    pub fn new() -> Self {
        let target = ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_SECOND);
        Self { all: MultiProgress::with_draw_target(target), stage: None, download: None }
    }

    /// Shows an event; `is_told` says whether it also gets a line that stays.
    pub fn show(&mut self, event: &Event<'_>, ended: Option<&Stage>, is_told: bool) {
        match event {
            Event::StageBegun { stage } => self.begin(stage),
            Event::StageEnded { .. } => self.end(),
            Event::DownloadPlanned { bytes, .. } => self.plan_download(*bytes),
            Event::Downloaded { bytes } => {
                self.download.iter().for_each(|bar| bar.inc(*bytes));
            }
            Event::Discarded { bytes } => {
                self.download.iter().for_each(|bar| bar.dec(*bytes));
            }
            Event::ItemDone { item } => self.mention(item),
            Event::ToolLine { line, .. } => self.mention(line),
            Event::Note { .. } | Event::Warning { .. } => {}
        }
        if let Some(line) = lines::line(event, ended).filter(|_| is_told) {
            // Nobody is left to be told when stderr is closed.
            let _ = self.all.println(line);
        }
    }

    /// Takes the bars off the terminal.
    pub fn clear(&self) {
        // As above: a closed terminal needs no clearing.
        let _ = self.all.clear();
    }

    fn begin(&mut self, stage: &str) {
        let bar = self.stage.get_or_insert_with(|| {
            let bar = ProgressBar::new_spinner().with_style(style("{spinner} {prefix} {wide_msg}"));
            let bar = self.all.add(bar);
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        bar.set_prefix(format!("{:<8}", visible(stage)));
        bar.set_message("");
    }

    fn end(&mut self) {
        if let Some(bar) = self.download.take_if(|bar| bar.length() <= Some(bar.position())) {
            bar.finish_and_clear();
        }
        if let Some(bar) = &self.stage {
            bar.set_prefix("");
        }
        self.mention("");
    }

    fn plan_download(&mut self, bytes: u64) {
        let bar = self.download.get_or_insert_with(|| {
            const TEMPLATE: &str =
                "  download {wide_bar} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec}";
            self.all.add(ProgressBar::new(0).with_style(style(TEMPLATE)))
        });
        bar.inc_length(bytes);
    }

    fn mention(&self, text: &str) {
        if let Some(bar) = &self.stage {
            bar.set_message(visible(text));
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are the constants above; the default look is the fallback for a typo in them.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
