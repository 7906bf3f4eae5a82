//! What images, initrds and kernel modules hold.

use std::io::{Read as _, Write as _};
use std::num::NonZeroUsize;
use std::path::Path;

use fs_err::File;
use initrd_builder::{Archive, Compression, Compressor, Options};
use tree::cpio::Xattrs;
use tree::{Content, GuestPath, Kind, Meta, Node, Tree};
use volume::Region;

use crate::Target;

pub(crate) const ALL: &[Target] = &[
    Target { name: "ext4", run: read_ext4, seeds: ext4_images },
    Target { name: "erofs", run: read_erofs, seeds: erofs_images },
    Target { name: "squashfs", run: read_squashfs, seeds: squashfs_images },
    Target { name: "initrd", run: read_initrd, seeds: initrds },
    Target { name: "module", run: read_module, seeds: modules },
];

/// No content of a small image is longer than this when it is read.
const CONTENT_BYTES: u64 = 1 << 16;

pub(super) fn tree() -> Tree {
    let mut tree = Tree::new();
    let mut put = |path: &str, kind: Kind| {
        let mut meta = Meta { mode: 0o755, uid: 1, ..Meta::default() };
        meta.xattrs.insert(b"user.name".as_slice().into(), b"value".as_slice().into());
        tree.insert(GuestPath::new(path).unwrap(), Node { meta, kind }).unwrap();
    };
    put("directory/file", Kind::File(Content::from(b"some text\n".repeat(900))));
    put("directory/small", Kind::File(Content::from(b"x".to_vec())));
    put("link", Kind::Symlink(b"directory/file".as_slice().into()));
    put("name", Kind::HardLink(GuestPath::new("directory/file").unwrap()));
    put("null", Kind::CharDevice { major: 1, minor: 3 });
    tree
}

fn read_file<E>(data: &[u8], read_at: impl Fn(&Path) -> Result<Tree, E>) -> bool {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(data).unwrap();
    read(|| read_at(file.path()))
}

/// Reads an image, and every content in it.
pub(super) fn read<E>(image: impl Fn() -> Result<Tree, E>) -> bool {
    let Ok(tree) = image() else { return false };
    let contents = tree.iter().filter_map(|(_, node)| match &node.kind {
        Kind::File(content) => Some(content),
        _ => None,
    });
    contents.for_each(|content| {
        let mut bytes = Vec::new();
        let _ = content.open().map(|reader| reader.take(CONTENT_BYTES).read_to_end(&mut bytes));
    });
    true
}

/// What is written to a new file.
fn written(write: impl Fn(&Region<'_>)) -> Vec<Vec<u8>> {
    let place = tempfile::NamedTempFile::new().unwrap();
    let file = File::from_parts(place.reopen().unwrap(), place.path());
    write(&Region::new(&file, 0));
    vec![std::fs::read(place.path()).unwrap()]
}

fn read_ext4(data: &[u8]) -> bool {
    read_file(data, |path| ext4::read(path, 0))
}

fn ext4_images() -> Vec<Vec<u8>> {
    let options = ext4::Options {
        uuid: [1; 16],
        hash_seed: [2; 16],
        time: 1_700_000_000,
        label: Vec::new(),
        journal: false,
        growable: false,
        size: ext4::Size::Smallest { free_bytes: 0 },
        reserved_percent: 0,
        threads: std::num::NonZeroUsize::MIN.saturating_add(1),
    };
    written(|region| ext4::Plan::new(&tree(), &options).unwrap().write(region).unwrap())
}

fn read_erofs(data: &[u8]) -> bool {
    read_file(data, |path| erofs::read(path, 0))
}

fn erofs_images() -> Vec<Vec<u8>> {
    let lz4 = erofs::Compression { algorithm: erofs::Algorithm::Lz4, cluster_bytes: 8192 };
    let image = |compression| {
        let options = erofs::Options {
            uuid: [1; 16],
            time: 1_700_000_000,
            volume_name: String::new(),
            compression,
            inline_tails: true,
            threads: NonZeroUsize::MIN,
        };
        written(|region| assert!(erofs::write(&tree(), &options, region).unwrap() > 0))
    };
    [image(None), image(Some(lz4))].concat()
}

fn read_squashfs(data: &[u8]) -> bool {
    read_file(data, |path| squashfs::read(path, 0))
}

fn squashfs_images() -> Vec<Vec<u8>> {
    let options = squashfs::Options::new(1_700_000_000);
    written(|region| assert!(squashfs::write(&tree(), &options, region).unwrap() > 0))
}

fn read_initrd(data: &[u8]) -> bool {
    let scratch = tempfile::tempdir().unwrap();
    read_file(data, |path| initrd_builder::read(&path.into(), scratch.path(), 1 << 20))
}

fn initrds() -> Vec<Vec<u8>> {
    let options = Options { threads: NonZeroUsize::MIN, xattrs: Xattrs::LeaveOut };
    let packed = |compression| {
        let compressor = Compressor::from(compression);
        let mut bytes = Vec::new();
        let archives = [Archive { tree: &tree(), compressor }];
        initrd_builder::write(&archives, &options, &mut bytes).unwrap();
        bytes
    };
    Compression::ALL.into_iter().map(packed).collect()
}

fn read_module(data: &[u8]) -> bool {
    kernel_modules::facts(data).is_ok()
}

/// An object file with nothing in it but what makes it one.
fn modules() -> Vec<Vec<u8>> {
    let mut header = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    header.extend([1, 0, 62, 0, 1, 0, 0, 0]);
    header.extend([0; 16]);
    // The table of sections comes after the header: none, one, and the names.
    header.extend(64_u64.to_le_bytes());
    header.extend([0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 64, 0, 2, 0, 1, 0]);
    let names = b"\0.shstrtab\0";
    let mut section = vec![1, 0, 0, 0, 3, 0, 0, 0];
    section.extend([0; 16]);
    section.extend(192_u64.to_le_bytes());
    section.extend((names.len() as u64).to_le_bytes());
    section.extend([0; 8]);
    section.extend(1_u64.to_le_bytes());
    section.extend([0; 8]);
    vec![[&header[..], &[0; 64], &section, names].concat()]
}
