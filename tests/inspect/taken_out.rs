//! Parts of artifacts, written to directories.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use test_support::User;

use super::{guest, osb, shell};

#[test]
fn a_part_is_written_to_a_new_directory() {
    let osb = osb();
    guest(osb.directory());
    shell(osb.directory(), "tar -C guest --owner=7 --group=8 -cf a.tar .");
    let said = osb.run(["inspect", "a.tar", "--extract", "all"]).succeeds();
    assert!(said.stdout.contains("entries"), "{said}");
    let difference = osb.run(["inspect", "a.tar", "all"]);
    let is_root = test_support::is_root();
    assert_eq!(difference.code, Some(if is_root { 0 } else { 1 }), "{difference}");
    let usr = osb.directory().join("usr");
    osb.run(["inspect", "a.tar", "usr", "--extract", "usr"]).succeeds();
    let linked = fs::metadata(usr.join("bin/also")).unwrap();
    assert_eq!((linked.nlink(), linked.len()), (2, 300_000));
    let said = osb.run(["inspect", "a.tar", "bin/tool", "--extract", "one"]).succeeds();
    assert!(said.stdout.contains("1 entries"), "{said}");
    assert!(osb.directory().join("one/tool").exists());
    osb.run(["inspect", "a.tar", "--extract", "all"]).fails_with(2, "holds something already");
    let left = fs::read_dir(osb.directory()).unwrap().flatten();
    let left: Vec<_> =
        left.filter(|entry| entry.file_name().as_encoded_bytes()[0] == b'.').collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_user_is_told_what_was_not_done() {
    let Some(user) = User::plain() else { return };
    let osb = osb().as_user(&user);
    guest(osb.directory());
    shell(
        osb.directory(),
        "mknod guest/null c 1 3 && chmod 555 guest && \
         setcap cap_net_raw+ep guest/usr/bin/tool 2>/dev/null || true; \
         tar -C guest --xattrs --xattrs-include='*' -cf a.tar .; chmod 755 guest",
    );
    let said = osb.run(["inspect", "a.tar", "--extract", "out"]).succeeds();
    assert!(said.stdout.contains("not done, for want of rights: owners"), "{said}");
    assert!(said.stdout.contains("not done, for want of rights: devices (1)"), "{said}");
    assert!(osb.directory().join("out/usr/bin/tool").exists());
}
