//! Fetches the indexes of all repositories and verifies them.

use super::DecideError;
use super::sources::Source;
use crate::decide::{Access, Asked};
use crate::digest::Digest;
use crate::family::apk::index::{open_index, open_unverified_index};
use crate::fetch::{Document, DocumentRequest};
use crate::spec::RootfsSpec;

const FILE: &str = "APKINDEX.tar.gz";
/// Ten times what the largest repository has.
const PACKED_BYTES_MAX: u64 = 64 << 20;
const PLAIN_BYTES_MAX: u64 = 512 << 20;

/// A repository with its index, verified.
pub(super) struct Proven {
    pub(super) source: Source,
    /// The base address that the plan records.
    pub(super) recorded: String,
    /// What describes every package.
    pub(super) text: Vec<u8>,
    /// The digest of the signed index.
    pub(super) digest: Digest,
    /// The key that signed it; none if that was not asked for.
    pub(super) signed_by: Option<String>,
}

/// Fetches and verifies the index of every repository.
pub(super) fn prove(
    sources: Vec<Source>,
    asked: Asked<'_>,
    access: Access<'_>,
) -> Result<Vec<Proven>, DecideError> {
    let requests: Vec<DocumentRequest> =
        sources.iter().map(|source| request(source, asked.arch)).collect();
    let documents = access.fetcher.fetch_documents(access.store, &requests, access.progress);
    sources
        .into_iter()
        .zip(documents)
        .map(|(source, document)| {
            let document = document.map_err(|error| DecideError::Fetch(source.label(), error))?;
            prove_one(source, &document, asked.spec, access)
        })
        .collect()
}

fn prove_one(
    source: Source,
    document: &Document,
    spec: &RootfsSpec,
    access: Access<'_>,
) -> Result<Proven, DecideError> {
    let opened = match &source.keys {
        Some(keys) => open_index(&document.bytes, keys, PLAIN_BYTES_MAX),
        None => open_unverified_index(&document.bytes, PLAIN_BYTES_MAX),
    };
    let opened = opened.map_err(|error| DecideError::Trust(document.url.clone(), error))?;
    document.remember(access.store)?;
    // A mirror that the user named is part of the plan if others can reach it, too.
    let served_by = source.bases.iter().find(|base| document.url.starts_with(*base));
    let is_named = !spec.mirrors.named.is_empty() && document.url.starts_with("http");
    let recorded = served_by.filter(|_| is_named).unwrap_or(&source.url).clone();
    Ok(Proven {
        recorded,
        text: opened.text,
        digest: Digest::of(&document.bytes),
        signed_by: opened.signed_by,
        source,
    })
}

fn request(source: &Source, arch: &str) -> DocumentRequest {
    DocumentRequest {
        name: format!("{} {FILE}", source.label()),
        candidates: source.addresses(arch, FILE),
        limit: PACKED_BYTES_MAX,
    }
}
