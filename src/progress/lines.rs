//! Progress as plain lines: for logs, pipes and terminals that cannot do better.

use std::io::Write as _;

use rootfs_builder::progress::Event;

use super::stages::Stage;
use super::units::{bytes, seconds, visible};

/// Writes the line that an event is worth, if it is worth one.
pub fn show(event: &Event<'_>, ended: Option<&Stage>) {
    if let Some(line) = line(event, ended) {
        // Nobody is left to be told when stderr is closed.
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }
}

/// The line that an event is worth.
pub fn line(event: &Event<'_>, ended: Option<&Stage>) -> Option<String> {
    match event {
        Event::StageEnded { .. } => ended.map(summary),
        Event::ItemDone { item } => Some(format!("  {}", visible(item))),
        Event::ToolLine { tool, line } => Some(format!("  {}: {}", visible(tool), visible(line))),
        Event::Note { text } => Some(visible(text)),
        Event::Warning { text } => Some(format!("warning: {}", visible(text))),
        Event::StageBegun { .. }
        | Event::DownloadPlanned { .. }
        | Event::Downloaded { .. }
        | Event::Discarded { .. } => None,
    }
}

/// One line for a stage: `fetch      96 files, 38.2 MB, 1.2 s`.
fn summary(stage: &Stage) -> String {
    let mut facts = Vec::new();
    if stage.files > 0 {
        facts.push(format!("{} files, {}", stage.files, bytes(stage.bytes)));
    } else if stage.items > 0 {
        facts.push(format!("{} items", stage.items));
    }
    facts.push(seconds(stage.seconds));
    format!("{:<10} {}", visible(&stage.stage), facts.join(", "))
}

#[cfg(test)]
mod tests {
    use rootfs_builder::progress::Event;

    use super::{Stage, line};

    fn stage(items: usize, files: usize, bytes: u64) -> Stage {
        Stage { stage: "fetch".into(), begun: 0.0, seconds: 1.24, items, files, bytes }
    }

    fn check(ended: &Stage, expected: &str) {
        let event = Event::StageEnded { stage: "fetch" };
        assert_eq!(line(&event, Some(ended)).unwrap(), expected);
    }

    #[test]
    fn a_stage_is_one_line() {
        check(&stage(96, 96, 38_200_000), "fetch      96 files, 38.2 MB, 1.2 s");
        check(&stage(96, 0, 0), "fetch      96 items, 1.2 s");
        check(&stage(0, 0, 0), "fetch      1.2 s");
    }

    #[test]
    fn single_downloads_make_no_line() {
        assert_eq!(line(&Event::Downloaded { bytes: 4096 }, None), None);
    }

    #[test]
    fn a_tool_cannot_move_the_cursor() {
        let event = Event::ToolLine { tool: "dpkg", line: "\u{1b}[1A gone" };
        assert_eq!(line(&event, None).unwrap(), "  dpkg: \\u{1b}[1A gone");
    }
}
