//! The same members in the form that builders of apk packages write: POSIX headers with records of their own.

use sha1::{Digest, Sha1};

use super::{Entry, fill, record, write_block};
use crate::MODIFIED;

/// What a record names that holds the digest of a file's content or of a link's target.
const CHECKSUM: &str = "APK-TOOLS.checksum.SHA1";

/// Writes members one after the other, without the blocks that end an archive.
pub(crate) fn posix_members(entries: &[Entry], has_checksums: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        write(entry, has_checksums, &mut bytes);
    }
    bytes
}

fn write(entry: &Entry, has_checksums: bool, archive: &mut Vec<u8>) {
    let mut header = header(entry);
    let mut records = Vec::new();
    for (name, value) in [("path", &entry.name), ("linkpath", &entry.link)] {
        if value.len() > 100 {
            records.extend(record(name, value));
        }
    }
    for (name, value) in &entry.xattrs {
        records.extend(record(&format!("SCHILY.xattr.{name}"), value));
    }
    for (name, value) in &entry.records {
        records.extend(record(name, value));
    }
    let says_its_own = entry.records.iter().any(|(name, _)| name.starts_with("APK-TOOLS."));
    if has_checksums && !says_its_own && matches!(entry.kind, b'0' | b'2') {
        let content = if entry.kind == b'2' { &entry.link } else { &entry.content };
        let digest = Sha1::digest(content);
        let text: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        records.extend(record(CHECKSUM, text.as_bytes()));
        if entry.kind == b'0' {
            // Where a file has no target, old readers look for the digest: type 64, 20 bytes.
            let legacy = [&b"\0\0\0APK2\x40\0\x14\0"[..], &digest].concat();
            fill(&mut header.as_ustar_mut().unwrap().linkname, &legacy);
        }
    }
    if !records.is_empty() {
        let name = [b"PaxHeaders/", entry.name.as_slice()].concat();
        let mut extension = empty(&name, b'x');
        extension.set_size(records.len() as u64);
        write_block(archive, extension, &records);
    }
    write_block(archive, header, &entry.content);
}

fn header(entry: &Entry) -> tar::Header {
    let mut header = empty(&entry.name, entry.kind);
    header.set_mode(entry.mode);
    header.set_uid(entry.owner.0);
    header.set_gid(entry.owner.1);
    header.set_mtime(MODIFIED);
    header.set_size(entry.claimed_size.unwrap_or(entry.content.len() as u64));
    let (user, group) = entry.owner_names();
    let ustar = header.as_ustar_mut().unwrap();
    fill(&mut ustar.linkname, &entry.link);
    fill(&mut ustar.uname, user.as_bytes());
    fill(&mut ustar.gname, group.as_bytes());
    if let Some((major, minor)) = entry.device {
        ustar.set_device_major(major);
        ustar.set_device_minor(minor);
    }
    header
}

fn empty(name: &[u8], kind: u8) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    let ustar = header.as_ustar_mut().unwrap();
    fill(&mut ustar.name, name);
    ustar.typeflag = [kind];
    header
}
