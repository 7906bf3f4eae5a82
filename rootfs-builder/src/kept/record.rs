//! One node of a kept tree, as a line of JSON has it.

use std::io;

use serde::{Deserialize, Serialize};
use tree::{Content, GuestPath, Kind, Meta, Node, Timestamp};

/// Where the bytes of a file are.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Bytes {
    /// Which of the plan's packages has them; none if the kept tree itself does.
    pub(super) package: Option<usize>,
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// Bytes that mostly are text.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Name {
    Text(String),
    Bytes(Vec<u8>),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum What {
    Directory,
    File(Bytes),
    Symlink(Name),
    HardLink(Name),
    CharDevice(u32, u32),
    BlockDevice(u32, u32),
    Fifo,
    Socket,
}

/// One node.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    path: Name,
    mode: u16,
    owner: (u32, u32),
    time: (i64, u32),
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    xattrs: Vec<(Name, Name)>,
    what: What,
}

impl Record {
    /// The node at a path; `bytes` is where those of a file are.
    pub(super) fn new(path: &GuestPath, node: &Node, bytes: Option<Bytes>) -> Self {
        let Meta { mode, uid, gid, mtime, xattrs } = &node.meta;
        let nothing = Bytes { package: None, offset: 0, length: 0 };
        Self {
            path: Name::of(path.as_bytes()),
            mode: *mode,
            owner: (*uid, *gid),
            time: (mtime.seconds, mtime.nanoseconds),
            xattrs: xattrs.iter().map(|(name, value)| (Name::of(name), Name::of(value))).collect(),
            what: match &node.kind {
                Kind::Directory => What::Directory,
                Kind::File(_) => What::File(bytes.unwrap_or(nothing)),
                Kind::Symlink(target) => What::Symlink(Name::of(target)),
                Kind::HardLink(target) => What::HardLink(Name::of(target.as_bytes())),
                Kind::CharDevice { major, minor } => What::CharDevice(*major, *minor),
                Kind::BlockDevice { major, minor } => What::BlockDevice(*major, *minor),
                Kind::Fifo => What::Fifo,
                Kind::Socket => What::Socket,
            },
        }
    }

    /// The path and its node; `content` finds the bytes of a file.
    pub(super) fn into_node(
        self,
        content: &dyn Fn(&Bytes) -> io::Result<Content>,
    ) -> io::Result<(GuestPath, Node)> {
        let path = |name: Name| GuestPath::new(name.into_bytes()).map_err(io::Error::other);
        let xattrs = self.xattrs.into_iter();
        let (seconds, nanoseconds) = self.time;
        let meta = Meta {
            mode: self.mode,
            uid: self.owner.0,
            gid: self.owner.1,
            mtime: Timestamp { seconds, nanoseconds },
            xattrs: xattrs
                .map(|(name, value)| (name.into_bytes().into(), value.into_bytes().into()))
                .collect(),
        };
        let kind = match self.what {
            What::Directory => Kind::Directory,
            What::File(bytes) => Kind::File(content(&bytes)?),
            What::Symlink(target) => Kind::Symlink(target.into_bytes().into()),
            What::HardLink(target) => Kind::HardLink(path(target)?),
            What::CharDevice(major, minor) => Kind::CharDevice { major, minor },
            What::BlockDevice(major, minor) => Kind::BlockDevice { major, minor },
            What::Fifo => Kind::Fifo,
            What::Socket => Kind::Socket,
        };
        Ok((path(self.path)?, Node { meta, kind }))
    }
}

impl Name {
    fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Bytes(bytes.to_vec()),
        }
    }

    fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.into_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}
