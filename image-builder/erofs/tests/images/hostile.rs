//! Damaged images: an error or a tree, never a panic, never without end.

use std::io::Read;
use std::path::Path;

use erofs::{Algorithm, Options};
use test_support::noise;
use tree::{Content, GuestPath, Kind, Meta, Node, Tree};

use crate::make::{compressed, options, write};

/// A small image of everything, without the checksum that would give changes away.
fn image(options: &Options, place: &Path) -> Vec<u8> {
    let mut tree = Tree::new();
    let mut put = |path: &str, kind: Kind| {
        let mut meta = Meta { mode: 0o644, ..Meta::default() };
        meta.xattrs.insert((*b"user.same").into(), (*b"shared by all of them").into());
        meta.xattrs.insert(format!("user.{path}").into_bytes().into(), (*b"own").into());
        tree.insert(GuestPath::new(path).unwrap(), Node { meta, kind }).unwrap();
    };
    put("directory/tail", Kind::File(Content::from(noise(1, 5000))));
    put("directory/link", Kind::HardLink(GuestPath::new("directory/tail").unwrap()));
    put("symlink", Kind::Symlink((*b"directory/tail").into()));
    put("device", Kind::CharDevice { major: 1, minor: 3 });
    put("text", Kind::File(Content::from(b"again and ".repeat(9000))));
    let mut sparse = vec![0; 300_000];
    sparse[150_000..160_000].copy_from_slice(&noise(2, 10_000));
    put("sparse", Kind::File(Content::from(sparse)));
    (0..200).for_each(|number| put(&format!("many/{number}"), Kind::Fifo));
    let file = place.join("image");
    write(&tree, options, &file);
    let mut bytes = fs_err::read(file).unwrap();
    bytes[1024 + 8] &= !1;
    bytes
}

/// Reads an image and the beginning of every content.
fn read(bytes: &[u8], place: &Path) -> Result<Tree, erofs::Error> {
    let file = place.join("damaged");
    fs_err::write(&file, bytes).unwrap();
    let tree = erofs::read(&file, 0)?;
    for (_, node) in &tree {
        if let Kind::File(content) = &node.kind
            && let Ok(reader) = content.open()
        {
            drop(content.data_ranges());
            drop(reader.take(200_000).read_to_end(&mut Vec::new()));
        }
    }
    Ok(tree)
}

#[test]
fn mutated_images_are_read_or_refused() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    for (seed, options) in
        [options(), compressed(Algorithm::Lz4, 65_536), compressed(Algorithm::Zstd(3), 65_536)]
            .iter()
            .enumerate()
    {
        let sound = image(options, place);
        let nodes = read(&sound, place).unwrap().len();
        assert_eq!(nodes, 209);
        let mut random = noise(seed as u32 + 100, 150_000).into_iter();
        let mut next = |below: usize| {
            let word = [random.next().unwrap(), random.next().unwrap(), random.next().unwrap()];
            (usize::from(word[0]) << 16 | usize::from(word[1]) << 8 | usize::from(word[2])) % below
        };
        let mut refused = 0;
        for _ in 0..1500 {
            let mut bytes = sound.clone();
            for _ in 0..1 + next(4) {
                // Most of what matters is at the beginning.
                let range = [1300, 8192, bytes.len() - 1024][next(3)];
                let at = 1024 + next(range);
                bytes[at] = [0, 0xff, bytes[at] ^ (1 << next(8)), next(256) as u8][next(4)];
            }
            refused += usize::from(read(&bytes, place).is_err());
        }
        assert!((100..1400).contains(&refused), "{refused}");
    }
}

#[test]
fn truncated_images_are_refused_or_read_as_far_as_they_go() {
    let directory = tempfile::tempdir().unwrap();
    let sound = image(&compressed(Algorithm::Lz4, 65_536), directory.path());
    for length in (0..sound.len()).step_by(509) {
        let result = read(&sound[..length], directory.path());
        assert!(result.is_err() || length + 70_000 > sound.len(), "{length}");
    }
}

#[test]
fn a_changed_superblock_and_what_is_no_image_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    let mut tree = Tree::new();
    let node = Node { meta: Meta::default(), kind: Kind::Fifo };
    tree.insert(GuestPath::new("fifo").unwrap(), node).unwrap();
    write(&tree, &options(), &file);
    let mut bytes = fs_err::read(&file).unwrap();
    let message = |bytes: &[u8]| {
        fs_err::write(&file, bytes).unwrap();
        let error = erofs::read(&file, 0).unwrap_err();
        std::error::Error::source(&error).unwrap().to_string()
    };
    bytes[2000] ^= 1;
    assert_eq!(message(&bytes), "the checksum of the superblock is wrong");
    assert_eq!(message(&[0; 8192]), "no erofs filesystem is here");
    assert_eq!(message(b""), "no erofs filesystem is here");
}

#[test]
fn an_image_may_begin_anywhere_in_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    let sound = image(&options(), directory.path());
    fs_err::write(&file, [vec![7; 12_345], sound.clone()].concat()).unwrap();
    let expected = read(&sound, directory.path()).unwrap();
    let found = erofs::read(&file, 12_345).unwrap();
    test_support::assert_same(&expected, &found);
}
