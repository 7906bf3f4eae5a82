//! A tree with everything that a filesystem may have to hold.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;

use tree::{Content, GuestPath, Kind, Meta, Node, Timestamp, Tree};

/// A whole demanding tree; files with holes lie in `directory`, which must outlive it.
///
/// Formats that cannot hold something take it out by name: see the paths in the source.
pub fn demanding(directory: &Path) -> Tree {
    let mut made = Made { tree: Tree::new() };
    made.owners_and_modes();
    made.xattrs();
    made.links();
    made.names();
    made.times();
    made.devices();
    made.sizes();
    made.holes(directory);
    made.many();
    let root = made.tree.meta_mut(&GuestPath::root()).unwrap();
    *root = Meta { mode: 0o751, uid: 5, gid: 6, ..meta() };
    made.tree
}

/// A directory as a tree, with the owners that it has, and with labels and trusted attributes too.
pub fn read_directory(directory: &Path) -> Tree {
    let mut tree = tree::directory::read(directory, None, &|_| None).unwrap();
    let paths: Vec<_> = tree.iter().map(|(path, _)| path.clone()).collect();
    for path in paths {
        let host = directory.join(OsStr::from_bytes(path.as_bytes()));
        let mut names = vec![0; 65_536];
        let count = match rustix::fs::llistxattr(&host, names.as_mut_slice()) {
            // A kernel may be built without them for one filesystem.
            Err(rustix::io::Errno::OPNOTSUPP) => 0,
            count => count.unwrap(),
        };
        for name in names[..count].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
            let mut value = vec![0; 65_536];
            let count = rustix::fs::lgetxattr(&host, name, value.as_mut_slice()).unwrap();
            let meta = tree.meta_mut(&path).unwrap();
            meta.xattrs.insert(name.into(), value[..count].into());
        }
    }
    tree
}

/// Fails the test unless both trees hold the same.
#[track_caller]
pub fn assert_same(expected: &Tree, found: &Tree) {
    let differences = tree::compare(expected, found).unwrap();
    let shown: Vec<_> = differences.iter().take(20).map(ToString::to_string).collect();
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), shown.join("\n"));
}

fn meta() -> Meta {
    Meta {
        mode: 0o644,
        mtime: Timestamp { seconds: 1_700_000_000, nanoseconds: 0 },
        ..Meta::default()
    }
}

/// Bytes that no compressor shrinks and no two files share.
pub fn noise(seed: u32, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_769) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

fn file(bytes: &[u8]) -> Kind {
    Kind::File(Content::from(bytes.to_vec()))
}

/// The extended attribute that holds an access or default list of rights, as the kernel has it.
pub fn acl() -> Box<[u8]> {
    let entry = |tag: u16, rights: u16, id: u32| {
        [&tag.to_le_bytes()[..], &rights.to_le_bytes(), &id.to_le_bytes()].concat()
    };
    let nobody = u32::MAX;
    let mut bytes = 2u32.to_le_bytes().to_vec();
    for (tag, rights, id) in [
        (0x01, 6, nobody),
        (0x02, 4, 1000),
        (0x02, 7, 70_000),
        (0x04, 4, nobody),
        (0x08, 5, 2000),
        (0x10, 7, nobody),
        (0x20, 4, nobody),
    ] {
        bytes.extend(entry(tag, rights, id));
    }
    bytes.into()
}

/// `cap_net_raw=ep`, as the kernel has it.
pub fn capability() -> Box<[u8]> {
    let words: [u32; 5] = [0x0200_0001, 1 << 13, 0, 0, 0];
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

struct Made {
    tree: Tree,
}

impl Made {
    fn put(&mut self, path: impl AsRef<[u8]>, mut meta: Meta, kind: Kind) {
        if matches!(kind, Kind::Symlink(_)) {
            // The kernel gives links no other.
            meta.mode = 0o777;
        }
        self.tree.insert(GuestPath::new(path).unwrap(), Node { meta, kind }).unwrap();
    }

    fn owners_and_modes(&mut self) {
        for (name, uid, gid) in
            [("low", 1, 2), ("wide", 70_000, 131_072), ("widest", u32::MAX - 1, u32::MAX - 1)]
        {
            self.put(format!("owners/{name}"), Meta { uid, gid, ..meta() }, file(b"owned"));
        }
        for mode in [0, 0o4755, 0o2755, 0o1777, 0o7777, 0o001, 0o400] {
            self.put(format!("modes/{mode:04o}"), Meta { mode, ..meta() }, file(b"mode"));
            let directory = Meta { mode, ..meta() };
            self.put(format!("modes/directory-{mode:04o}"), directory, Kind::Directory);
        }
    }

    fn xattrs(&mut self) {
        let with = |name: &str, value: &[u8]| {
            let mut meta = meta();
            meta.xattrs.insert(name.as_bytes().into(), value.into());
            meta
        };
        self.put("xattrs/capability", with("security.capability", &capability()), file(b"ping"));
        self.put(
            "xattrs/label",
            with("security.selinux", b"system_u:object_r:bin_t:s0\0"),
            file(b"x"),
        );
        self.put("xattrs/empty-value", with("user.empty", b""), file(b"x"));
        self.put("xattrs/trusted", with("trusted.overlay.opaque", b"y"), Kind::Directory);
        self.put("xattrs/large", with("user.large", &noise(1, 3000)), file(b"x"));
        self.put(
            "xattrs/link",
            with("trusted.link", b"of a link"),
            Kind::Symlink(b"x".as_slice().into()),
        );
        self.put("xattrs/fifo", with("trusted.fifo", b"of a fifo"), Kind::Fifo);
        let mut meta = Meta { mode: 0o674, ..with("system.posix_acl_access", &acl()) };
        self.put("xattrs/acl", meta.clone(), file(b"x"));
        meta.mode = 0o775;
        meta.xattrs.insert(b"system.posix_acl_default".as_slice().into(), acl());
        meta.xattrs.insert(b"system.posix_acl_access".as_slice().into(), access_acl_of_0775());
        self.put("xattrs/acls", meta, Kind::Directory);
        let mut many = self::meta();
        for number in 0..30 {
            let value = noise(number, 60);
            many.xattrs.insert(format!("user.number-{number}").into_bytes().into(), value.into());
        }
        for name in ["many", "many-again"] {
            self.put(format!("xattrs/{name}"), many.clone(), file(name.as_bytes()));
        }
    }

    fn links(&mut self) {
        for length in [1, 59, 60, 61, 255, 1000, 4000, 4095] {
            let target = Kind::Symlink(vec![b'a' + (length % 26) as u8; length].into());
            self.put(format!("links/symbolic-{length:04}"), meta(), target);
        }
        let link = |to: &str| Kind::HardLink(GuestPath::new(to).unwrap());
        self.put("links/a-file", meta(), file(&noise(9, 10_000)));
        self.put("links/a-symlink", meta(), Kind::Symlink(b"a-file".as_slice().into()));
        self.put("links/a-device", meta(), Kind::CharDevice { major: 1, minor: 3 });
        for of in ["file", "symlink", "device"] {
            self.put(format!("links/b-{of}"), meta(), link(&format!("links/a-{of}")));
            self.put(format!("elsewhere/{of}"), meta(), link(&format!("links/a-{of}")));
        }
    }

    fn names(&mut self) {
        let long = [b'n'; 255];
        let names: [&[u8]; 6] = [
            &long,
            b"not \xff\xfe utf-8",
            b"line\nfeed",
            b" spaces ",
            b"\\back\"slash'",
            "größe".as_bytes(),
        ];
        for (number, name) in names.into_iter().enumerate() {
            let path = [b"names/", name].concat();
            self.put(path, meta(), file(format!("{number}").as_bytes()));
        }
        let deep = vec!["deep"; 60].join("/");
        self.put(format!("{deep}/file"), meta(), file(b"down here"));
        self.put("empty-directory", Meta { mode: 0o700, ..meta() }, Kind::Directory);
    }

    fn times(&mut self) {
        for (name, seconds, nanoseconds) in [
            ("epoch", 0, 0),
            ("before-1970", -86_400, 0),
            ("before-1970-fraction", -1, 999_999_999),
            ("in-1902", i64::from(i32::MIN) + 1, 0),
            ("after-2038", 1 << 31, 0),
            ("after-2106", (1 << 32) + 5, 7),
            ("fraction", 1_000_000_000, 123_456_789),
        ] {
            let mtime = Timestamp { seconds, nanoseconds };
            self.put(format!("times/{name}"), Meta { mtime, ..meta() }, file(b"then"));
        }
    }

    fn devices(&mut self) {
        for (name, major, minor) in [("null", 1, 3), ("high", 4095, 1_048_575), ("edge", 255, 256)]
        {
            self.put(format!("devices/c-{name}"), meta(), Kind::CharDevice { major, minor });
            self.put(format!("devices/b-{name}"), meta(), Kind::BlockDevice { major, minor });
        }
        self.put("devices/fifo", meta(), Kind::Fifo);
        self.put("devices/socket", meta(), Kind::Socket);
    }

    fn sizes(&mut self) {
        for size in [
            0, 1, 59, 60, 61, 159, 160, 4095, 4096, 4097, 8191, 65_536, 131_071, 131_072, 131_073,
            3_000_001,
        ] {
            self.put(format!("sizes/{size}"), meta(), file(&noise(size as u32 + 2, size)));
        }
        self.put("sizes/text", meta(), file("the same line again\n".repeat(50_000).as_bytes()));
        self.put("sizes/zeros", meta(), file(&[0; 300_000]));
        self.put("sizes/twin-a", meta(), file(&noise(77, 50_000)));
        self.put("sizes/twin-b", meta(), file(&noise(77, 50_000)));
    }

    fn holes(&mut self, directory: &Path) {
        let mut sparse = |name: &str, length: u64, data: &[(u64, usize)]| {
            let path = directory.join(name);
            let file = File::create(&path).unwrap();
            file.set_len(length).unwrap();
            for (offset, size) in data {
                file.write_all_at(&noise(*offset as u32, *size), *offset).unwrap();
            }
            let content = Content::Span { file: path.into(), offset: 0, length };
            self.put(format!("holes/{name}"), meta(), Kind::File(content));
        };
        sparse("5-gib", 5 << 30, &[(0, 4096), (1 << 30, 100), ((5 << 30) - 5000, 5000)]);
        sparse("all-hole", 10 << 20, &[]);
        let comb: Vec<_> = (0..2000).map(|number| (number * 8192, 4096)).collect();
        sparse("2000-holes", 2000 * 8192, &comb);
    }

    fn many(&mut self) {
        for number in 0..15_000 {
            let name = format!("many/entry-{number:05}-{}", "x".repeat(number % 40));
            self.put(name, meta(), file(b""));
        }
    }
}

fn access_acl_of_0775() -> Box<[u8]> {
    let mut bytes = acl();
    // The rights of the owner and of others are those of the mode.
    bytes[6] = 7;
    let others = bytes.len() - 6;
    bytes[others] = 5;
    bytes
}
