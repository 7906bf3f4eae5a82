//! Packages that were made to do harm; each would be taken if only its own digests were asked.

use test_support::{Compression, Entry, tar};

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    Compression::Gz.compress(bytes)
}

/// A control member for this data member, with further files.
fn control(data: &[u8], more: &[Entry]) -> Vec<u8> {
    let info = format!(
        "pkgname = hello\npkgver = 1.0-r0\narch = noarch\ndatahash = {}\n",
        Digest::of(data)
    );
    let entries = [&[Entry::file(".PKGINFO", info, 0o644)], more].concat();
    let mut plain = tar(&entries);
    plain.truncate(plain.len() - TAR_END.len());
    gzip(&plain)
}

/// A package with this data member, signed by its builder.
pub(super) fn with_data(data: Vec<u8>) -> Apk {
    let control = control(&data, &[]);
    let signature = KEY.signature(SignatureKind::Rsa, &control);
    Apk { signature, control, data, ..package().build() }
}

fn with_entries(entries: &[Entry]) -> Apk {
    with_data(gzip(&tar(entries)))
}

fn refusal(bytes: &[u8]) -> ArchiveError {
    Stored::new(bytes).open().unwrap_err()
}

/// What both ways of looking at a package refuse.
fn refused_twice(bytes: &[u8]) -> ArchiveError {
    inspect_bytes(bytes).unwrap_err();
    refusal(bytes)
}

fn reason(error: ArchiveError) -> String {
    match error {
        ArchiveError::Malformed { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_no_package_is_refused() {
    assert_eq!(reason(refused_twice(b"")), "it has no control member");
    for bytes in [&b"<html>not found</html>"[..], b"\x1f\x8b", b"\x1f\x8b\x08", &[0; 4096]] {
        let refused = refused_twice(bytes);
        assert!(
            matches!(refused, ArchiveError::Decompress { member: "control", .. }),
            "{refused:?}"
        );
    }
    let refused =
        refused_twice(&gzip(b"not a tar archive, but long enough for one".repeat(50).as_slice()));
    assert!(matches!(refused, ArchiveError::Control(_)), "{refused:?}");
}

#[test]
fn a_package_of_version_3_is_refused_by_name() {
    for magic in ["ADB.", "ADBd", "ADBc"] {
        let refused = refused_twice(format!("{magic}xxxx").as_bytes());
        assert!(matches!(refused, ArchiveError::Version3));
        assert!(refused.to_string().contains("version 3"));
    }
}

#[test]
fn missing_members_are_missed() {
    let Apk { signature, control, data, .. } = package().build();
    let has_no_control = "it has no control member";
    assert_eq!(reason(refused_twice(&signature)), has_no_control);
    assert_eq!(reason(refusal(&[&signature[..], &control].concat())), "it has no data member");
    assert_eq!(reason(refusal(&control)), "it has no data member");
    // The data is taken for control files, and is none.
    assert!(matches!(refused_twice(&data), ArchiveError::Control(_)));
    assert!(matches!(refused_twice(&[&signature[..], &data].concat()), ArchiveError::Control(_)));
    // Their digest says that inspecting may not be happy either.
    let refused = inspect_bytes(&[&signature[..], &control].concat());
    assert!(matches!(refused, Err(ArchiveError::DataDigest { .. })), "{refused:?}");
}

#[test]
fn members_in_another_order_are_refused() {
    let Apk { signature, control, data, .. } = package().build();
    for members in [
        [&data, &control, &signature],
        [&control, &signature, &data],
        [&signature, &data, &control],
        [&control, &data, &signature],
    ] {
        let bytes: Vec<u8> = members.into_iter().flatten().copied().collect();
        inspect_bytes(&bytes).unwrap_err();
        refusal(&bytes);
    }
}

#[test]
fn members_of_two_packages_do_not_mix() {
    let (one, other) = (package().build(), package().file("etc/more", "x", 0o644).build());
    let mixed = one.clone().with_data(other.data.clone());
    assert!(matches!(refused_twice(&mixed.bytes()), ArchiveError::DataDigest { .. }));
    let mixed = Apk { control: other.control.clone(), data: other.data, ..one.clone() };
    let inspected = inspect_bytes(&mixed.bytes()).unwrap();
    assert_eq!(inspected.verify(&keys(&KEY)), Err(SignatureError::Wrong { key: KEY.file_name() }));
    assert!(!inspected.is_of(&Checksum::sha1(&one.control)));
}

#[test]
fn wrong_signatures_of_every_kind_are_told() {
    let stranger = Key::new("stranger");
    let inspected = inspect_bytes(&package().build().bytes()).unwrap();
    let unknown = Err(SignatureError::UnknownKey { names: KEY.file_name() });
    assert_eq!(inspected.verify(&keys(&stranger)), unknown);
    let wrong = Err(SignatureError::Wrong { key: KEY.file_name() });
    let by_impostor = package().signed_by(&KEY.impostor(), SignatureKind::Rsa256).build();
    assert_eq!(inspect_bytes(&by_impostor.bytes()).unwrap().verify(&keys(&KEY)), wrong);
    // A signature of the data instead of the control member.
    let apk = package().build();
    let apk = Apk { signature: KEY.signature(SignatureKind::Rsa, &apk.data), ..apk };
    assert_eq!(inspect_bytes(&apk.bytes()).unwrap().verify(&keys(&KEY)), wrong);
}

#[test]
fn what_follows_the_data_is_refused() {
    let apk = package().build();
    for more in [&b"\0"[..], b"garbage", &[0; 512], &apk.data, &apk.control, &gzip(b"")] {
        let bytes = [&apk.bytes()[..], more].concat();
        let refused = inspect_bytes(&bytes);
        assert!(matches!(refused, Err(ArchiveError::DataDigest { .. })), "{refused:?}");
        assert_eq!(reason(refusal(&bytes)), "something follows the data member");
        // Its digest may even be right.
        let refused = refusal(&with_data([&apk.data[..], more].concat()).bytes());
        assert_eq!(reason(refused), "something follows the data member");
    }
}

#[test]
fn a_package_that_is_cut_off_is_refused() {
    let bytes = package().build().bytes();
    for end in (1..bytes.len()).step_by(97).chain([bytes.len() - 1, bytes.len() - 8]) {
        refused_twice(&bytes[..end]);
    }
}

#[test]
fn control_files_must_be_control_files() {
    let data = gzip(&tar(&[]));
    let bytes = |more: &[Entry]| [control(&data, more), data.clone()].concat();
    for name in ["etc/passwd", ".hidden/file", "../.PKGINFO", "PKGINFO"] {
        reason(refused_twice(&bytes(&[Entry::file(name, "x", 0o644)])));
    }
    for entry in [
        Entry::symlink(".post-install", "/bin/sh"),
        Entry::hard_link(".post-install", ".PKGINFO"),
        Entry::directory(".scripts/", 0o755),
        Entry::character_device(".null", 1, 3),
        Entry::file(".PKGINFO", "pkgname = other\n", 0o644),
        Entry::file(".post-install", "x", 0o755).claiming_size(1 << 30),
        Entry::file(".SIGN.RSA.x", "x", 0o644),
    ] {
        let refused = refused_twice(&bytes(&[entry]));
        assert!(matches!(refused, ArchiveError::Control(_)), "{refused:?}");
    }
    let none = gzip(&tar(&[Entry::file(".post-install", "", 0o755)]));
    let expected = "there is no .PKGINFO where it must stand";
    assert_eq!(reason(refused_twice(&[none, data].concat())), expected);
}

#[test]
fn a_package_that_describes_itself_badly_is_refused() {
    let apk = package().info_text("pkgname = ../../x\npkgver = 1\narch = noarch\n").build();
    assert!(matches!(refused_twice(&apk.bytes()), ArchiveError::Info(_)));
    let apk = package().info_text("pkgver = 1\narch = noarch\n").build();
    assert!(matches!(refused_twice(&apk.bytes()), ArchiveError::Info(PkgInfoError::Absent(_))));
}

#[test]
fn a_path_out_of_the_tree_is_refused() {
    for name in ["../etc/passwd", "usr/../../etc/passwd", "usr/..", ".."] {
        let refused = refusal(&with_entries(&[Entry::file(name, "x", 0o644)]).bytes());
        assert!(matches!(refused, ArchiveError::Data(_)), "{name}: {refused:?}");
    }
    let link = Entry::hard_link("usr/passwd", "../../etc/passwd");
    assert!(matches!(refusal(&with_entries(&[link]).bytes()), ArchiveError::Data(_)));
}

#[test]
fn an_absolute_path_means_the_root_of_the_guest() {
    let apk = with_entries(&[Entry::file("/etc/passwd", "x", 0o644)]);
    let stored = Stored::new(&apk.bytes());
    let opened = stored.open().unwrap();
    let data = tree::tar::read_spans(&opened.data_tar).unwrap();
    assert_eq!(data[0].0.to_string(), "/etc/passwd");
}

#[test]
fn a_lie_about_the_size_of_a_file_is_refused() {
    for size in [2, 1 << 20, 1 << 33] {
        let file = Entry::file("usr/file", "x".repeat(1000), 0o644).claiming_size(size);
        let refused = refusal(&with_entries(&[file]).bytes());
        assert!(matches!(refused, ArchiveError::Data(_)), "{size}: {refused:?}");
    }
}

#[test]
fn a_file_that_is_not_what_its_record_says_is_refused() {
    let name = "APK-TOOLS.checksum.SHA1";
    let nothing = b"da39a3ee5e6b4b0d3255bfef95601890afd80709";
    for record in [&nothing[..], b"", b"x", &[b'0'; 40]] {
        let apk = package().file("etc/file", "text", 0o644).record(name, record).build();
        let refused = refusal(&apk.bytes());
        let is_refused = matches!(&refused, ArchiveError::FileDigest { path } if path.to_string() == "/etc/file");
        assert!(is_refused, "{refused:?}");
    }
    let apk = package().symlink("etc/link", "target").record(name, nothing).build();
    assert!(matches!(refusal(&apk.bytes()), ArchiveError::FileDigest { .. }));
    let apk = package().file("etc/empty", "", 0o644).record(name, nothing).build();
    Stored::new(&apk.bytes()).open().unwrap();
}

#[test]
fn a_bomb_ends_at_its_limit() {
    let limits = Limits { control_bytes: 1 << 20, data_bytes: 1 << 20 };
    let zeros = Entry::file("zeros", vec![0; 8 << 20], 0o644);
    let apk = with_entries(&[zeros]);
    let too_large = |error: ArchiveError, name: &str| match error {
        ArchiveError::Decompress { member, source: DecompressError::TooLarge { .. } } => {
            assert_eq!(member, name);
        }
        other => panic!("{other:?}"),
    };
    let stored = Stored::new(&apk.bytes());
    too_large(stored.open_within(limits).unwrap_err(), "data");
    // Nothing of it is left.
    assert_eq!(stored.store.find_derived(Shelf::Opened, stored.id.sha256).unwrap(), None);
    let control = control(&apk.data, &[Entry::file(".post-install", vec![0; 2 << 20], 0o755)]);
    let bytes = [&control[..], &apk.data].concat();
    too_large(Stored::new(&bytes).open_within(limits).unwrap_err(), "control");
}

#[test]
fn a_control_member_that_never_ends_is_not_kept() {
    // Blocks of no bytes: nothing comes out, but a lot goes in.
    let header = b"\x1f\x8b\x08\0\0\0\0\0\0\xff";
    let bytes = [&header[..], &b"\0\0\0\xff\xff".repeat(1_000_000)].concat();
    let limits = Limits { control_bytes: 1 << 20, data_bytes: 1 << 20 };
    let refused = Stored::new(&bytes).open_within(limits).unwrap_err();
    let is_refused = matches!(
        refused,
        ArchiveError::Decompress { member: "control", source: DecompressError::Read(_) }
    );
    assert!(is_refused, "{refused:?}");
}
