//! Files with equal bytes, which are stored once.
//!
//! Only files of the same length are read for this, and of each only a digest is kept.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use tree::{Content, PartReader};

use super::in_order::{Work, in_order};
use super::jobs::{block_range, data_blocks, is_zero};
use super::plan::Leaf;
use crate::error::Error;
use crate::options::Options;

/// For each file the first one with the same bytes, often itself.
pub(crate) fn originals(
    files: &[(&Leaf, &Content)],
    options: &Options,
) -> Result<Vec<usize>, Error> {
    let mut originals: Vec<usize> = (0..files.len()).collect();
    let mut count_of_length: HashMap<u64, u32> = HashMap::new();
    for (_, content) in files {
        *count_of_length.entry(content.length()).or_default() += 1;
    }
    let is_candidate =
        |content: &Content| content.length() > 0 && count_of_length[&content.length()] > 1;
    let candidates: Vec<usize> =
        (0..files.len()).filter(|file| is_candidate(files[*file].1)).collect();
    let mut first_of_digest = HashMap::new();
    let work = Work {
        threads: options.thread_count(),
        count: candidates.len(),
        make: || Ok((PartReader::default(), vec![0; options.block_size as usize])),
        run: |(sources, buffer): &mut (PartReader, Vec<u8>), candidate: usize| {
            let (leaf, content) = files[candidates[candidate]];
            let digest = digest(content, sources, buffer);
            digest.map_err(|source| Error::Content { path: leaf.path.clone(), source })
        },
    };
    in_order(&work, |candidate, digest| {
        let file = candidates[candidate];
        let length = files[file].1.length();
        originals[file] = *first_of_digest.entry((length, digest)).or_insert(file);
        Ok(())
    })?;
    Ok(originals)
}

/// A digest of the blocks that are not zero and their places, so that holes cost nothing and it
/// does not matter whether zeros are written or are a hole.
fn digest(
    content: &Content,
    sources: &mut PartReader,
    buffer: &mut [u8],
) -> std::io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    let block_size = buffer.len() as u32;
    for block in data_blocks(content, block_size)?.into_iter().flatten() {
        let range = block_range(content.length(), block_size, block);
        let part = &mut buffer[..(range.end - range.start) as usize];
        sources.read_exact_at(content, range.start, part)?;
        if !is_zero(part) {
            hasher.update(block.to_le_bytes());
            hasher.update(part);
        }
    }
    Ok(hasher.finalize().into())
}
