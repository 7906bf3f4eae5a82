//! A real system's packages, installed by us and by a real `apk`.

use std::collections::BTreeSet;

use test_support::apk::{Key, RealSystem, Repository, SignatureKind};

use super::*;

/// Packages whose scripts do more than is known; everything else of the real system is native.
const NOT_NATIVE: [&str; 2] = ["ca-certificates", "mkinitfs"];

fn native(system: &RealSystem) -> Vec<Package> {
    let is_native = |package: &Package| !NOT_NATIVE.contains(&package.build().name.as_str());
    system.packages().into_iter().filter(is_native).collect()
}

#[test]
fn a_real_base_needs_no_sandbox_and_its_database_is_what_a_real_apk_writes() {
    let Some(system) = RealSystem::get() else { return };
    let key = Key::new("guest@example.org");
    // A signature adds to the size that the database tells.
    let sign = |package: Package| package.signed_by(&key, SignatureKind::Rsa);
    let packages: Vec<Package> = native(&system).into_iter().map(sign).collect();
    let tree = installed(&packages).unwrap();
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("root");
    fs_err::create_dir(&root).unwrap();
    let theirs = install_really(&system, &packages, (&key, place.path()), &root);
    let ours = text(&tree, "lib/apk/db/installed");
    for (ours, theirs) in ours.lines().zip(theirs.lines()) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(ours.len(), theirs.len());
    assert_eq!(text(&tree, "etc/apk/world"), read(&root, "etc/apk/world"));
    assert_eq!(text(&tree, "etc/apk/arch"), read(&root, "etc/apk/arch"));
}

#[test]
fn native_applet_links_are_those_of_a_real_system() {
    let Some(system) = RealSystem::get() else { return };
    let tree = installed(&native(&system)).unwrap();
    let links = |tree: &Tree| -> BTreeSet<String> {
        let is_applet =
            |node: &tree::Node| matches!(&node.kind, Kind::Symlink(to) if &**to == b"/bin/busybox");
        tree.iter().filter(|(_, node)| is_applet(node)).map(|(path, _)| path.to_string()).collect()
    };
    let real = tree::directory::read(system.root(), None, &|_| None).unwrap();
    assert_eq!(links(&tree), links(&real));
    assert!(links(&tree).len() > 200);
}

fn install_really(
    system: &RealSystem,
    packages: &[Package],
    (key, place): (&Key, &Path),
    root: &Path,
) -> String {
    let repository = Repository::new("main", key).packages(packages);
    let mirror = place.join("mirror/x86_64");
    let keys = place.join("keys");
    fs_err::create_dir_all(&mirror).unwrap();
    fs_err::create_dir_all(&keys).unwrap();
    fs_err::write(keys.join(key.file_name()), key.public_pem()).unwrap();
    fs_err::write(mirror.join("APKINDEX.tar.gz"), repository.index("x86_64")).unwrap();
    let built: Vec<_> = packages.iter().map(Package::build).collect();
    for apk in &built {
        fs_err::write(mirror.join(apk.file_name()), apk.bytes()).unwrap();
    }
    let address = place.join("mirror").display().to_string();
    let keys = keys.display().to_string();
    let mut arguments = vec!["--arch", "x86_64", "--keys-dir", &keys, "--repository", &address];
    arguments.extend(["add", "--initdb", "--no-scripts", "--no-cache"]);
    arguments.extend(built.iter().map(|apk| apk.name.as_str()));
    let (is_done, said) = system.run(root, &arguments);
    assert!(is_done, "{said}");
    read(root, "lib/apk/db/installed")
}

fn read(root: &Path, path: &str) -> String {
    fs_err::read_to_string(root.join(path)).unwrap()
}
