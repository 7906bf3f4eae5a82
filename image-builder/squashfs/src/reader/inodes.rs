//! Inodes in both their forms.

use super::fields::Fields;
use crate::error::Fault;
use crate::format::inode::{Body, Extent, Inode, LONG, Listing, kind};
use crate::format::{NO_XATTRS, SYMLINK_BYTES_MAX};

/// Reads an inode; behind it are the lists of files and directories.
pub(crate) fn read(fields: &mut Fields) -> Result<Inode, Fault> {
    let number = fields.short()?;
    let is_long = number > LONG;
    let kind = if is_long { number - LONG } else { number };
    let mut inode = Inode {
        mode: fields.short()?,
        user: fields.short()?,
        group: fields.short()?,
        mtime: fields.word()?,
        number: fields.word()?,
        links: 1,
        xattrs: NO_XATTRS,
        body: Body::Fifo,
    };
    match kind {
        kind::DIRECTORY if is_long => read_long_directory(&mut inode, fields)?,
        kind::DIRECTORY => read_directory(&mut inode, fields)?,
        kind::FILE if is_long => read_long_file(&mut inode, fields)?,
        kind::FILE => inode.body = read_file(fields)?,
        _ => {
            inode.links = fields.word()?;
            inode.body = read_other(kind, fields)?;
            if is_long {
                inode.xattrs = fields.word()?;
            }
        }
    }
    Ok(inode)
}

fn read_directory(inode: &mut Inode, fields: &mut Fields) -> Result<(), Fault> {
    let block = fields.word()?;
    inode.links = fields.word()?;
    let (size, offset) = (fields.short()?.into(), fields.short()?);
    let parent = fields.word()?;
    inode.body = Body::Directory(Listing { block, offset, size, parent, index_count: 0 });
    Ok(())
}

fn read_long_directory(inode: &mut Inode, fields: &mut Fields) -> Result<(), Fault> {
    inode.links = fields.word()?;
    let (size, block, parent) = (fields.word()?, fields.word()?, fields.word()?);
    let (index_count, offset) = (fields.short()?, fields.short()?);
    inode.xattrs = fields.word()?;
    inode.body = Body::Directory(Listing { block, offset, size, parent, index_count });
    Ok(())
}

fn read_file(fields: &mut Fields) -> Result<Body, Fault> {
    let start = fields.word()?.into();
    let (fragment, offset) = (fields.word()?, fields.word()?);
    let size = fields.word()?.into();
    Ok(Body::File(Extent { start, size, hole_bytes: 0, fragment, offset }))
}

fn read_long_file(inode: &mut Inode, fields: &mut Fields) -> Result<(), Fault> {
    let (start, size, hole_bytes) = (fields.long()?, fields.long()?, fields.long()?);
    inode.links = fields.word()?;
    let (fragment, offset) = (fields.word()?, fields.word()?);
    inode.xattrs = fields.word()?;
    inode.body = Body::File(Extent { start, size, hole_bytes, fragment, offset });
    Ok(())
}

fn read_other(kind: u16, fields: &mut Fields) -> Result<Body, Fault> {
    match kind {
        kind::SYMLINK => {
            let length = fields.word()? as usize;
            if !(1..=SYMLINK_BYTES_MAX).contains(&length) {
                return Err(Fault::Corrupt("a symbolic link is empty or too long"));
            }
            Ok(Body::Symlink(fields.bytes(length)?.into()))
        }
        kind::BLOCK_DEVICE => fields.word().map(Body::BlockDevice),
        kind::CHAR_DEVICE => fields.word().map(Body::CharDevice),
        kind::FIFO => Ok(Body::Fifo),
        kind::SOCKET => Ok(Body::Socket),
        _ => Err(Fault::Corrupt("an inode is of no known kind")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::format::NO_FRAGMENT;

    fn check(inode: &Inode, expected_kind: u16) {
        let bytes = inode.to_bytes();
        assert_eq!(bytes[..2], expected_kind.to_le_bytes());
        let mut fields = Fields(&bytes);
        assert_eq!(read(&mut fields).unwrap(), *inode);
        assert!(fields.0.is_empty());
        for length in 0..bytes.len() {
            assert!(read(&mut Fields(&bytes[..length])).is_err());
        }
    }

    #[test]
    fn every_kind_in_both_forms_is_read_as_it_was_written() {
        let listing = Listing { block: 1, offset: 2, size: 70, parent: 4, index_count: 0 };
        let extent = Extent { start: 96, size: 9, hole_bytes: 0, fragment: NO_FRAGMENT, offset: 0 };
        let bodies = [
            Body::Directory(listing.clone()),
            Body::File(extent.clone()),
            Body::Symlink(b"target".as_slice().into()),
            Body::BlockDevice(0x801),
            Body::CharDevice(0x103),
            Body::Fifo,
            Body::Socket,
        ];
        let inode = |body, xattrs| Inode {
            mode: 0o644,
            user: 3,
            group: 4,
            mtime: u32::MAX,
            number: 9,
            links: 1,
            xattrs,
            body,
        };
        for (number, body) in (1..).zip(bodies) {
            check(&inode(body.clone(), NO_XATTRS), number);
            check(&inode(body, 5), number + LONG);
        }
        let large = Body::Directory(Listing { size: 70_000, ..listing });
        check(&inode(large, NO_XATTRS), kind::DIRECTORY + LONG);
        for wide in [
            Extent { start: 1 << 32, ..extent.clone() },
            Extent { size: 1 << 32, ..extent.clone() },
            Extent { hole_bytes: 1, ..extent.clone() },
        ] {
            check(&inode(Body::File(wide), NO_XATTRS), kind::FILE + LONG);
        }
        let linked = Inode { links: 2, ..inode(Body::File(extent), NO_XATTRS) };
        check(&linked, kind::FILE + LONG);
    }

    #[test]
    fn unknown_kinds_are_refused() {
        for kind in [0u16, 15, u16::MAX] {
            let bytes = [&kind.to_le_bytes()[..], &[0; 62]].concat();
            assert!(read(&mut Fields(&bytes)).is_err());
        }
    }
}
