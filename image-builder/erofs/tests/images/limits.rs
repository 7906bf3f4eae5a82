//! What EROFS cannot hold is refused, with the path named.

use erofs::{Algorithm, Compression, Error, Options};
use tree::{Content, GuestPath, Kind, Meta, Node, Timestamp, Tree};

use crate::make::options;

fn refused(meta: Meta, kind: Kind) -> String {
    let mut tree = Tree::new();
    tree.insert(GuestPath::new("etc/odd").unwrap(), Node { meta, kind }).unwrap();
    erofs::plan(&tree, &options()).unwrap_err().to_string()
}

fn with_xattr(name: &[u8], value: Vec<u8>) -> Meta {
    let mut meta = Meta::default();
    meta.xattrs.insert(name.into(), value.into());
    meta
}

#[test]
fn nodes_without_a_form_are_refused() {
    let mtime = Timestamp { seconds: 0, nanoseconds: 1_000_000_000 };
    let many = (0..5).flat_map(|number| {
        let name = format!("user.{number}").into_bytes();
        with_xattr(&name, vec![0; 65_000]).xattrs
    });
    let many = Meta { xattrs: many.collect(), ..Meta::default() };
    let plain = Meta::default;
    for (meta, kind, reason) in [
        (plain(), Kind::Symlink((*b"").into()), "/etc/odd"),
        (plain(), Kind::Symlink(vec![b'a'; 4096].into()), "4095"),
        (plain(), Kind::Symlink((*b"a\0").into()), "NUL"),
        (plain(), Kind::CharDevice { major: 4096, minor: 0 }, "device numbers"),
        (plain(), Kind::BlockDevice { major: 0, minor: 1 << 20 }, "device numbers"),
        (Meta { mtime, ..plain() }, Kind::Fifo, "nanoseconds"),
        (with_xattr(b"system.nfs4_acl", vec![]), Kind::Fifo, "\"system.nfs4_acl\" of /etc/odd"),
        (with_xattr(b"user.", vec![]), Kind::Fifo, "only user"),
        (with_xattr(b"user.a", vec![0; 65_536]), Kind::Fifo, "65535"),
        (many, Kind::Fifo, "256 KiB"),
    ] {
        let said = refused(meta, kind);
        assert!(said.contains(reason), "{said}");
    }
}

#[test]
fn images_beyond_16_tib_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let mut tree = Tree::new();
    // A source that claims to have data everywhere, so that no hole saves it.
    let content = Content::Made(std::sync::Arc::new(Endless));
    let node = Node { meta: Meta::default(), kind: Kind::File(content) };
    tree.insert(GuestPath::new("endless").unwrap(), node).unwrap();
    let error = erofs::plan(&tree, &options()).unwrap_err();
    assert!(matches!(error, Error::TooLarge), "{error}");
    drop(directory);
}

#[derive(Debug)]
struct Endless;

impl tree::Source for Endless {
    fn length(&self) -> u64 {
        16 << 40
    }

    fn read_at(&self, _: u64, _: &mut [u8]) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn options_that_make_no_image_are_refused() {
    let tree = Tree::new();
    let check = |options: &Options| {
        assert!(matches!(erofs::plan(&tree, options), Err(Error::Option(_))), "{options:?}");
    };
    check(&Options { volume_name: "seventeen letters".into(), ..options() });
    check(&Options { volume_name: "a\0".into(), ..options() });
    for (algorithm, cluster_bytes) in [
        (Algorithm::Lz4, 2048),
        (Algorithm::Lz4, 12_288),
        (Algorithm::Lz4, 2 << 20),
        (Algorithm::Lz4hc(0), 65_536),
        (Algorithm::Lz4hc(13), 65_536),
        (Algorithm::Zstd(0), 65_536),
        (Algorithm::Zstd(23), 65_536),
    ] {
        let compression = Some(Compression { algorithm, cluster_bytes });
        check(&Options { compression, ..options() });
    }
}

#[test]
fn a_content_that_cannot_be_read_is_named() {
    let mut tree = Tree::new();
    let file = std::path::Path::new("/nonexistent/file");
    let content = Content::Span { file: file.into(), offset: 0, length: 10_000 };
    let node = Node { meta: Meta::default(), kind: Kind::File(content) };
    tree.insert(GuestPath::new("lost").unwrap(), node).unwrap();
    struct Nowhere;
    impl volume::Volume for Nowhere {
        fn write_at(&self, _: &[u8], _: u64) -> std::io::Result<()> {
            Ok(())
        }
    }
    for chosen in [options(), crate::make::compressed(Algorithm::Lz4, 65_536)] {
        let error = erofs::write(&tree, &chosen, &Nowhere).unwrap_err();
        assert_eq!(error.to_string(), "read content of /lost");
    }
}
