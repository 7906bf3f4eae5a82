//! What a format cannot hold is refused with its path, and nothing is written.

use std::fs;

use test_support::{HUGE, Osb, demanding};
use tree::Tree;

use super::{path, put_init};

const LONG_LINKS: [&str; 2] = ["links/symbolic-4000", "links/symbolic-4095"];
const HIGH_DEVICES: [&str; 2] = ["devices/c-high", "devices/b-high"];
const EARLY: [&str; 3] = ["times/before-1970", "times/before-1970-fraction", "times/in-1902"];
const LATE: [&str; 1] = ["times/after-2106"];
const LISTS_OF_RIGHTS: [&str; 2] = ["xattrs/acl", "xattrs/acls"];
const ATTRIBUTES: [&str; 3] = ["xattrs/capability", "xattrs/label", "xattrs/large"];
const SOCKET: [&str; 1] = ["devices/socket"];

/// Packs each of some nodes alone, and expects to hear its path.
fn check(command: &str, output: &str, options: &[&str], refused: &[&[&str]]) {
    let (osb, holes) = (Osb::new(env!("CARGO_BIN_EXE_osb")), tempfile::tempdir().unwrap());
    let whole = demanding(holes.path());
    let given = osb.directory().join("given");
    for name in refused.concat() {
        let mut tree = Tree::new();
        put_init(&mut tree);
        let directory = path(name).parent().unwrap();
        for place in [directory, path(name)] {
            tree.insert(place.clone(), whole.get(&place).unwrap().clone()).unwrap();
        }
        let source = match SOCKET.contains(&name) || name == HUGE {
            // What a tar cannot hold, or only with every byte of it.
            true => {
                super::write(&tree, &given);
                "given"
            }
            false => {
                let mut archive = Vec::new();
                tree::tar::write(&tree, &mut archive).unwrap();
                fs::write(osb.directory().join("given.tar"), archive).unwrap();
                "given.tar"
            }
        };
        let usual = [command, "--rootfs", source, "-o", output];
        osb.run(usual.iter().chain(options)).fails_with(2, name);
        assert!(!osb.directory().join(output).exists(), "{name}");
        if given.exists() {
            fs::remove_dir_all(&given).unwrap();
        }
    }
}

#[test]
fn squashfs_refuses_early_and_late_times_and_lists_of_rights() {
    check("image", "disk", &["--fs", "squashfs"], &[&EARLY, &LATE, &LISTS_OF_RIGHTS]);
}

#[test]
fn xfs_refuses_long_links_and_high_devices() {
    check("image", "disk", &["--fs", "xfs"], &[&LONG_LINKS, &HIGH_DEVICES]);
}

#[test]
fn an_initrd_refuses_times_attributes_and_huge_files() {
    if !test_support::is_root() {
        return test_support::skip("owners need root");
    }
    check("initrd", "initrd", &[], &[&EARLY, &LATE, &LISTS_OF_RIGHTS, &ATTRIBUTES, &[HUGE]]);
}

#[test]
fn a_tar_refuses_sockets() {
    if !test_support::is_root() {
        return test_support::skip("owners need root");
    }
    check("rootfs", "a.tar", &[], &[&SOCKET]);
}
