//! Why an agent could not be built.

use std::io;
use std::path::PathBuf;

/// Why an agent could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Nothing in a directory says how to build it.
    #[error(
        "{directory} holds no agent's sources: there is neither a Cargo.toml nor a Makefile in it"
    )]
    NoProject {
        /// The directory.
        directory: PathBuf,
    },
    /// A path cannot be read.
    #[error("read {path}")]
    Read {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The sources cannot be copied.
    #[error("copy {path}")]
    Copy {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The sources are larger than any agent's.
    #[error("{directory} is too large to be an agent's sources")]
    TooLarge {
        /// The directory.
        directory: PathBuf,
    },
    /// The working directory cannot be used.
    #[error("use {directory}")]
    Work {
        /// The directory.
        directory: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A tool of the host cannot be started.
    #[error("start {program}, which the agent's sources need")]
    Start {
        /// The tool.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// A tool of the host ended badly.
    #[error("{command}: {status}\n{}", .tail.join("\n"))]
    Failed {
        /// The tool and its arguments.
        command: String,
        /// How it ended.
        status: String,
        /// The last lines that it wrote.
        tail: Vec<String>,
    },
    /// The host's Rust cannot build for the guest.
    #[error(
        "this machine's Rust builds nothing for {}: run `rustup target add {}`",
        .targets.join(" or "), .targets.first().map_or("", String::as_str)
    )]
    NoTarget {
        /// What could be built for, the best first.
        targets: Vec<String>,
    },
    /// A project makes no program, or not the one that was named.
    #[error("{directory} makes no program {wanted}")]
    NoProgram {
        /// The sources.
        directory: PathBuf,
        /// Which program was looked for.
        wanted: String,
    },
    /// A project makes several programs.
    #[error(
        "{directory} makes several programs, {}: say which is the agent with --agent-name",
        .programs.join(", ")
    )]
    SeveralPrograms {
        /// The sources.
        directory: PathBuf,
        /// Their names.
        programs: Vec<String>,
    },
}
