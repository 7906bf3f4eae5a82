//! Fetches the signed release files of all archives and verifies them.

use super::DecideError;
use super::sources::Source;
use crate::decide::Access;
use crate::digest::Digest;
use crate::family::deb::ReleaseError;
use crate::family::deb::release::Release;
use crate::fetch::{Document, DocumentRequest, FetchError};
use crate::spec::RootfsSpec;
use crate::trust::{TEXT_SIZE_MAX, Verified};

/// A detached signature is a few hundred bytes a signer.
const SIGNATURE_SIZE_MAX: u64 = 64 << 10;

/// A source with its release file, verified.
#[derive(Debug)]
pub(super) struct Proven {
    pub(super) source: Source,
    pub(super) release: Release,
    /// The digest of the signed text.
    pub(super) digest: Digest,
    /// The key that signed it; none if that was not asked for.
    pub(super) signed_by: Option<String>,
}

/// Fetches and verifies the release file of every source.
pub(super) fn prove(
    sources: Vec<Source>,
    spec: &RootfsSpec,
    access: Access<'_>,
) -> Result<Vec<Proven>, DecideError> {
    let inline: Vec<DocumentRequest> =
        sources.iter().map(|source| request(source, "InRelease", TEXT_SIZE_MAX as u64)).collect();
    let documents = access.fetcher.fetch_documents(access.store, &inline, access.progress);
    sources
        .into_iter()
        .zip(documents)
        .map(|(source, document)| {
            let label = source.label();
            let (served_by, verified) = match document {
                Ok(document) => {
                    (document.url.clone(), verify_inline(&source, &document, spec, access)?)
                }
                Err(error) if error.is_not_found() => verify_detached(&source, spec, access)?,
                Err(error) => return Err(DecideError::Fetch(label, error)),
            };
            prove_one(source, &served_by, verified, spec)
        })
        .collect()
}

/// The text that was signed, and by whom.
struct Believed {
    text: Vec<u8>,
    signed_by: Option<String>,
}

impl From<Verified> for Believed {
    fn from(verified: Verified) -> Self {
        Self { text: verified.text, signed_by: Some(verified.signed_by.to_string()) }
    }
}

fn verify_inline(
    source: &Source,
    document: &Document,
    spec: &RootfsSpec,
    access: Access<'_>,
) -> Result<Believed, DecideError> {
    let distrust = |error| DecideError::Trust(document.url.clone(), error);
    let believed = match &source.keys {
        Some(keys) => keys.verify_inline(&document.bytes, spec.now).map_err(distrust)?.into(),
        None => Believed {
            text: crate::trust::unverified_text(&document.bytes).map_err(distrust)?,
            signed_by: None,
        },
    };
    document.remember(access.store)?;
    Ok(believed)
}

/// Older archives keep the signature in a file of its own.
fn verify_detached(
    source: &Source,
    spec: &RootfsSpec,
    access: Access<'_>,
) -> Result<(String, Believed), DecideError> {
    let fetch = |file: &str, limit: u64| -> Result<Document, DecideError> {
        let request = request(source, file, limit);
        let results = access.fetcher.fetch_documents(access.store, &[request], access.progress);
        let first = results.into_iter().next().unwrap_or(Err(FetchError::Cancelled));
        first.map_err(|error| DecideError::Fetch(source.label(), error))
    };
    let release = fetch("Release", TEXT_SIZE_MAX as u64)?;
    let Some(keys) = &source.keys else {
        return Ok((release.url, Believed { text: release.bytes, signed_by: None }));
    };
    let signature = fetch("Release.gpg", SIGNATURE_SIZE_MAX)?;
    let verified = keys
        .verify_detached(&release.bytes, &signature.bytes, spec.now)
        .map_err(|error| DecideError::Trust(release.url.clone(), error))?;
    release.remember(access.store)?;
    signature.remember(access.store)?;
    Ok((release.url, verified.into()))
}

fn prove_one(
    mut source: Source,
    served_by: &str,
    believed: Believed,
    spec: &RootfsSpec,
) -> Result<Proven, DecideError> {
    let refuse = |error: ReleaseError| DecideError::Release(served_by.to_owned(), error);
    let release = Release::parse(&believed.text).map_err(refuse)?;
    if !source.is_flat() {
        release.check_suite(&source.suite).map_err(refuse)?;
    }
    if !spec.allow_expired {
        release.check_time(spec.now).map_err(refuse)?;
    }
    // A mirror that the user named is part of the plan if others can reach it. The host's own is
    // not: a plan made behind it is the same as anywhere else.
    if !spec.mirrors.named.is_empty()
        && served_by.starts_with("http")
        && let Some(base) = source.bases.iter().find(|base| served_by.starts_with(*base))
    {
        source.recorded.clone_from(base);
    }
    let digest = Digest::of(&believed.text);
    Ok(Proven { source, release, digest, signed_by: believed.signed_by })
}

fn request(source: &Source, file: &str, limit: u64) -> DocumentRequest {
    DocumentRequest {
        name: format!("{} {file}", source.label()),
        candidates: source.suite_addresses(file),
        limit,
    }
}
