//! What a build tells whoever watches it, as it happens.

/// Something that happened during a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// A stage has begun.
    StageBegun {
        /// The stage's name: `fetch`, `unpack`.
        stage: &'a str,
    },
    /// The stage of that name is over.
    StageEnded {
        /// The stage's name.
        stage: &'a str,
    },
    /// So much more has been found to be downloaded.
    DownloadPlanned {
        /// How many files.
        items: usize,
        /// How many bytes they have together.
        bytes: u64,
    },
    /// Bytes have arrived.
    Downloaded {
        /// How many since the last such event.
        bytes: u64,
    },
    /// Bytes that were reported as downloaded were of no use and will come again.
    Discarded {
        /// How many.
        bytes: u64,
    },
    /// One file is there, or one package is done.
    ItemDone {
        /// Its name.
        item: &'a str,
    },
    /// A tool in the sandbox wrote a line.
    ToolLine {
        /// The tool's name.
        tool: &'a str,
        /// The line, without its end.
        line: &'a str,
    },
    /// Something worth knowing.
    Note {
        /// One sentence.
        text: &'a str,
    },
    /// Something went wrong that the build gets around.
    Warning {
        /// One sentence.
        text: &'a str,
    },
}

/// Watches a build; called from several threads.
pub trait Progress: Sync {
    /// Takes note of one event.
    fn report(&self, event: Event<'_>);
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _event: Event<'_>) {}
}
