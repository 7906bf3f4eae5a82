//! Inodes, checked.

use tree::Timestamp;
use volume::read::{Image, Problem, ensure};

use super::shape::Shape;
use crate::bytes::{get16, get32, get64};
use crate::format::checksum;
use crate::format::inode::{
    CHECKSUM, CORE, FLAG_BIG_COUNTS, FLAG_BIG_TIMES, Form, MAGIC, VERSION, kind, read_time,
};

/// Says that contents are on a real-time part.
const FLAG_REAL_TIME: u16 = 1;

/// An inode.
#[derive(Debug)]
pub(super) struct Inode {
    pub(super) number: u64,
    pub(super) mode: u16,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) links: u32,
    pub(super) mtime: Timestamp,
    pub(super) size: u64,
    pub(super) data: Fork,
    /// The extended attributes, if it has any.
    pub(super) attributes: Option<Fork>,
}

/// A part of an inode's area.
#[derive(Debug)]
pub(super) struct Fork {
    pub(super) form: Form,
    pub(super) bytes: Box<[u8]>,
    /// How many runs of blocks there are.
    pub(super) extents: u64,
}

impl Inode {
    pub(super) fn read(image: &Image, shape: &Shape, number: u64) -> Result<Self, Problem> {
        let mut bytes = vec![0; shape.inode_size];
        image.read(shape.inode(number)?, &mut bytes)?;
        ensure(bytes.starts_with(&MAGIC) && bytes[4] == VERSION, "its inode is none")?;
        ensure(checksum::is_right(&bytes, CHECKSUM), "the checksum of its inode is wrong")?;
        let is_here = get64(&bytes, 152) == number && bytes[160..176] == shape.uuid;
        ensure(is_here, "its inode belongs elsewhere")?;
        Self::parse(&bytes, number)
    }

    fn parse(bytes: &[u8], number: u64) -> Result<Self, Problem> {
        let flags = get64(bytes, 120);
        if get16(bytes, 90) & FLAG_REAL_TIME != 0 && get16(bytes, 2) & kind::MASK == kind::FILE {
            return Err(Problem::Unsupported("a file of a real-time part"));
        }
        let (extents, attribute_extents) = match flags & FLAG_BIG_COUNTS {
            0 => (u64::from(get32(bytes, 76)), u64::from(get16(bytes, 80))),
            _ => (get64(bytes, 24), u64::from(get32(bytes, 76))),
        };
        let (area, attributes_at) = (&bytes[CORE..], 8 * usize::from(bytes[82]));
        let split = area.split_at_checked(attributes_at);
        let (data, behind) = split.ok_or(Problem::Damaged("its inode is divided wrongly"))?;
        let fork = |form: u8, bytes: &[u8], extents| {
            let form = Form::from_byte(form);
            let form = form.ok_or(Problem::Unsupported("contents of a form that is not known"))?;
            Ok::<_, Problem>(Fork { form, bytes: bytes.into(), extents })
        };
        let (data, attributes) = match attributes_at {
            0 => (area, None),
            _ => (data, Some(fork(bytes[83], behind, attribute_extents)?)),
        };
        let size = get64(bytes, 56);
        ensure(size < 1 << 63, "its size is impossible")?;
        Ok(Self {
            number,
            mode: get16(bytes, 2),
            uid: get32(bytes, 8),
            gid: get32(bytes, 12),
            links: get32(bytes, 16),
            mtime: read_time(bytes, 40, flags & FLAG_BIG_TIMES != 0),
            size,
            data: fork(bytes[5], data, extents)?,
            attributes,
        })
    }

    pub(super) fn kind(&self) -> u16 {
        self.mode & kind::MASK
    }
}
