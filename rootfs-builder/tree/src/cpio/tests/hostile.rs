//! Archives made to do harm: each is refused with the fault it has.

use super::read;
use crate::Error;
use crate::cpio::Fault;
use crate::cpio::format::{Header, TRAILER, TYPE_CHAR_DEVICE, TYPE_FILE, TYPE_SYMLINK};

fn member(mut header: Header, name: &[u8], content: &[u8]) -> Vec<u8> {
    header.name_bytes = name.len() as u32 + 1;
    if header.size == 0 {
        header.size = content.len() as u32;
    }
    let mut bytes = [&header.to_bytes()[..], name, b"\0"].concat();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn of(mode: u32) -> Header {
    Header { mode, links: 1, ..Header::default() }
}

fn archive(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat(), member(Header::default(), TRAILER, b"")].concat()
}

fn fault(parts: &[Vec<u8>]) -> Fault {
    match read(&archive(parts)) {
        Err(Error::CpioMember { source, .. }) => source,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_name_that_climbs_out_is_refused_and_named() {
    for name in ["../etc/passwd", "a/../../b", "..", "/..", "a/.."] {
        let parts = [member(of(TYPE_FILE), name.as_bytes(), b"")];
        assert!(matches!(fault(&parts), Fault::Path(_)), "{name}");
        let error = read(&archive(&parts)).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn names_that_end_elsewhere_are_refused() {
    assert!(matches!(fault(&[member(of(TYPE_FILE), b"a\0b", b"")]), Fault::Name));
    assert!(matches!(fault(&[member(of(TYPE_FILE), b"", b"")]), Fault::Name));
    assert!(matches!(fault(&[member(of(TYPE_FILE), &[b'a'; 5000], b"")]), Fault::Name));
    let mut open = member(of(TYPE_FILE), b"abc", b"");
    open[113] = b'd';
    assert!(matches!(fault(&[open]), Fault::Name));
}

#[test]
fn sizes_past_the_end_are_refused() {
    let header = Header { size: u32::MAX, ..of(TYPE_FILE) };
    assert!(matches!(fault(&[member(header, b"a", b"")]), Fault::Truncated));
    let header = Header { size: 100, ..of(TYPE_SYMLINK) };
    assert!(matches!(fault(&[member(header, b"a", b"t")]), Fault::LinkTarget | Fault::Truncated));
}

#[test]
fn impossible_members_are_refused() {
    assert!(matches!(fault(&[member(of(TYPE_SYMLINK), b"a", b"")]), Fault::LinkTarget));
    assert!(matches!(fault(&[member(of(TYPE_SYMLINK), b"a", b"x\0y")]), Fault::LinkTarget));
    let long = vec![b'x'; 4096];
    assert!(matches!(fault(&[member(of(TYPE_SYMLINK), b"a", &long)]), Fault::LinkTarget));
    assert!(matches!(fault(&[member(of(TYPE_CHAR_DEVICE), b"a", b"x")]), Fault::Content));
    assert!(matches!(fault(&[member(of(0o644), b"a", b"")]), Fault::Type(0o644)));
    assert!(matches!(fault(&[vec![b'0'; 200]]), Fault::Magic));
}

#[test]
fn an_archive_at_an_odd_place_is_refused() {
    let one = archive(&[member(of(TYPE_FILE), b"a", b"x")]);
    let odd = [one.clone(), vec![0; 6], one.clone()].concat();
    assert!(matches!(read(&odd), Err(Error::CpioMember { source: Fault::Alignment, .. })));
    let garbage = [one, b"garbage".to_vec()].concat();
    assert!(read(&garbage).is_err());
}

#[test]
fn a_sum_that_does_not_fit_is_refused() {
    let with = |sum: &[u8; 8]| {
        let mut bytes = member(of(TYPE_FILE), b"a", b"abc");
        bytes[5] = b'2';
        bytes[102..110].copy_from_slice(sum);
        bytes
    };
    assert!(matches!(fault(&[with(b"00000125")]), Fault::Checksum));
    assert_eq!(read(&archive(&[with(b"00000126")])).unwrap().len(), 1);
}

#[test]
fn members_that_claim_to_be_one_file_of_two_types_stay_two() {
    let linked = |mode| Header { links: 2, inode: 7, ..of(mode) };
    let parts = [
        member(linked(TYPE_FILE), b"a", b""),
        member(linked(TYPE_SYMLINK), b"b", b"x"),
        member(linked(TYPE_SYMLINK), b"c", b"y"),
        member(linked(TYPE_FILE), b"a", b"again"),
        member(linked(TYPE_FILE), b"d", b""),
    ];
    let entries = read(&archive(&parts)).unwrap();
    let shown: Vec<_> = entries.iter().map(|(path, node)| (path.to_string(), &node.kind)).collect();
    assert_eq!(shown.len(), 4, "{shown:?}");
    let crate::Kind::File(content) = shown[0].1 else { panic!("{shown:?}") };
    assert_eq!(content.length(), 5);
    assert!(matches!(shown[3].1, crate::Kind::HardLink(_)), "{shown:?}");
}
