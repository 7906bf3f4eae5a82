//! Writes a tree as a tar archive that depends on nothing but the tree.

use std::io::Write;

use super::header::{BLOCK_BYTES, Field, Header};
use super::pax;
use crate::error::Error;
use crate::node::{Kind, Meta, Node};
use crate::output::Output;
use crate::path::GuestPath;
use crate::tree::Tree;

/// What tar archives have been padded to since they lived on tapes.
const RECORD_BYTES: u64 = 20 * BLOCK_BYTES as u64;

/// Writes a POSIX pax archive: names begin with `./` and are sorted, owners are numbers, and
/// extended headers appear only where plain ones do not suffice.
///
/// A socket has no form in tar and is refused.
pub fn write(tree: &Tree, output: &mut dyn Write) -> Result<(), Error> {
    let mut writer = Writer { output: Output::new(output) };
    for (path, node) in tree {
        let meta = tree.inode(path).map_or(&node.meta, |inode| &inode.meta);
        writer.member(path, node, meta)?;
    }
    writer.finish()
}

struct Writer<'a> {
    output: Output<'a>,
}

impl Writer<'_> {
    fn member(&mut self, path: &GuestPath, node: &Node, meta: &Meta) -> Result<(), Error> {
        let mut header = Header::new(type_flag(path, &node.kind)?);
        let mut records = Vec::new();
        let name = member_name(path, &node.kind);
        if !header.set_name(&name) {
            pax::push(&mut records, b"path", &name);
            header.set_name_cut(&name);
        }
        set_kind(&mut header, &mut records, path, &node.kind)?;
        set_meta(&mut header, &mut records, meta);
        // All names of a file carry its meta, but one copy of the attributes is enough.
        if !matches!(node.kind, Kind::HardLink(_)) {
            for (name, value) in &meta.xattrs {
                let key = [b"SCHILY.xattr.", pax::encode_name(name).as_slice()].concat();
                pax::push(&mut records, &key, value);
            }
        }
        if !records.is_empty() {
            self.extension(&name, &records)?;
        }
        header.seal();
        self.output.bytes(&header.0)?;
        if let Kind::File(content) = &node.kind {
            self.output.content(path, content)?;
            self.output.pad(BLOCK_BYTES as u64)?;
        }
        Ok(())
    }

    fn extension(&mut self, name: &[u8], records: &[u8]) -> Result<(), Error> {
        let mut header = Header::new(b'x');
        // Only readers that do not know extended headers show this name.
        header.set_name_cut(&[b"./PaxHeaders/", name.strip_prefix(b"./").unwrap_or(name)].concat());
        header.set(Field::Mode, 0o644);
        header.set(Field::Size, records.len() as u64);
        header.seal();
        self.output.bytes(&header.0)?;
        self.output.bytes(records)?;
        self.output.pad(BLOCK_BYTES as u64)
    }

    fn finish(mut self) -> Result<(), Error> {
        self.output.zeros(2 * BLOCK_BYTES as u64)?;
        self.output.pad(RECORD_BYTES)?;
        self.output.finish()
    }
}

fn type_flag(path: &GuestPath, kind: &Kind) -> Result<u8, Error> {
    Ok(match kind {
        Kind::File(_) => b'0',
        Kind::HardLink(_) => b'1',
        Kind::Symlink(_) => b'2',
        Kind::CharDevice { .. } => b'3',
        Kind::BlockDevice { .. } => b'4',
        Kind::Directory => b'5',
        Kind::Fifo => b'6',
        Kind::Socket => {
            return Err(Error::NotInTar { path: path.clone(), reason: "it is a socket" });
        }
    })
}

fn member_name(path: &GuestPath, kind: &Kind) -> Vec<u8> {
    let end: &[u8] = match kind {
        Kind::Directory if !path.is_root() => b"/",
        _ => b"",
    };
    [b"./", path.as_bytes(), end].concat()
}

fn set_kind(
    header: &mut Header,
    records: &mut Vec<u8>,
    path: &GuestPath,
    kind: &Kind,
) -> Result<(), Error> {
    match kind {
        Kind::File(content) => set_number(header, records, Field::Size, content.length()),
        Kind::Symlink(target) => set_link(header, records, target),
        Kind::HardLink(target) => set_link(header, records, &member_name(target, kind)),
        Kind::CharDevice { major, minor } | Kind::BlockDevice { major, minor } => {
            for (field, value) in [(Field::Major, *major), (Field::Minor, *minor)] {
                if u64::from(value) > field.max() {
                    let reason = "its device number is too large";
                    return Err(Error::NotInTar { path: path.clone(), reason });
                }
                header.set(field, u64::from(value));
            }
        }
        Kind::Directory | Kind::Fifo | Kind::Socket => {}
    }
    Ok(())
}

fn set_meta(header: &mut Header, records: &mut Vec<u8>, meta: &Meta) {
    header.set(Field::Mode, u64::from(meta.mode));
    set_number(header, records, Field::Uid, u64::from(meta.uid));
    set_number(header, records, Field::Gid, u64::from(meta.gid));
    let seconds = u64::try_from(meta.mtime.seconds).unwrap_or(0);
    header.set(Field::Mtime, seconds.min(Field::Mtime.max()));
    let is_plain = meta.mtime.nanoseconds == 0
        && u64::try_from(meta.mtime.seconds).is_ok_and(|seconds| seconds <= Field::Mtime.max());
    if !is_plain {
        pax::push(records, b"mtime", pax::format_time(meta.mtime).as_bytes());
    }
}

fn set_link(header: &mut Header, records: &mut Vec<u8>, target: &[u8]) {
    if !header.set_link_name(target) {
        pax::push(records, b"linkpath", target);
    }
}

/// Numbers too large for octal digits go into a record, whose key is the field's name.
fn set_number(header: &mut Header, records: &mut Vec<u8>, field: Field, value: u64) {
    if value <= field.max() {
        header.set(field, value);
    } else {
        pax::push(records, field.name().as_bytes(), value.to_string().as_bytes());
    }
}
