//! The entries of directories, inside an inode and in blocks.

use volume::read::{Problem, ensure};

use crate::bytes::{get16, get32, get64};
use crate::format::checksum;
use crate::format::directory::{
    BLOCK_TAIL, DATA_CHECKSUM, DATA_HEADER, DATA_MAGIC, DATA_OWNER, FREE_TAG, INDEX_ENTRY,
    LOCAL_HEADER, SINGLE_MAGIC, entry_size,
};

/// A name, and the number of its inode.
pub(super) type Entry = (Box<[u8]>, u64);

const MALFORMED: Problem = Problem::Damaged("the directory's entries are malformed");

/// The entries inside an inode, and the number of the directory above.
pub(super) fn read_local(bytes: &[u8], size: u64) -> Result<(Vec<Entry>, u64), Problem> {
    let size = usize::try_from(size).map_err(|_| MALFORMED)?;
    let bytes = bytes.get(..size).filter(|bytes| bytes.len() >= LOCAL_HEADER).ok_or(MALFORMED)?;
    let wide = bytes[1] > 0;
    let number_size = if wide { 8 } else { 4 };
    let number = |bytes: &[u8]| if wide { get64(bytes, 0) } else { u64::from(get32(bytes, 0)) };
    let (parent, mut rest) = bytes[2..].split_at_checked(number_size).ok_or(MALFORMED)?;
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let length = usize::from(rest[0]);
        let (entry, behind) =
            rest.split_at_checked(3 + length + 1 + number_size).ok_or(MALFORMED)?;
        entries.push((check_name(&entry[3..3 + length])?, number(&entry[4 + length..])));
        rest = behind;
    }
    ensure(entries.len() == usize::from(bytes[0].max(bytes[1])), "it has lost entries")?;
    Ok((entries, number(parent)))
}

/// Adds the entries of a block, those of the directory itself and of its parent too.
pub(super) fn read_block(
    block: &[u8],
    owner: u64,
    entries: &mut Vec<Entry>,
) -> Result<(), Problem> {
    let is_single = block.starts_with(&SINGLE_MAGIC);
    ensure(is_single || block.starts_with(&DATA_MAGIC), "the directory has a block of no entries")?;
    ensure(checksum::is_right(block, DATA_CHECKSUM), "the directory's checksum is wrong")?;
    ensure(get64(block, DATA_OWNER) == owner, "the directory has a block of another")?;
    let mut end = block.len();
    if is_single {
        let hashes = get32(block, end - BLOCK_TAIL) as usize;
        let taken = hashes.checked_mul(INDEX_ENTRY).and_then(|size| size.checked_add(BLOCK_TAIL));
        end = taken.and_then(|taken| end.checked_sub(taken)).ok_or(MALFORMED)?;
    }
    let mut rest = block.get(DATA_HEADER..end).ok_or(MALFORMED)?;
    while !rest.is_empty() {
        let is_free = rest.starts_with(&FREE_TAG.to_be_bytes());
        let start = rest.first_chunk::<4>().ok_or(MALFORMED)?;
        // The length of a name stands behind the number of its inode.
        let name_length = usize::from(rest.get(8).copied().unwrap_or_default());
        let size = if is_free { usize::from(get16(start, 2)) } else { entry_size(name_length) };
        ensure(size > 0, "the directory's entries are malformed")?;
        let (entry, behind) = rest.split_at_checked(size).ok_or(MALFORMED)?;
        if !is_free {
            entries.push((check_name(&entry[9..9 + name_length])?, get64(entry, 0)));
        }
        rest = behind;
    }
    Ok(())
}

fn check_name(name: &[u8]) -> Result<Box<[u8]>, Problem> {
    let is_name = !name.is_empty() && !name.iter().any(|byte| matches!(byte, 0 | b'/'));
    ensure(is_name, "the directory has a name that no file can have")?;
    Ok(name.into())
}
