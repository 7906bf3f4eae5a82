//! Packages as builders make them, and as nobody should.

mod hostile;

use std::sync::LazyLock;

use fs_err as fs;
use tempfile::TempDir;
use test_support::apk::{Apk, Key, Package, SignatureKind};
use tree::Kind;

use super::*;

static KEY: LazyLock<Key> = LazyLock::new(|| Key::new("builder@example.org-1"));

fn keys(key: &Key) -> Keys {
    Keys::new(&[distros::Key { name: key.file_name(), bytes: key.public_pem().into() }]).unwrap()
}

fn package() -> Package {
    Package::new("hello", "1.0-r0")
        .depends("so:libc.musl-x86_64.so.1")
        .file("usr/bin/hello", "#!/bin/sh\necho hello\n", 0o755)
        .file("usr/share/big", vec![7; 700_000], 0o644)
        .hard_link("usr/bin/hallo", "usr/bin/hello")
        .symlink("usr/bin/hi", "hello")
        .device("dev/null", 1, 3)
        .script("post-install", "#!/bin/sh\n")
        .signed_by(&KEY, SignatureKind::Rsa)
}

/// A store with one package in it.
struct Stored {
    directory: TempDir,
    store: Store,
    id: BlobId,
}

impl Stored {
    fn new(bytes: &[u8]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path().join("store")).unwrap();
        let id = BlobId { size: bytes.len() as u64, sha256: Digest::of(bytes) };
        store.insert(Shelf::Blobs, id, &mut { bytes }).unwrap();
        Self { directory, store, id }
    }

    fn open(&self) -> Result<OpenedPackage, ArchiveError> {
        self.open_within(Limits::default())
    }

    fn open_within(&self, limits: Limits) -> Result<OpenedPackage, ArchiveError> {
        open_package(&self.store, self.id, limits)
    }
}

fn inspect_bytes(bytes: &[u8]) -> Result<Inspected, ArchiveError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hello.apk");
    fs::write(&path, bytes).unwrap();
    inspect(&path)
}

#[test]
fn the_plain_members_are_kept() {
    let apk = package().build();
    let stored = Stored::new(&apk.bytes());
    let opened = stored.open().unwrap();
    let control = tree::tar::read_spans(&opened.control_tar.clone().into()).unwrap();
    let names: Vec<_> = control.iter().map(|(path, _)| path.to_string()).collect();
    assert_eq!(names, ["/.PKGINFO", "/.post-install"]);
    let data = tree::tar::read_spans(&opened.data_tar).unwrap();
    let names: Vec<_> = data
        .iter()
        .filter(|(_, node)| node.kind != Kind::Directory)
        .map(|(path, _)| path.to_string())
        .collect();
    let expected =
        ["/usr/bin/hello", "/usr/share/big", "/usr/bin/hallo", "/usr/bin/hi", "/dev/null"];
    assert_eq!(names, expected);
    let checksum = opened.control_tar.with_file_name("control.sha1");
    assert_eq!(fs::read_to_string(checksum).unwrap(), test_support::apk::checksum(&apk.control));
    // What is there is not made again.
    fs::remove_dir_all(stored.directory.path().join("store/blobs")).unwrap();
    assert_eq!(stored.open().unwrap(), opened);
}

#[test]
fn a_package_is_inspected_without_its_data_being_unpacked() {
    for kind in [SignatureKind::Rsa, SignatureKind::Rsa256, SignatureKind::Rsa512] {
        let apk = package().signed_by(&KEY, kind).build();
        let inspected = inspect_bytes(&apk.bytes()).unwrap();
        assert_eq!(inspected.control.to_string(), test_support::apk::checksum(&apk.control));
        assert_eq!(inspected.sha256, Digest::of(apk.bytes()));
        assert_eq!(inspected.size, apk.bytes().len() as u64);
        assert_eq!((&*inspected.info.name, &*inspected.info.version), ("hello", "1.0-r0"));
        assert_eq!(inspected.info.data_hash, Digest::of(&apk.data));
        assert_eq!(inspected.verify(&keys(&KEY)), Ok(&*KEY.file_name()));
        assert_eq!(inspected.signers().collect::<Vec<_>>(), [KEY.file_name()]);
        assert!(inspected.is_of(&Checksum::sha1(&apk.control)));
        assert!(inspected.is_of(&Checksum::sha256(&apk.control)));
        assert!(!inspected.is_of(&Checksum::sha1(&apk.data)));
    }
}

#[test]
fn a_package_without_a_signature_is_opened_but_not_verified() {
    let apk = Apk { signature: Vec::new(), ..package().build() };
    Stored::new(&apk.bytes()).open().unwrap();
    let inspected = inspect_bytes(&apk.bytes()).unwrap();
    assert_eq!(inspected.verify(&keys(&KEY)), Err(SignatureError::Absent));
}

#[test]
fn signatures_may_be_several_in_one_member_or_in_several() {
    let apk = package().build();
    let other = Key::new("other");
    let signature = other.signature(SignatureKind::Rsa256, &apk.control);
    let bytes = [&signature[..], &apk.bytes()].concat();
    Stored::new(&bytes).open().unwrap();
    let inspected = inspect_bytes(&bytes).unwrap();
    assert_eq!(inspected.verify(&keys(&other)), Ok(&*other.file_name()));
    assert_eq!(inspected.verify(&keys(&KEY)), Ok(&*KEY.file_name()));
    assert!(inspected.is_of(&Checksum::sha1(&apk.control)));
}

#[test]
fn a_package_without_files_is_a_package() {
    let apk = Package::new("base", "1").build();
    let empty = hostile::with_data(test_support::Compression::Gz.compress(b""));
    for apk in [apk, empty] {
        let stored = Stored::new(&apk.bytes());
        let opened = stored.open().unwrap();
        assert_eq!(tree::tar::read_spans(&opened.data_tar).unwrap(), []);
    }
}

#[test]
fn a_package_that_is_not_there_is_missed() {
    let stored = Stored::new(&package().build().bytes());
    let id = BlobId { size: 1, sha256: Digest::of("x") };
    let refused = open_package(&stored.store, id, Limits::default());
    assert!(matches!(refused, Err(ArchiveError::Absent(digest)) if digest == id.sha256));
}

#[test]
fn a_package_that_rotted_in_the_store_is_removed() {
    let bytes = package().build().bytes();
    let stored = Stored::new(&bytes);
    let path = stored.store.get(Shelf::Blobs, stored.id).unwrap().unwrap();
    for place in [0, 30, bytes.len() / 2, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, changed).unwrap();
        let refused = stored.open();
        assert!(matches!(refused, Err(ArchiveError::Rotten { .. })), "{place}: {refused:?}");
        assert_eq!(stored.store.get(Shelf::Blobs, stored.id).unwrap(), None);
    }
}
