//! Writes tar archives exactly as told, so that a test can tell lies.

mod posix;

pub(crate) use posix::posix_members;

use crate::MODIFIED;

/// One member of a tar archive.
#[derive(Debug, Clone)]
pub struct Entry {
    pub(crate) name: Vec<u8>,
    kind: u8,
    pub(crate) mode: u32,
    owner: (u64, u64),
    link: Vec<u8>,
    content: Vec<u8>,
    claimed_size: Option<u64>,
    device: Option<(u32, u32)>,
    xattrs: Vec<(String, Vec<u8>)>,
    records: Vec<(String, Vec<u8>)>,
    names: Option<(String, String)>,
}

impl Entry {
    fn new(name: &str, kind: u8, mode: u32) -> Self {
        Self {
            name: name.into(),
            kind,
            mode,
            owner: (0, 0),
            link: Vec::new(),
            content: Vec::new(),
            claimed_size: None,
            device: None,
            xattrs: Vec::new(),
            records: Vec::new(),
            names: None,
        }
    }

    /// A regular file.
    pub fn file(name: &str, content: impl Into<Vec<u8>>, mode: u32) -> Self {
        Self { content: content.into(), ..Self::new(name, b'0', mode) }
    }

    /// A directory.
    pub fn directory(name: &str, mode: u32) -> Self {
        Self::new(name, b'5', mode)
    }

    /// A symbolic link.
    pub fn symlink(name: &str, target: &str) -> Self {
        Self { link: target.into(), ..Self::new(name, b'2', 0o777) }
    }

    /// A hard link to an earlier member.
    pub fn hard_link(name: &str, target: &str) -> Self {
        Self { link: target.into(), ..Self::new(name, b'1', 0o644) }
    }

    /// A character device.
    pub fn character_device(name: &str, major: u32, minor: u32) -> Self {
        Self { device: Some((major, minor)), ..Self::new(name, b'3', 0o666) }
    }

    /// A block device.
    pub fn block_device(name: &str, major: u32, minor: u32) -> Self {
        Self { device: Some((major, minor)), ..Self::new(name, b'4', 0o660) }
    }

    /// A named pipe.
    pub fn fifo(name: &str) -> Self {
        Self::new(name, b'6', 0o644)
    }

    /// Another type flag than the constructor's.
    pub fn kind(mut self, kind: u8) -> Self {
        self.kind = kind;
        self
    }

    /// Another mode, set-id bits included.
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    /// Another owner than root.
    pub fn owner(mut self, user: u64, group: u64) -> Self {
        self.owner = (user, group);
        self
    }

    /// An extended attribute, as a PAX record.
    pub fn xattr(mut self, name: &str, value: &[u8]) -> Self {
        self.xattrs.push((name.into(), value.into()));
        self
    }

    /// A PAX record that is not an extended attribute; only members of apk packages show it.
    pub fn record(mut self, name: &str, value: &[u8]) -> Self {
        self.records.push((name.into(), value.into()));
        self
    }

    /// Names of the owner and of the group; only members of apk packages show them.
    pub fn owner_named(mut self, user: &str, group: &str) -> Self {
        self.names = Some((user.into(), group.into()));
        self
    }

    fn owner_names(&self) -> (&str, &str) {
        let name = |id: u64| if id == 0 { "root" } else { "" };
        match &self.names {
            Some((user, group)) => (user, group),
            None => (name(self.owner.0), name(self.owner.1)),
        }
    }

    /// How many bytes of content it has.
    pub(crate) fn len(&self) -> u64 {
        self.content.len() as u64
    }

    /// A size in the header that is not the size of the content.
    pub fn claiming_size(mut self, size: u64) -> Self {
        self.claimed_size = Some(size);
        self
    }

    fn write(&self, archive: &mut Vec<u8>) {
        if !self.xattrs.is_empty() {
            let named = |name: &str| format!("SCHILY.xattr.{name}");
            let records = self.xattrs.iter().flat_map(|(name, value)| record(&named(name), value));
            write_extension(archive, b"./PaxHeaders/x", b'x', &records.collect::<Vec<_>>());
        }
        for (long, kind) in [(&self.name, b'L'), (&self.link, b'K')] {
            if long.len() > 100 {
                let content = [long.as_slice(), b"\0"].concat();
                write_extension(archive, b"././@LongLink", kind, &content);
            }
        }
        write_block(archive, self.header(), &self.content);
    }

    fn header(&self) -> tar::Header {
        let mut header = header(&self.name, self.kind, self.mode);
        header.set_uid(self.owner.0);
        header.set_gid(self.owner.1);
        header.set_mtime(MODIFIED);
        header.set_size(self.claimed_size.unwrap_or(self.content.len() as u64));
        let gnu = header.as_gnu_mut().unwrap();
        fill(&mut gnu.linkname, &self.link);
        if self.owner == (0, 0) {
            fill(&mut gnu.uname, b"root");
            fill(&mut gnu.gname, b"root");
        }
        if let Some((major, minor)) = self.device {
            gnu.set_device_major(major);
            gnu.set_device_minor(minor);
        }
        header
    }
}

/// Makes a tar archive of the given members, in that order and with no judgement.
pub fn tar(entries: &[Entry]) -> Vec<u8> {
    let mut archive = Vec::new();
    for entry in entries {
        entry.write(&mut archive);
    }
    archive.extend_from_slice(&[0; 1024]);
    archive
}

/// The content of a regular file in a tar archive, read by another reader than the one under test.
pub fn tar_file(archive: &[u8], path: &str) -> Option<Vec<u8>> {
    let mut archive = tar::Archive::new(archive);
    let mut entries = archive.entries().unwrap().map(Result::unwrap);
    let name = |entry: &tar::Entry<'_, &[u8]>| entry.path_bytes().trim_ascii().to_vec();
    let is_wanted = |name: &[u8]| name.strip_prefix(b"./").unwrap_or(name) == path.as_bytes();
    let mut entry = entries.find(|entry| is_wanted(&name(entry)))?;
    let mut content = Vec::new();
    std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
    Some(content)
}

/// The header block alone of a file that claims `size` bytes, for archives made as a stream.
pub(crate) fn file_header(name: &str, size: u64) -> Vec<u8> {
    let mut header = Entry::file(name, "", 0o644).claiming_size(size).header();
    header.set_cksum();
    header.as_bytes().to_vec()
}

fn header(name: &[u8], kind: u8, mode: u32) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    let gnu = header.as_gnu_mut().unwrap();
    fill(&mut gnu.name, name);
    gnu.typeflag = [kind];
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

fn write_extension(archive: &mut Vec<u8>, name: &[u8], kind: u8, content: &[u8]) {
    let mut header = header(name, kind, 0o644);
    header.set_size(content.len() as u64);
    write_block(archive, header, content);
}

fn write_block(archive: &mut Vec<u8>, mut header: tar::Header, content: &[u8]) {
    header.set_cksum();
    archive.extend_from_slice(header.as_bytes());
    archive.extend_from_slice(content);
    archive.resize(archive.len().next_multiple_of(512), 0);
}

fn fill(field: &mut [u8], value: &[u8]) {
    let length = value.len().min(field.len());
    field[..length].copy_from_slice(&value[..length]);
}

/// A PAX record counts its own length digits.
fn record(name: &str, value: &[u8]) -> Vec<u8> {
    let body = [b" ", name.as_bytes(), b"=", value, b"\n"].concat();
    let mut length = body.len() + 1;
    while length != body.len() + length.to_string().len() {
        length += 1;
    }
    [length.to_string().into_bytes(), body].concat()
}
