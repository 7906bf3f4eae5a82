//! The fields of a `Release` file.

use std::collections::BTreeMap;

use super::ReleaseError;
use crate::digest::Digest;
use crate::store::BlobId;
use crate::utc;

/// Debian's main suite lists about a thousand files.
const FILES_MAX: usize = 200_000;

/// The fields of the file's one paragraph; values may go on over several lines.
pub(super) struct Fields<'a>(BTreeMap<String, Vec<&'a str>>);

impl<'a> Fields<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, ReleaseError> {
        let mut fields: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        let mut current: Option<String> = None;
        for (index, line) in text.trim_end().lines().enumerate() {
            let malformed = || ReleaseError::Malformed { line: index + 1 };
            if line.starts_with([' ', '\t']) {
                let values = current.as_ref().and_then(|name| fields.get_mut(name));
                values.ok_or_else(malformed)?.push(line.trim());
                continue;
            }
            let (name, value) = line.split_once(':').ok_or_else(malformed)?;
            let name = name.to_ascii_lowercase();
            if fields.insert(name.clone(), vec![value.trim()]).is_some() {
                return Err(ReleaseError::Duplicate { what: name });
            }
            current = Some(name);
        }
        Ok(Self(fields))
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        let first = self.0.get(&name.to_ascii_lowercase())?.first()?;
        (!first.is_empty()).then(|| (*first).to_owned())
    }

    pub(super) fn words(&self, name: &str) -> Vec<String> {
        let lines = self.0.get(&name.to_ascii_lowercase()).into_iter().flatten();
        lines.flat_map(|line| line.split_ascii_whitespace()).map(str::to_owned).collect()
    }

    pub(super) fn date(&self, field: &'static str) -> Result<Option<i64>, ReleaseError> {
        let Some(value) = self.text(field) else { return Ok(None) };
        match utc::parse(&value) {
            Some(seconds) => Ok(Some(seconds)),
            None => Err(ReleaseError::Date { field, value: value.chars().take(80).collect() }),
        }
    }

    pub(super) fn files(&self) -> Result<BTreeMap<String, BlobId>, ReleaseError> {
        let lines = self.0.get("sha256").ok_or(ReleaseError::Missing { field: "SHA256" })?;
        if lines.len() > FILES_MAX {
            return Err(ReleaseError::TooManyFiles { limit: FILES_MAX });
        }
        let mut files = BTreeMap::new();
        for line in lines.iter().filter(|line| !line.is_empty()) {
            let refuse = || ReleaseError::File { line: line.chars().take(120).collect() };
            let mut words = line.split_ascii_whitespace();
            let (Some(digest), Some(size), Some(path), None) =
                (words.next(), words.next(), words.next(), words.next())
            else {
                return Err(refuse());
            };
            let sha256: Digest = digest.parse().map_err(|_| refuse())?;
            let is_number = size.bytes().all(|byte| byte.is_ascii_digit());
            let size = size.parse().ok().filter(|_| is_number).ok_or_else(refuse)?;
            let known = files.insert(path.to_owned(), BlobId { sha256, size });
            if known.is_some_and(|known| known != BlobId { sha256, size }) {
                return Err(ReleaseError::Duplicate { what: path.to_owned() });
            }
        }
        Ok(files)
    }
}
