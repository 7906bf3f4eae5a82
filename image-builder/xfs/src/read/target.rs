//! The targets of symbolic links that have blocks.

use volume::read::{Claims, Image, Problem, Run, ensure};

use super::shape::Shape;
use crate::bytes::get32;
use crate::format::checksum;
use crate::format::target::{CHECKSUM, HEADER, MAGIC};

/// The longest target takes no more blocks, even if they are small.
const BLOCKS_MAX: u64 = 3;

const MALFORMED: Problem = Problem::Damaged("the link's target is malformed");

/// Puts together a target of so many bytes from its blocks.
pub(super) fn far_target(
    image: &Image,
    shape: &Shape,
    claims: &mut Claims,
    (runs, size): (&[Run], usize),
) -> Result<Vec<u8>, Problem> {
    let mut target = Vec::with_capacity(size);
    let is_used = |run: &&Run| run.logical * shape.block_size < size as u64;
    for run in runs.iter().take_while(is_used) {
        // Blocks in a row have one header.
        ensure(run.blocks <= BLOCKS_MAX, "the link's target is malformed")?;
        (run.place..run.place + run.blocks).try_for_each(|place| claims.claim(place))?;
        let mut block = vec![0; (run.blocks * shape.block_size) as usize];
        image.read(run.place * shape.block_size, &mut block)?;
        let is_sound = block.starts_with(MAGIC) && checksum::is_right(&block, CHECKSUM);
        ensure(is_sound, "the link's target is malformed")?;
        let part = get32(&block, 8) as usize;
        target.extend(block[HEADER..].get(..part).ok_or(MALFORMED)?);
    }
    ensure(target.len() == size, "the link's target is cut off")?;
    Ok(target)
}
