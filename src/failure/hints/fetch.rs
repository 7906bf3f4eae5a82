//! Failures on the way from a mirror into the store.

use std::error::Error;

use rootfs_builder::decompress::DecompressError;
use rootfs_builder::fetch::FetchError;
use rootfs_builder::store::StoreError;

use super::{Diagnosis, Kind, as_a};

/// Knows the errors of fetching and of the store.
pub fn diagnose(layer: &(dyn Error + 'static)) -> Option<Diagnosis> {
    if let Some(error) = as_a::<FetchError>(layer) {
        return Some(of_fetch(error));
    }
    if let Some(error) = as_a::<StoreError>(layer) {
        return Some(of_store(error));
    }
    as_a::<DecompressError>(layer).map(of_decompress)
}

fn of_fetch(error: &FetchError) -> Diagnosis {
    let hint = match error {
        FetchError::Address { .. } | FetchError::Proxy { .. } => return (Kind::Recipe, Vec::new()),
        FetchError::Store(error) => return of_store(error),
        FetchError::Offline { .. } => Some("run it once without --offline"),
        FetchError::Digest { .. } | FetchError::Size { .. } | FetchError::Unproven { .. } => Some(
            "the mirror may be in the middle of an update, or serve something else than was \
             signed: try again later, or name another one with --mirror",
        ),
        FetchError::NotFound { .. } => Some(
            "an archive that moved on no longer has the file: `osb plan` decides anew, and --mirror \
             names a mirror that keeps old files",
        ),
        FetchError::Tls { .. } => Some(
            "check this machine's clock and its certificates (apt-get install ca-certificates)",
        ),
        FetchError::Connection { .. }
        | FetchError::Stalled { .. }
        | FetchError::TooSlow { .. }
        | FetchError::Short { .. } => {
            Some("check the network and the proxy variables, or name another mirror with --mirror")
        }
        FetchError::Status { .. }
        | FetchError::TooLarge { .. }
        | FetchError::RedirectLoop { .. }
        | FetchError::RedirectLimit { .. }
        | FetchError::RedirectRefused { .. } => Some("name another mirror with --mirror"),
        FetchError::Local { .. }
        | FetchError::Exhausted { .. }
        | FetchError::Decompress { .. }
        | FetchError::Cancelled => None,
    };
    (Kind::Source, hint.map(str::to_owned).into_iter().collect())
}

fn of_store(error: &StoreError) -> Diagnosis {
    let hint = match error {
        StoreError::Open { .. } => Some("name another directory: --cache-dir DIR"),
        StoreError::Full { .. } => {
            Some("free some space (`osb cache prune`), or use another disk: --cache-dir DIR")
        }
        StoreError::Digest { .. } | StoreError::Size { .. } => return (Kind::Source, Vec::new()),
        StoreError::Io { .. } | StoreError::Cancelled => None,
    };
    (Kind::Machine, hint.map(str::to_owned).into_iter().collect())
}

fn of_decompress(error: &DecompressError) -> Diagnosis {
    let kind = match error {
        DecompressError::Write(_) => Kind::Machine,
        DecompressError::Damaged(_)
        | DecompressError::Trailing
        | DecompressError::TooLarge { .. }
        | DecompressError::Bomb { .. }
        | DecompressError::Memory { .. }
        | DecompressError::Read(_) => Kind::Source,
    };
    (kind, Vec::new())
}
