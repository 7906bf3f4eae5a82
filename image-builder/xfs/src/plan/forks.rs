//! How the contents and the extended attributes of an inode share its area.

use super::contents::{Inode, What};
use crate::format::inode::{AREA, Form};

/// Attributes leave at least this much for runs of blocks, or they have to go.
const DATA_MIN: usize = 96;
/// What attributes that have blocks keep: the kernel wants room for a tree of blocks.
const ATTRIBUTE_RUNS: usize = 40;
/// What the number of a device takes.
const DEVICE: usize = 8;

/// How the area of an inode is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Forks {
    /// What is there for contents.
    pub(crate) data_room: usize,
    /// None where the contents have blocks, if any: runs or a tree of them.
    pub(crate) data_form: Option<Form>,
    /// Whether there are attributes, and where.
    pub(crate) attributes: Option<Form>,
}

impl Forks {
    pub(crate) fn of(inode: &Inode<'_>) -> Self {
        let local = match &inode.what {
            What::Directory(directory) => Some(directory.local_size()),
            What::Symlink(target) => Some(target.len()),
            What::File(..) | What::Device(_) | What::Bitmap => None,
        };
        let is_device = matches!(inode.what, What::Device(_));
        let (data_room, attributes) = divide(inode, local, is_device);
        let is_local = local.is_some_and(|size| size <= data_room);
        let data_form = match () {
            () if is_device => Some(Form::Device),
            () if is_local => Some(Form::Local),
            () => None,
        };
        Self { data_room, data_form, attributes }
    }

    /// Where attributes begin in the area; 0 if there are none.
    pub(crate) fn attributes_at(&self) -> usize {
        if self.attributes.is_some() { self.data_room } else { 0 }
    }
}

fn divide(inode: &Inode<'_>, local: Option<usize>, is_device: bool) -> (usize, Option<Form>) {
    if inode.attributes.0.is_empty() {
        return (AREA, None);
    }
    let left = inode.attributes.local_size().map(|size| size.next_multiple_of(8));
    let left = left.and_then(|size| AREA.checked_sub(size));
    if is_device {
        let is_inside = left.is_some_and(|left| left >= DEVICE);
        return (DEVICE, Some(if is_inside { Form::Local } else { Form::Extents }));
    }
    match left {
        Some(left) if left >= DATA_MIN.min(local.unwrap_or(DATA_MIN)) && left > 0 => {
            (left, Some(Form::Local))
        }
        _ => (AREA - ATTRIBUTE_RUNS, Some(Form::Extents)),
    }
}
