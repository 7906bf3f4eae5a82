//! The verdict beside its artifact, so that what has not changed is not booted again.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use rootfs_builder::digest::Digest;

use super::Verdict;
use crate::pack::small_file;

const SUFFIX: &str = ".test.json";
/// A hundred times what a verdict has.
const BYTES_MAX: u64 = 1 << 20;

/// The good verdict that answers the question, if it was given before.
///
/// A bad one may have been the fault of this machine, and who asks again has reason to.
pub fn recall(artifact: &Path, question: Digest) -> io::Result<Option<Verdict>> {
    let file = match fs_err::File::open(place(artifact)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = Vec::new();
    file.take(BYTES_MAX).read_to_end(&mut bytes)?;
    // What another version wrote is as good as nothing.
    let verdict: Option<Verdict> = serde_json::from_slice(&bytes).ok();
    Ok(verdict.filter(|verdict| verdict.is_good() && verdict.subject.question == question))
}

/// Writes the verdict beside its artifact.
pub fn keep(verdict: &Verdict, artifact: &Path) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(verdict)? + "\n";
    small_file(&place(artifact), &text)
}

fn place(artifact: &Path) -> PathBuf {
    let mut name = OsString::from(artifact);
    name.push(SUFFIX);
    name.into()
}
