//! Packages for tests: made, opened and planned.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use test_support::apk::{Apk, Package, checksum};
use tree::{GuestPath, Kind, Node, Tree};

use super::package::{ApkPackage, PackageError};
use crate::digest::Digest;
use crate::plan::{Finish, Plan, PlannedPackage, PlannedRepository};

/// When everything that a plan of these tests makes was made.
pub(super) const TIME: i64 = 1_700_000_000;

/// Packages as a build has them before they are installed.
pub(super) struct Opened {
    pub(super) packages: Vec<ApkPackage>,
    pub(super) plan: Plan,
    /// Keeps the archives for as long as the packages.
    _place: tempfile::TempDir,
}

/// Makes and opens packages; all are asked for.
pub(super) fn open<'a>(packages: impl IntoIterator<Item = &'a Package>) -> Opened {
    let place = tempfile::tempdir().unwrap();
    let apks: Vec<Apk> = packages.into_iter().map(Package::build).collect();
    let read = |apk| read(apk, place.path()).unwrap();
    Opened { packages: apks.iter().map(read).collect(), plan: plan(&apks), _place: place }
}

/// Opens one package; its archives lie below `place`.
pub(super) fn read(apk: &Apk, place: &Path) -> Result<ApkPackage, PackageError> {
    let directory = place.join(apk.file_name());
    fs_err::create_dir_all(&directory).unwrap();
    let [control, data] =
        [("control.tar", &apk.control), ("data.tar", &apk.data)].map(|(name, member)| {
            let path: Arc<Path> = directory.join(name).into();
            let mut plain = Vec::new();
            flate2::read::MultiGzDecoder::new(&member[..]).read_to_end(&mut plain).unwrap();
            fs_err::write(&path, plain).unwrap();
            path
        });
    fs_err::write(directory.join("control.sha1"), checksum(&apk.control)).unwrap();
    ApkPackage::read(&control, &data)
}

/// A plan of these packages, all of which are asked for.
pub(super) fn plan(apks: &[Apk]) -> Plan {
    let planned = |apk: &Apk| PlannedPackage {
        name: apk.name.clone(),
        version: apk.version.clone(),
        arch: "x86_64".to_owned(),
        url: format!("http://localhost/guest/v1/main/x86_64/{}", apk.file_name()),
        size: apk.bytes().len() as u64,
        sha256: Digest::of(apk.bytes()),
        requested: true,
    };
    Plan {
        version: Plan::VERSION,
        family: distros::Family::Apk,
        distro: "guest".to_owned(),
        release: "v1".to_owned(),
        arch: "x86_64".to_owned(),
        profile: "base".to_owned(),
        timestamp: TIME,
        wanted: apks.iter().map(|apk| apk.name.clone()).collect(),
        keys: Vec::new(),
        finish: Finish::default(),
        repositories: vec![PlannedRepository {
            url: "http://localhost/guest".to_owned(),
            suite: "v1".to_owned(),
            components: vec!["main".to_owned()],
            tag: None,
            release_sha256: Digest::of("index"),
            signed_by: None,
        }],
        packages: apks.iter().map(planned).collect(),
    }
}

/// The node at a path, which must be there.
pub(super) fn node<'a>(tree: &'a Tree, path: &str) -> &'a Node {
    tree.inode(&GuestPath::new(path).unwrap()).unwrap_or_else(|| panic!("no {path}"))
}

/// Whether a tree has something at a path.
pub(super) fn has(tree: &Tree, path: &str) -> bool {
    tree.get(&GuestPath::new(path).unwrap()).is_some()
}

/// The text of a file, or where a symbolic link leads to.
pub(super) fn text(tree: &Tree, path: &str) -> String {
    match &node(tree, path).kind {
        Kind::File(content) => String::from_utf8(content.read(1 << 20).unwrap()).unwrap(),
        Kind::Symlink(target) => String::from_utf8(target.to_vec()).unwrap(),
        other => panic!("{path} is {other:?}"),
    }
}
