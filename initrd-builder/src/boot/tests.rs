#![allow(clippy::unwrap_used)]

use std::io::Write;

use super::*;

const DIRECTORY_OF_6: &str = "lib/modules/6.1.0/";

/// A kernel as Debian's: some drivers are modules, some are built in.
fn kernel() -> Tree {
    let mut tree = Tree::new();
    let dependencies = "kernel/ext4.ko.xz: kernel/mbcache.ko kernel/jbd2.ko kernel/crc16.ko.zst\n\
        kernel/jbd2.ko: kernel/crc16.ko.zst\nkernel/mbcache.ko:\nkernel/crc16.ko.zst:\n\
        kernel/crc32c-intel.ko.gz:\nkernel/crc32c_generic.ko:\nkernel/late.ko:\n\
        kernel/dm-verity.ko: kernel/gone.ko\nkernel/gone.ko:\n";
    let files: [(&str, Vec<u8>); 11] = [
        ("modules.dep", dependencies.into()),
        (
            "modules.builtin",
            "kernel/virtio/virtio_blk.ko\nkernel/fs/squashfs.ko\nkernel/fs/9p.ko\n".into(),
        ),
        ("modules.builtin.modinfo", b"squashfs.alias=fs-squashfs\0a.license=GPL\0".to_vec()),
        ("modules.softdep", "softdep ext4 pre: crc32c absent post: late\n".into()),
        (
            "modules.alias",
            "alias fs-ext4 ext4\nalias crc32c crc32c_intel\nalias crc32c crc32c_generic\n".into(),
        ),
        ("kernel/ext4.ko.xz", xz(b"ext4")),
        ("kernel/jbd2.ko", b"jbd2".to_vec()),
        ("kernel/mbcache.ko", b"mbcache".to_vec()),
        ("kernel/crc16.ko.zst", zstd::bulk::compress(b"crc16", 3).unwrap()),
        ("kernel/crc32c-intel.ko.gz", gzip(b"intel")),
        ("kernel/dm-verity.ko", b"verity".to_vec()),
    ];
    for (name, bytes) in files {
        let kind = Kind::File(bytes.into());
        put(&mut tree, &format!("{DIRECTORY_OF_6}{name}"), 0o644, kind, Timestamp::default())
            .unwrap();
    }
    tree
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn root(filesystem: &str) -> Root {
    Root {
        device: "/dev/vda1".to_owned(),
        filesystem: filesystem.to_owned(),
        options: "ro".to_owned(),
        wait_seconds: 10,
        verity: None,
    }
}

fn boot<'a>(drivers: &'a [Driver<'a>], root: Option<Root>) -> Boot<'a> {
    Boot { drivers, program: b"program", root, init: "/sbin/init", mtime: Timestamp::default() }
}

fn required(name: &str) -> Driver<'_> {
    Driver { name, is_required: true }
}

fn text(tree: &Tree, at: &str) -> String {
    let inode = tree.inode(&GuestPath::new(at).unwrap()).unwrap_or_else(|| panic!("no {at}"));
    let Kind::File(content) = &inode.kind else { panic!("{at} is no file") };
    String::from_utf8(content.read(1 << 20).unwrap()).unwrap()
}

#[test]
fn modules_come_in_order_and_decompressed() {
    let drivers = [required("virtio_blk"), Driver { name: "vsock", is_required: false }];
    let tree = boot_tree(Some(&kernel()), &boot(&drivers, Some(root("ext4")))).unwrap();
    let expected = "try /osb-boot/modules/crc32c_intel.ko\n\
        module /osb-boot/modules/crc16.ko\n\
        module /osb-boot/modules/jbd2.ko\n\
        module /osb-boot/modules/mbcache.ko\n\
        module /osb-boot/modules/ext4.ko\n\
        root device=/dev/vda1 type=ext4 options=ro wait=10\n\
        init /sbin/init\n";
    assert_eq!(text(&tree, "osb-boot/config"), expected);
    for (name, bytes) in [("ext4", "ext4"), ("crc16", "crc16"), ("crc32c_intel", "intel")] {
        assert_eq!(text(&tree, &format!("osb-boot/modules/{name}.ko")), bytes);
    }
    assert_eq!(text(&tree, "init"), "program");
}

#[test]
fn what_is_built_in_needs_no_module() {
    for filesystem in ["squashfs", "9p"] {
        let tree = boot_tree(Some(&kernel()), &boot(&[], Some(root(filesystem)))).unwrap();
        assert!(!text(&tree, "osb-boot/config").contains("module "), "{filesystem}");
    }
}

#[test]
fn an_archive_stays_what_it_is() {
    let tree = boot_tree(Some(&kernel()), &boot(&[required("jbd2")], None)).unwrap();
    assert!(text(&tree, "osb-boot/config").contains("jbd2.ko\narchive\n"));
    assert_eq!(text(&tree, "osb-boot/init"), "program");
    assert!(tree.get(&GuestPath::new("init").unwrap()).is_none());
}

#[test]
fn what_is_missing_is_named() {
    let refused =
        |tree: &Tree, boot: &Boot<'_>| boot_tree(Some(tree), boot).unwrap_err().to_string();
    let message = "the kernel 6.1.0 has no driver fs-xfs, neither as a module nor built in";
    assert_eq!(refused(&kernel(), &boot(&[], Some(root("xfs")))), message);
    let message = "/lib/modules/6.1.0/kernel/gone.ko is missing";
    assert_eq!(refused(&kernel(), &boot(&[required("dm-verity")], None)), message);
    let message = "no kernel modules: no directory lib/modules/RELEASE with a modules.dep";
    assert_eq!(refused(&Tree::new(), &boot(&[], None)), message);
    let mut two = kernel();
    put(
        &mut two,
        "lib/modules/5/modules.dep",
        0o644,
        Kind::File(vec![].into()),
        Timestamp::default(),
    )
    .unwrap();
    assert_eq!(refused(&two, &boot(&[], None)), "the modules of several kernels: 5, 6.1.0");
    let mut spaced = root("squashfs");
    spaced.options = "ro, noatime".to_owned();
    let message = "the root or its init cannot be written down: white space, or no path";
    assert_eq!(refused(&kernel(), &boot(&[], Some(spaced))), message);
}

#[test]
fn damaged_indexes_are_refused_or_harmless() {
    let mut state = 7_u64;
    for _ in 0..400 {
        let mut tree = kernel();
        for name in ["dep", "alias", "softdep", "builtin.modinfo"] {
            let path = GuestPath::new(format!("{DIRECTORY_OF_6}modules.{name}")).unwrap();
            let content = tree.content_mut(&path).unwrap();
            let mut bytes = content.read(1 << 20).unwrap();
            for _ in 0..4 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let place = (state >> 33) as usize % bytes.len();
                bytes[place] = (state >> 25) as u8;
            }
            *content = bytes.into();
        }
        let _ = boot_tree(Some(&tree), &boot(&[required("ext4")], Some(root("ext4"))));
    }
}

#[test]
fn soft_dependencies_in_a_circle_end() {
    let mut tree = kernel();
    let path = GuestPath::new(format!("{DIRECTORY_OF_6}modules.softdep")).unwrap();
    let circle = b"softdep jbd2 pre: mbcache\nsoftdep mbcache pre: jbd2 post: jbd2\n".to_vec();
    *tree.content_mut(&path).unwrap() = circle.into();
    let tree = boot_tree(Some(&tree), &boot(&[required("jbd2")], None)).unwrap();
    let config = text(&tree, "osb-boot/config");
    assert!(config.starts_with("try /osb-boot/modules/mbcache.ko\nmodule /osb-boot/modules/crc16"));
}
