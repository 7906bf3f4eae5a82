//! Tells by its superblock which filesystem begins at some place.

use std::io;
use std::os::unix::fs::FileExt as _;

use fs_err::File;

/// What a superblock says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Superblock {
    /// The filesystem, as the kernel calls it.
    pub name: &'static str,
    /// What can read it; none if nothing here can.
    pub reader: Option<Reader>,
    /// Its identifier, in the order in which it is read aloud.
    pub uuid: Option<[u8; 16]>,
    /// Its label; empty for none.
    pub label: String,
    /// How many bytes it takes.
    pub size_bytes: Option<u64>,
}

/// The filesystems that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// ext2, ext3 and ext4.
    Ext,
    /// EROFS.
    Erofs,
    /// SquashFS.
    Squashfs,
    /// XFS.
    Xfs,
}

/// The bytes that hold every superblock that is read.
const HEAD_BYTES: usize = 4096;
const BTRFS_MAGIC: u64 = 65_536 + 64;

/// What is known by its name alone: where the name is, what it is, and how it is called.
const NAMES: [(usize, &[u8], &str); 6] = [
    (0, b"LUKS\xba\xbe", "LUKS"),
    (512, b"LABELONE", "LVM"),
    (4086, b"SWAPSPACE2", "swap"),
    (82, b"FAT32   ", "vfat"),
    (54, b"FAT16   ", "vfat"),
    (54, b"FAT12   ", "vfat"),
];

/// Looks at what begins at `offset`; none if it is no filesystem that has a name here.
pub fn recognise(file: &File, offset: u64) -> io::Result<Option<Superblock>> {
    let head = bytes_at(file, offset, HEAD_BYTES)?;
    let known = [ext, erofs, squashfs, xfs].into_iter().find_map(|parse| parse(&head));
    if known.is_some() {
        return Ok(known);
    }
    let named = NAMES.iter().find(|(place, name, _)| holds(&head, *place, name));
    if let Some((_, _, name)) = named {
        return Ok(Some(unreadable(name)));
    }
    let magic = bytes_at(file, offset.saturating_add(BTRFS_MAGIC), 8)?;
    Ok((magic == b"_BHRfS_M").then(|| unreadable("btrfs")))
}

/// Bytes of a file, zeros where it has ended.
pub(crate) fn bytes_at(file: &File, offset: u64, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    let mut filled = 0;
    while filled < count {
        let Some(place) = offset.checked_add(filled as u64).filter(|place| *place < 1 << 62) else {
            break;
        };
        match file.file().read_at(&mut bytes[filled..], place) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

fn unreadable(name: &'static str) -> Superblock {
    Superblock { name, reader: None, uuid: None, label: String::new(), size_bytes: None }
}

fn ext(head: &[u8]) -> Option<Superblock> {
    let block = &head[1024..];
    let (compatible, incompatible) = (u32_at(block, 0x5c), u32_at(block, 0x60));
    let block_bits = u32_at(block, 0x18);
    if !holds(block, 0x38, &[0x53, 0xef]) || block_bits > 6 {
        return None;
    }
    let is_64_bit = incompatible & 0x80 != 0;
    let high = if is_64_bit { u32_at(block, 0x150) } else { 0 };
    let blocks = u64::from(high) << 32 | u64::from(u32_at(block, 4));
    let name = match () {
        // Extents.
        () if incompatible & 0x40 != 0 => "ext4",
        // A journal.
        () if compatible & 0x4 != 0 => "ext3",
        () => "ext2",
    };
    Some(Superblock {
        name,
        reader: Some(Reader::Ext),
        uuid: uuid_at(block, 0x68),
        label: label_at(block, 0x78, 16),
        size_bytes: blocks.checked_mul(1024 << block_bits),
    })
}

fn erofs(head: &[u8]) -> Option<Superblock> {
    let block = &head[1024..];
    if !holds(block, 0, &0xe0f5_e1e2_u32.to_le_bytes()) {
        return None;
    }
    let block_bytes = 1_u64.checked_shl(block[12].into());
    Some(Superblock {
        name: "erofs",
        reader: Some(Reader::Erofs),
        uuid: uuid_at(block, 48),
        label: label_at(block, 64, 16),
        size_bytes: block_bytes?.checked_mul(u32_at(block, 36).into()),
    })
}

fn squashfs(head: &[u8]) -> Option<Superblock> {
    if !holds(head, 0, b"hsqs") || !holds(head, 28, &4_u16.to_le_bytes()) {
        return None;
    }
    let size_bytes = head[40..].first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
    let reader = Some(Reader::Squashfs);
    Some(Superblock { name: "squashfs", reader, uuid: None, label: String::new(), size_bytes })
}

fn xfs(head: &[u8]) -> Option<Superblock> {
    if !holds(head, 0, b"XFSB") {
        return None;
    }
    let block_bytes = u32::from_be_bytes(*head[4..].first_chunk()?);
    let blocks = u64::from_be_bytes(*head[8..].first_chunk()?);
    Some(Superblock {
        name: "xfs",
        reader: Some(Reader::Xfs),
        uuid: uuid_at(head, 32),
        label: label_at(head, 108, 12),
        size_bytes: blocks.checked_mul(block_bytes.into()),
    })
}

fn holds(bytes: &[u8], place: usize, wanted: &[u8]) -> bool {
    bytes.get(place..place + wanted.len()) == Some(wanted)
}

fn u32_at(bytes: &[u8], place: usize) -> u32 {
    bytes[place..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

fn uuid_at(bytes: &[u8], place: usize) -> Option<[u8; 16]> {
    bytes[place..].first_chunk().copied().filter(|uuid| *uuid != [0; 16])
}

fn label_at(bytes: &[u8], place: usize, count: usize) -> String {
    let label = bytes[place..place + count].split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(label).into_owned()
}
