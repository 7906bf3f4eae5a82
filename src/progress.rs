//! Tells a person or a program what a build is doing, on stderr.

mod bars;
mod json;
mod lines;
mod stages;
mod units;

use std::collections::HashSet;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rootfs_builder::progress::{Event, Progress};

use stages::Stages;
pub use units::{bytes as human_bytes, visible};

/// How progress is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reporting {
    /// How much is told.
    pub detail: Detail,
    /// Whether programs read it.
    pub json: bool,
    /// Whether the terminal can move its cursor.
    pub smart_terminal: bool,
    /// The file that gets the stages' durations.
    pub timings: Option<PathBuf>,
}

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Nothing.
    Silent,
    /// A line for each stage.
    Stages,
    /// A line for each package and each line of a tool.
    Items,
    /// What the libraries log, too.
    Everything,
}

/// Passes on the events of one build.
pub struct Reporter {
    reporting: Reporting,
    state: Mutex<State>,
}

struct State {
    stages: Stages,
    /// What was warned of: each retry would say it again.
    warnings: HashSet<String>,
    sink: Sink,
}

enum Sink {
    Nothing,
    Bars(bars::Bars),
    Lines,
    Json(json::Json),
}

impl Reporter {
    /// Starts the clock.
    pub fn start(reporting: Reporting) -> Self {
        let sink = match (reporting.detail, reporting.json) {
            (Detail::Silent, _) => Sink::Nothing,
            (_, true) => Sink::Json(json::Json::default()),
            (Detail::Everything, false) => Sink::Lines,
            (_, false) if reporting.smart_terminal && std::io::stderr().is_terminal() => {
                Sink::Bars(bars::Bars::new())
            }
            (_, false) => Sink::Lines,
        };
        if reporting.detail == Detail::Everything {
            show_library_logs(reporting.json);
        }
        let stages = Stages::new(Instant::now());
        let state = State { stages, warnings: HashSet::new(), sink };
        Self { reporting, state: Mutex::new(state) }
    }

    /// Clears the bars and writes the timings file, if one was asked for.
    pub fn finish(self) -> anyhow::Result<()> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Sink::Bars(bars) = &state.sink {
            bars.clear();
        }
        if let Some(path) = &self.reporting.timings {
            fs_err::write(path, state.stages.timings(Instant::now())?)?;
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A thread that died while it reported leaves at worst one wrong count behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Reporter {
    fn report(&self, event: Event<'_>) {
        let now = Instant::now();
        let mut state = self.state();
        let State { stages, warnings, sink } = &mut *state;
        let ended = stages.note(&event, now);
        if is_repeated(warnings, &event) {
            return;
        }
        let is_item = matches!(event, Event::ItemDone { .. } | Event::ToolLine { .. });
        let is_told = !is_item || self.reporting.detail >= Detail::Items;
        match sink {
            Sink::Bars(bars) => bars.show(&event, ended.as_ref(), is_told),
            Sink::Lines if is_told => lines::show(&event, ended.as_ref()),
            Sink::Json(json) if is_told => {
                json.show(&event, ended.as_ref(), stages.since_start(now));
            }
            Sink::Nothing | Sink::Lines | Sink::Json(_) => {}
        }
    }
}

/// Whether the event is a warning that was given before.
fn is_repeated(warnings: &mut HashSet<String>, event: &Event<'_>) -> bool {
    // A hostile mirror may have many things to warn of; memory ends here, the warnings do not.
    const REMEMBERED_MAX: usize = 1000;
    match event {
        Event::Warning { text } if warnings.len() < REMEMBERED_MAX => {
            !warnings.insert((*text).to_owned())
        }
        Event::Warning { text } => warnings.contains(*text),
        _ => false,
    }
}

fn show_library_logs(json: bool) {
    let logs = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing::Level::DEBUG)
        .without_time();
    // Only the first subscriber of a process counts; there is no second in the command.
    let _ = if json { logs.json().try_init() } else { logs.try_init() };
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rootfs_builder::progress::Event;

    use super::is_repeated;

    #[test]
    fn a_warning_is_given_once() {
        let mut warnings = HashSet::new();
        let mut given = |text| is_repeated(&mut warnings, &Event::Warning { text });
        assert_eq!([given("a"), given("b"), given("a")], [false, false, true]);
        assert!(!is_repeated(&mut warnings, &Event::Note { text: "a" }));
    }
}
