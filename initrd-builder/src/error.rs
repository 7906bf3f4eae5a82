//! Why an initrd could not be written or read.

use std::io;
use std::path::PathBuf;

use tree::GuestPath;

use crate::compression::Compression;

/// Why an initrd could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The compression has no such level.
    #[error("{compression} has no level {level}, only {} to {}", compression.levels().start(), compression.levels().end())]
    Level {
        /// The compression.
        compression: Compression,
        /// The level that was asked for.
        level: u32,
    },
    /// The tree has no program that the kernel could start.
    #[error("the tree has no init: none of {} is an executable file", paths(.candidates))]
    NoInit {
        /// Where it could have been.
        candidates: Vec<GuestPath>,
    },
    /// The agent should be init, but something else is in its place.
    #[error("the agent is not init: {path} is {other}")]
    AgentNotInit {
        /// Where the agent should be.
        path: GuestPath,
        /// What is there.
        other: GuestPath,
    },
    /// What the kernel starts leads to no executable file.
    #[error("{path} is there, but leads to no executable file")]
    BrokenInit {
        /// What the kernel starts.
        path: GuestPath,
    },
    /// The tree cannot be changed, or stored in an archive.
    #[error("pack the tree")]
    Pack(#[source] tree::Error),
    /// A compressor failed, or the output does not accept what is written.
    #[error("compress with {compression}")]
    Compress {
        /// The compression.
        compression: Compression,
        /// Why.
        source: io::Error,
    },
    /// The output does not accept what is written.
    #[error("write")]
    Output(#[source] io::Error),
    /// An initrd cannot be read.
    #[error("read {file}")]
    File {
        /// The initrd.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What lies at some place in an initrd is no archive.
    #[error("{file}: {found} at byte {offset}")]
    NoArchive {
        /// The initrd.
        file: PathBuf,
        /// Where.
        offset: u64,
        /// What is there instead.
        found: &'static str,
    },
    /// A compressed archive is not what it claims to be.
    #[error("{file}: the {compression} data at byte {offset} is damaged")]
    Damaged {
        /// The initrd.
        file: PathBuf,
        /// How the archive is compressed.
        compression: Compression,
        /// Where it begins.
        offset: u64,
        /// Why.
        source: io::Error,
    },
    /// The archives are larger than allowed once they are decompressed.
    #[error("{file}: decompresses to more than {limit} bytes")]
    TooLarge {
        /// The initrd.
        file: PathBuf,
        /// What was allowed.
        limit: u64,
    },
    /// There are more archives in one file than in any real one.
    #[error("{file}: more than {limit} archives in one file")]
    TooMany {
        /// The initrd.
        file: PathBuf,
        /// What was allowed.
        limit: usize,
    },
    /// Decompressed bytes cannot be stored.
    #[error("write {file}")]
    Scratch {
        /// Where they were to be stored.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An archive's members make no tree.
    #[error("unpack the archive")]
    Unpack(#[source] tree::Error),
}

fn paths(paths: &[GuestPath]) -> String {
    paths.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
