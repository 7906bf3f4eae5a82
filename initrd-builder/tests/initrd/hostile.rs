//! Files made to do harm, and files that are something else.

use initrd_builder::{Compression, Error};
use tree::Tree;

use super::made::{compressions, file, pack, put, read};

fn refused(bytes: &[u8]) -> Error {
    let host = tempfile::tempdir().unwrap();
    read(host.path(), bytes).unwrap_err()
}

fn small() -> Tree {
    let mut tree = Tree::new();
    put(&mut tree, "etc/text", 0o644, file("some text, some text, some text\n".repeat(40)));
    put(&mut tree, "etc/other", 0o644, file(test_support::noise(5, 2000)));
    tree
}

#[test]
fn every_cut_is_noticed() {
    for compression in Compression::ALL {
        let bytes = pack(&small(), compression, 1);
        // Behind the trailer of a plain archive there are only zeros.
        let end = match compression {
            Compression::None => bytes.windows(6).rposition(|part| part == b"070701").unwrap(),
            _ => bytes.len(),
        };
        for length in (0..end).step_by(29) {
            let host = tempfile::tempdir().unwrap();
            let read = read(host.path(), &bytes[..length]);
            assert!(read.is_err(), "{compression} cut to {length} of {end}");
        }
    }
}

#[test]
fn no_bytes_make_the_reader_panic() {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize
    };
    let host = tempfile::tempdir().unwrap();
    for compression in Compression::ALL {
        let bytes = pack(&small(), compression, 1);
        for round in 0..300 {
            let mut changed = bytes.clone();
            for _ in 0..1 + next() % 4 {
                let place = if round % 2 == 0 { next() % 64 } else { next() % changed.len() };
                changed[place] = next() as u8;
            }
            let _ = read(host.path(), &changed);
        }
    }
}

#[test]
fn a_bomb_is_refused() {
    let mut tree = Tree::new();
    put(&mut tree, "zeros", 0o644, file(vec![0; 65 << 20]));
    for compression in compressions() {
        let error = refused(&pack(&tree, compression, 2));
        assert!(matches!(error, Error::TooLarge { .. }), "{compression}: {error}");
    }
}

#[test]
fn what_is_no_initrd_is_named() {
    let check = |bytes: &[u8], message: &str| {
        let error = refused(bytes).to_string();
        assert!(error.ends_with(message), "{error}");
    };
    check(b"", "no archive at byte 0");
    check(&[0; 4096], "no archive at byte 0");
    check(b"\0\0\0\0hello", "no archive at byte 4");
    check(b"BZh91AY", "bzip2 data, which is not supported, at byte 0");
    check(b"\x04\x22\x4d\x18", "an lz4 frame, which the kernel cannot read, at byte 0");
    check(b"070707000", "an archive that is not of the newc format at byte 0");
    let tree = small();
    let both = [pack(&tree, Compression::Zstd, 1), b"rubbish".to_vec()].concat();
    assert!(refused(&both).to_string().contains("no archive at byte "));
}

#[test]
fn endless_archives_are_refused() {
    let one = pack(&Tree::new(), Compression::Gzip, 1);
    let error = refused(&one.repeat(65));
    assert!(matches!(error, Error::TooMany { limit: 64, .. }), "{error}");
    let host = tempfile::tempdir().unwrap();
    assert_eq!(read(host.path(), &one.repeat(64)).unwrap(), Tree::new());
}

#[test]
fn what_has_no_form_is_refused_before_a_byte_is_written() {
    let mut tree = small();
    tree.meta_mut(&super::made::path("etc/text")).unwrap().mtime.seconds = -1;
    let mut output = Vec::new();
    let archive = initrd_builder::Archive { tree: &tree, compressor: Compression::Zstd.into() };
    let options = super::made::options(1);
    let error = initrd_builder::write(&[archive], &options, &mut output).unwrap_err();
    assert!(matches!(error, Error::Pack(tree::Error::NotInCpio { .. })), "{error}");
    assert_eq!(output, b"");
}
