//! Turns whatever went wrong into words, hints and an exit code.

mod hints;
mod interrupt;

use std::io::{self, Write as _};
use std::panic;
use std::process::ExitCode;

use crate::cli::environment;
use crate::progress::visible;

/// What kind of thing went wrong; each has its own exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The machine could not: disk, permissions, memory.
    Machine,
    /// The recipe asks for something that cannot be.
    Recipe,
    /// A download or a signature is wrong.
    Source,
    /// A tool or a script failed.
    Tool,
    /// osb has a bug.
    Bug,
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Self::Machine => 1,
            Self::Recipe => 2,
            Self::Source => 3,
            Self::Tool => 4,
            Self::Bug => 70,
        }
    }
}

/// What went wrong in another process of this program, already in words.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct Relayed {
    /// The exit code that goes with it.
    pub code: u8,
    /// The message and its hints, as they are printed.
    pub text: String,
}

impl Relayed {
    /// A bug that the other process has told of.
    pub fn bug() -> Self {
        Self { code: Kind::Bug.code(), text: String::new() }
    }
}

/// The person or a supervisor asked the build to stop.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted {
    signal: u8,
}

impl Interrupted {
    /// The interruption that a signal is; none if it is of another kind.
    pub fn by(signal: i32) -> Option<Self> {
        let is_request = interrupt::SIGNALS.contains(&signal);
        u8::try_from(signal).ok().filter(|_| is_request).map(|signal| Self { signal })
    }

    /// What a shell reports of a process that died of the signal.
    pub fn code(&self) -> u8 {
        128 + self.signal
    }
}

/// The exit code of a process of this program that panicked.
pub const PANIC_CODE: i32 = 101;

/// Nothing on this host can run packages' scripts.
#[derive(Debug, thiserror::Error)]
#[error("nothing on this machine can run packages' scripts{}", reasons(.0))]
pub struct NoRung(pub sandbox::HostReport);

fn reasons(report: &sandbox::HostReport) -> String {
    let reason = |rung: &sandbox::RungReport| match &rung.verdict {
        sandbox::Verdict::Works => String::new(),
        sandbox::Verdict::Missing { reason, .. } => format!("\n{}: {reason}", rung.rung),
    };
    report.rungs.iter().map(reason).collect()
}

/// An error in the words in which the process that was asked for it will print it.
pub fn to_relay(error: &anyhow::Error) -> Relayed {
    let (kind, hints) = hints::diagnose(error);
    Relayed { code: kind.code(), text: describe(error, &hints) }
}

/// Has every panic of this process reported as the bug that it is.
pub fn report_bugs() {
    panic::set_hook(Box::new(|bug| write_error(&bug_report(&bug.to_string()))));
}

/// Runs the command, and reports its failure if it has one.
pub fn guard(command: fn() -> anyhow::Result<ExitCode>) -> ExitCode {
    interrupt::watch();
    match panic::catch_unwind(command) {
        Ok(Ok(code)) => code,
        Ok(Err(error)) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Ok(Err(error)) if error.is::<Interrupted>() => {
            interrupt::tell();
            error.downcast_ref().map_or(1, Interrupted::code).into()
        }
        Ok(Err(error)) => {
            let Relayed { code, text } = match error.downcast::<Relayed>() {
                Ok(relayed) => relayed,
                Err(error) => to_relay(&error),
            };
            write_error(&text);
            code.into()
        }
        // The hook has said everything.
        Err(_) => Kind::Bug.code().into(),
    }
}

/// A reader that has seen enough (`osb inspect | head`) is no failure.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// The chain of causes on one line, then the hints.
fn describe(error: &anyhow::Error, hints: &[String]) -> String {
    let mut layers: Vec<String> = Vec::new();
    for layer in error.chain().map(ToString::to_string) {
        // A library's error may repeat its cause in its own words.
        if layers.last().is_none_or(|last| !last.ends_with(&layer)) {
            layers.push(layer);
        }
    }
    let mut text = format!("error: {}\n", indented(&layers.join(": ")));
    for hint in hints {
        text += &format!("hint: {}\n", indented(hint));
    }
    text
}

fn bug_report(bug: &str) -> String {
    format!(
        "error: this is a bug in osb {}: {}\n\
         hint: please report it with the command that you ran and the lines above\n",
        env!("CARGO_PKG_VERSION"),
        indented(bug),
    )
}

/// Makes text from outside harmless to a terminal and its further lines visibly part of it.
fn indented(text: &str) -> String {
    text.trim_end().lines().map(visible).collect::<Vec<_>>().join("\n  ")
}

fn write_error(text: &str) {
    use io::IsTerminal as _;
    let mut stderr = io::stderr().lock();
    let coloured = stderr.is_terminal() && environment::wants_colours();
    let text = if coloured { with_colours(text) } else { text.to_owned() };
    // Nobody is left to be told when stderr is closed.
    let _ = stderr.write_all(text.as_bytes());
}

fn with_colours(text: &str) -> String {
    const WORDS: [(&str, &str); 2] = [("error:", "\u{1b}[1;31m"), ("hint:", "\u{1b}[1;36m")];
    let colour = |line: &str| {
        let word = WORDS.iter().find(|(word, _)| line.starts_with(word));
        word.map_or_else(
            || line.to_owned(),
            |(word, start)| format!("{start}{word}\u{1b}[0m{}", &line[word.len()..]),
        )
    };
    text.lines().map(|line| colour(line) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use std::io;

    use anyhow::Context as _;

    use super::{bug_report, describe, with_colours};

    #[test]
    fn the_chain_of_causes_is_one_line() {
        let cause = io::Error::other("connection reset");
        let error = Err::<(), _>(cause).context("fetch dpkg").context("build").unwrap_err();
        let text = describe(&error, &["try again".into()]);
        assert_eq!(text, "error: build: fetch dpkg: connection reset\nhint: try again\n");
    }

    #[test]
    fn a_cause_that_was_already_said_is_not_said_again() {
        let inner = anyhow::anyhow!("no space left");
        let error = inner.context("write: no space left");
        assert_eq!(describe(&error, &[]), "error: write: no space left\n");
    }

    #[test]
    fn several_lines_stay_together_and_hold_no_control_characters() {
        let error = anyhow::anyhow!("dpkg said:\nerror: \u{1b}[2J");
        assert_eq!(describe(&error, &[]), "error: dpkg said:\n  error: \\u{1b}[2J\n");
    }

    #[test]
    fn a_panic_is_called_a_bug() {
        let text = bug_report("panicked at src/x.rs:1:2:\nindex out of bounds");
        assert!(text.starts_with("error: this is a bug in osb "), "{text}");
        assert!(text.contains("hint: please report it"), "{text}");
    }

    #[test]
    fn only_the_first_words_are_coloured() {
        let text = with_colours("error: an error: here\n  indented\nhint: do\n");
        assert_eq!(text.matches('\u{1b}').count(), 4);
        assert!(text.contains("\u{1b}[0m an error: here\n  indented\n"), "{text}");
    }
}
