#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod hostile;

use std::io::Write;

use tempfile::TempDir;

use super::*;

/// Members of an archive, in order.
#[derive(Clone)]
struct Ar(Vec<(String, Vec<u8>)>);

impl Ar {
    fn deb() -> Self {
        Self(Vec::new())
            .with("debian-binary", b"2.0\n")
            .with("control.tar.xz", &xz(b"control files"))
            .with("data.tar.xz", &xz(b"the data"))
    }

    fn with(mut self, name: &str, content: &[u8]) -> Self {
        self.0.push((name.to_string(), content.to_vec()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.0.retain(|(member, _)| !member.starts_with(name));
        self
    }

    fn inserted(mut self, position: usize, name: &str) -> Self {
        self.0.insert(position, (name.to_string(), b"odd".to_vec()));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"!<arch>\n".to_vec();
        for (name, content) in &self.0 {
            header(&mut bytes, name, &content.len().to_string());
            bytes.extend_from_slice(content);
            if content.len() % 2 == 1 {
                bytes.push(b'\n');
            }
        }
        bytes
    }
}

fn header(bytes: &mut Vec<u8>, name: &str, size: &str) {
    writeln!(bytes, "{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`", 0, 0, 0, 100_644).unwrap();
}

fn xz(plain: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(9));
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn zstd(plain: &[u8]) -> Vec<u8> {
    zstd::encode_all(plain, 19).unwrap()
}

fn put(store: &Store, bytes: &[u8]) -> BlobId {
    let id = BlobId { size: bytes.len() as u64, sha256: Digest::of(bytes) };
    store.insert(Shelf::Blobs, id, &mut &*bytes).unwrap();
    id
}

fn open_limited(bytes: &[u8], limits: Limits) -> Result<(Vec<u8>, Vec<u8>), ArchiveError> {
    let directory: TempDir = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let opened = open_package(&store, put(&store, bytes), limits);
    if opened.is_err() {
        let info = store.info().unwrap();
        let left = info.shelves.iter().find(|info| info.shelf == Shelf::Opened).unwrap();
        assert_eq!(left.entries, 0, "nothing of a bad package is kept");
    }
    let opened = opened?;
    Ok((fs_err::read(opened.control_tar).unwrap(), fs_err::read(opened.data_tar).unwrap()))
}

fn open(archive: &Ar) -> Result<(Vec<u8>, Vec<u8>), ArchiveError> {
    open_limited(&archive.bytes(), Limits::default())
}

fn accept(archive: &Ar) {
    let (control, data) = open(archive).unwrap();
    assert_eq!((&*control, &*data), (&b"control files"[..], &b"the data"[..]));
}

fn refuse(archive: &Ar, reason: &str) {
    refuse_bytes(&archive.bytes(), reason);
}

fn refuse_bytes(bytes: &[u8], reason: &str) {
    match open_limited(bytes, Limits::default()) {
        Err(ArchiveError::Malformed { reason: given }) => {
            assert!(given.contains(reason), "{given:?} lacks {reason:?}");
        }
        other => panic!("not refused as malformed: {other:?}"),
    }
}

#[test]
fn every_compression_that_releases_use_is_opened() {
    type Compress = fn(&[u8]) -> Vec<u8>;
    let variants: [(&str, Compress); 4] =
        [("", <[u8]>::to_vec), (".gz", gzip), (".xz", xz), (".zst", zstd)];
    for (suffix, compress) in variants {
        accept(
            &Ar(Vec::new())
                .with("debian-binary", b"2.0\n")
                .with(&format!("control.tar{suffix}"), &compress(b"control files"))
                .with(&format!("data.tar{suffix}"), &compress(b"the data")),
        );
    }
}

#[test]
fn compressions_of_the_past_are_refused_by_name() {
    for member in ["data.tar.bz2", "data.tar.lzma"] {
        let error = open(&Ar::deb().without("data").with(member, b"")).unwrap_err();
        assert!(
            matches!(&error, ArchiveError::Compression { member: named } if named == member),
            "{error:?}"
        );
    }
}

#[test]
fn names_may_end_with_a_slash() {
    let mut archive = Ar::deb();
    archive.0.iter_mut().for_each(|(name, _)| name.push('/'));
    accept(&archive);
}

#[test]
fn later_minor_versions_and_more_lines_are_accepted() {
    for version in ["2.0\n", "2.1\n", "2.15\nsomething new\n"] {
        accept(&Ar::deb().without("debian").inserted_version(version));
    }
    for version in ["3.0\n", "2\n", "2.\n", "2.x\n", "20\n", "", "\n2.0\n"] {
        refuse(&Ar::deb().without("debian").inserted_version(version), "format version");
    }
}

impl Ar {
    fn inserted_version(mut self, version: &str) -> Self {
        self.0.insert(0, ("debian-binary".to_string(), version.into()));
        self
    }
}

#[test]
fn private_members_are_passed_over_and_others_are_not() {
    accept(&Ar::deb().inserted(1, "_gpgbuilder"));
    accept(&Ar::deb().inserted(2, "_x").with("_gpgorigin", b"signature"));
    refuse(&Ar::deb().inserted(0, "_first"), "_first where debian-binary");
    refuse(&Ar::deb().inserted(1, "other"), "other where control.tar");
    refuse(&Ar::deb().inserted(2, "control.tar.gz"), "control.tar.gz where data.tar");
}

#[test]
fn members_after_the_data_are_ignored() {
    accept(&Ar::deb().with("whatever", b"x").with("data.tar.gz", b"not even gzip"));
}

#[test]
fn missing_members_are_named() {
    refuse(&Ar::deb().without("data"), "there is no data.tar");
    refuse(&Ar::deb().without("control"), "data.tar.xz where control.tar");
    refuse(&Ar(Vec::new()), "there is no debian-binary");
}

#[test]
fn last_padding_byte_may_be_missing() {
    let archive = Ar::deb().without("data").with("data.tar", b"odd");
    let mut bytes = archive.bytes();
    bytes.pop();
    open_limited(&bytes, Limits::default()).unwrap();
}

#[test]
fn opened_package_needs_the_package_no_more() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let id = put(&store, &Ar::deb().bytes());
    let first = open_package(&store, id, Limits::default()).unwrap();
    store.discard(Shelf::Blobs, id.sha256).unwrap();
    assert_eq!(open_package(&store, id, Limits::default()).unwrap(), first);
}
