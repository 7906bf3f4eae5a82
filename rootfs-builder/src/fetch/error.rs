//! What can go wrong when something is fetched.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::decompress::DecompressError;
use crate::digest::Digest;
use crate::store::StoreError;

/// Why something could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address is of a kind that is not understood.
    #[error("{url:?} is neither an http, https or file address nor a path")]
    Address {
        /// The address.
        url: String,
    },
    /// The proxy's address makes no sense.
    #[error("{proxy:?} is not the address of a proxy")]
    Proxy {
        /// The address.
        proxy: String,
    },
    /// Files are needed that the store lacks, and the network may not be used.
    #[error("not in the store, and --offline forbids to download: {}", shorten(missing))]
    Offline {
        /// The names of what is missing.
        missing: Vec<String>,
    },
    /// The server does not have it.
    #[error("{url}: not found")]
    NotFound {
        /// The address.
        url: String,
    },
    /// The server refuses or is in trouble.
    #[error("{url}: server answers {status}")]
    Status {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
    },
    /// Nothing came for too long.
    #[error("{url}: nothing came for {} s", after.as_secs_f32())]
    Stalled {
        /// The address.
        url: String,
        /// How long nothing came.
        after: Duration,
    },
    /// Too little came for too long.
    #[error("{url}: only {bytes} bytes came in {} s", over.as_secs_f32())]
    TooSlow {
        /// The address.
        url: String,
        /// How much came.
        bytes: u64,
        /// In which time.
        over: Duration,
    },
    /// The connection could not be made, or broke.
    #[error("{url}: connection failed")]
    Connection {
        /// The address.
        url: String,
        /// The cause.
        source: io::Error,
    },
    /// The server's identity could not be established.
    #[error("{url}: secure connection failed")]
    Tls {
        /// The address.
        url: String,
        /// The cause.
        source: io::Error,
    },
    /// Fewer bytes came than the server had announced.
    #[error("{url}: connection ended after {actual} of {expected} bytes")]
    Short {
        /// The address.
        url: String,
        /// How many must come.
        expected: u64,
        /// How many came.
        actual: u64,
    },
    /// The file has another size than the index says.
    #[error("{url}: size is {actual} bytes, index says {expected}")]
    Size {
        /// The address.
        url: String,
        /// What the index says.
        expected: u64,
        /// What the server has; at least this much if it was cut off.
        actual: u64,
    },
    /// A document is larger than any such document.
    #[error("{url}: larger than {limit} bytes")]
    TooLarge {
        /// The address.
        url: String,
        /// What is allowed.
        limit: u64,
    },
    /// The file is another one than the index says.
    #[error("{url}: digest is {actual}, index says {expected}")]
    Digest {
        /// The address.
        url: String,
        /// What the index says.
        expected: Digest,
        /// What came.
        actual: Digest,
    },
    /// The file is not what the index's proof is of.
    #[error("{url}: {problem}")]
    Unproven {
        /// The address.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The server sends in circles.
    #[error("{url}: redirected in a circle")]
    RedirectLoop {
        /// The address where it began.
        url: String,
    },
    /// The server sends on and on.
    #[error("{url}: redirected more than {limit} times")]
    RedirectLimit {
        /// The address where it began.
        url: String,
        /// How many redirections are followed.
        limit: usize,
    },
    /// The server sends to a place that must not be followed.
    #[error("{url}: redirected to {target:?}, which is not followed")]
    RedirectRefused {
        /// The address that redirected.
        url: String,
        /// Where to.
        target: String,
    },
    /// A local file could not be read.
    #[error("read {}", path.display())]
    Local {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// No address served it.
    #[error("fetch {name}: none of {addresses} addresses served it")]
    Exhausted {
        /// The name of what was to be fetched.
        name: String,
        /// How many addresses were tried.
        addresses: usize,
        /// The gravest of the failures.
        source: Box<FetchError>,
    },
    /// An index could not be decompressed.
    #[error("decompress {name}")]
    Decompress {
        /// The index.
        name: String,
        /// The cause.
        source: DecompressError,
    },
    /// Another download failed, so this one was given up.
    #[error("given up because another download failed")]
    Cancelled,
    /// The store could not keep it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Ask the same server again.
    Retry,
    /// Ask the next server.
    NextAddress,
    /// Nothing helps.
    GiveUp,
}

impl FetchError {
    pub(super) fn remedy(&self) -> Remedy {
        match self {
            Self::Stalled { .. }
            | Self::TooSlow { .. }
            | Self::Connection { .. }
            | Self::Short { .. } => Remedy::Retry,
            Self::Status { status: 408 | 425 | 429 | 500..=599, .. } => Remedy::Retry,
            Self::Address { .. }
            | Self::NotFound { .. }
            | Self::Status { .. }
            | Self::Tls { .. }
            | Self::Size { .. }
            | Self::TooLarge { .. }
            | Self::Digest { .. }
            | Self::Unproven { .. }
            | Self::RedirectLoop { .. }
            | Self::RedirectLimit { .. }
            | Self::RedirectRefused { .. }
            | Self::Local { .. } => Remedy::NextAddress,
            Self::Proxy { .. }
            | Self::Offline { .. }
            | Self::Exhausted { .. }
            | Self::Decompress { .. }
            | Self::Cancelled
            | Self::Store(_) => Remedy::GiveUp,
        }
    }

    /// Whether no server has it, as opposed to any other trouble.
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::NotFound { .. } => true,
            Self::Exhausted { source, .. } => source.is_not_found(),
            _ => false,
        }
    }

    /// How much a user needs to know of this failure rather than of another mirror's.
    pub(super) fn gravity(&self) -> u8 {
        match self {
            Self::Digest { .. } | Self::Unproven { .. } => 4,
            Self::Size { .. } | Self::TooLarge { .. } | Self::RedirectRefused { .. } => 3,
            Self::NotFound { .. } => 1,
            _ => 2,
        }
    }
}

fn shorten(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut text = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}
