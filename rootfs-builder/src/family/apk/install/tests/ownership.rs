//! Who may have which file.

use super::*;

fn pair(ours: Package, theirs: Package) -> Result<Tree, InstallError> {
    installed(&[
        ours.field("origin", "one").file("usr/file", "ours", 0o644),
        theirs.field("origin", "two").depends("a").file("usr/file", "theirs", 0o600),
    ])
}

fn a() -> Package {
    made("a", "1.0-r0")
}

fn b() -> Package {
    made("b", "2.0-r0")
}

#[test]
fn two_packages_with_one_file_are_both_named() {
    let error = pair(a(), b()).unwrap_err();
    let InstallError::Unpack(error) = error else { panic!("{error}") };
    assert_eq!(
        error.to_string(),
        "b-2.0-r0 and a-1.0-r0 both carry /usr/file, and neither replaces the other"
    );
    let outdated = pair(a(), b().replaces("a<1.0-r0"));
    assert!(matches!(outdated, Err(InstallError::Unpack(UnpackError::Overlap { .. }))));
    let denied = pair(a(), b().replaces("!a"));
    assert!(matches!(denied, Err(InstallError::Unpack(UnpackError::Overlap { .. }))));
}

#[test]
fn whoever_replaces_the_other_gets_the_file_and_the_database_says_so() {
    let check = |ours: Package, theirs: Package, expected: &str| {
        let tree = pair(ours, theirs).unwrap();
        assert_eq!(text(&tree, "usr/file"), expected);
        let database = text(&tree, "lib/apk/db/installed");
        assert_eq!(database.matches("R:file").count(), 1, "{database}");
        let owner = database.split("\n\n").find(|part| part.contains("R:file")).unwrap();
        assert!(owner.contains(if expected == "ours" { "P:a" } else { "P:b" }), "{database}");
    };
    check(a(), b().replaces("a"), "theirs");
    check(a(), b().replaces("a<1.1"), "theirs");
    check(a().replaces("b"), b(), "ours");
    check(a().replaces("b"), b().replaces("a"), "theirs");
    check(a().replaces("b").replaces_priority(2), b().replaces("a").replaces_priority(1), "ours");
    check(a().replaces("b").replaces_priority(1), b().replaces("a").replaces_priority(2), "theirs");
}

#[test]
fn packages_of_one_origin_and_files_of_one_content_do_not_conflict() {
    let file = |name: &str, content: &str| {
        made(name, "1").field("origin", content).file("usr/file", content, 0o644)
    };
    assert!(installed(&[file("a", "same"), file("b", "same")]).is_ok());
    let one = made("a", "1").field("origin", "o").file("f", "1", 0o644);
    let two = made("b", "1").field("origin", "o").depends("a").file("f", "2", 0o644);
    assert_eq!(text(&installed(&[one, two]).unwrap(), "f"), "2");
    let one = made("a", "1").file("f", "1", 0o644);
    let two = made("b", "1").depends("a").file("f", "1", 0o644);
    assert!(installed(&[one, two]).is_ok());
}

#[test]
fn a_shared_directory_has_the_lowest_owner_and_what_all_of_its_packages_allow() {
    let directory = |name: &str, owner: u64, mode| {
        made(name, "1").directory("srv/data", mode).owner(owner, owner)
    };
    let tree =
        installed(&[directory("a", 5, 0o777), directory("b", 0, 0o750), directory("c", 0, 0o705)]);
    let meta = node(&tree.unwrap(), "srv/data").meta.clone();
    assert_eq!((meta.uid, meta.gid, meta.mode), (0, 0, 0o700));
}

#[test]
fn a_protected_file_of_nobody_stays_and_the_new_one_lies_beside_it() {
    let shell = made("shell", "1").file("bin/sh", "", 0o755).file("bin/ln", "", 0o755);
    let first = made("first", "1").depends("shell").directory("etc/conf", 0o755).script(
        "post-install",
        "#!/bin/sh\nln -s elsewhere /etc/conf/link\nln -s same /etc/conf/same\nln -s any /bin/any\n",
    );
    let second = made("second", "1")
        .depends("first")
        .file("etc/conf/link", "text", 0o644)
        .hard_link("etc/conf/name", "etc/conf/link")
        .symlink("etc/conf/same", "same")
        .symlink("bin/any", "other");
    let tree = installed(&[shell, first, second]).unwrap();
    assert_eq!(text(&tree, "etc/conf/link"), "elsewhere");
    assert_eq!(text(&tree, "etc/conf/link.apk-new"), "text");
    assert_eq!(text(&tree, "etc/conf/name"), "text");
    assert_eq!(text(&tree, "etc/conf/same"), "same");
    assert!(!has(&tree, "etc/conf/same.apk-new"));
    assert_eq!(text(&tree, "bin/any"), "other", "what is not protected is replaced");
}

#[test]
fn a_file_that_another_package_keeps_still_gives_its_content_to_other_names() {
    let keeper = a().replaces("b").file("usr/file", "ours", 0o644);
    let other = b()
        .depends("a")
        .file("usr/file", "theirs", 0o600)
        .hard_link("usr/name", "usr/file")
        .file("usr/.keep_usr", "", 0o644);
    let tree = installed(&[keeper, other]).unwrap();
    assert_eq!(text(&tree, "usr/file"), "ours");
    assert_eq!(text(&tree, "usr/name"), "theirs");
    assert!(!has(&tree, "usr/.keep_usr"));
}
