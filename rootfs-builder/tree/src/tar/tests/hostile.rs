//! Archives made to do harm: each is refused with the fault it has.

use super::read;
use crate::Error;
use crate::tar::header::{Field, Header};
use crate::tar::{Fault, pax};

/// One member with its content, padded.
fn member(kind: u8, name: &[u8], content: &[u8]) -> Vec<u8> {
    let mut header = Header::new(kind);
    header.set_name_cut(name);
    header.set(Field::Size, content.len() as u64);
    let mut bytes = sealed(header);
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn link(kind: u8, name: &[u8], target: &[u8]) -> Vec<u8> {
    let mut header = Header::new(kind);
    header.set_name_cut(name);
    header.set_link_name(target);
    sealed(header)
}

fn sealed(mut header: Header) -> Vec<u8> {
    header.seal();
    header.0.to_vec()
}

fn extended(records: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (key, value) in records {
        pax::push(&mut body, key, value);
    }
    member(b'x', b"x", &body)
}

fn fault(parts: &[Vec<u8>]) -> Fault {
    let end = vec![0; 1024];
    match read(&[parts.concat(), end].concat()) {
        Err(Error::TarMember { source, .. }) => source,
        other => panic!("not refused: {other:?}"),
    }
}

fn names(parts: &[Vec<u8>]) -> Vec<String> {
    let end = vec![0; 1024];
    let members = read(&[parts.concat(), end].concat()).unwrap();
    members.into_iter().map(|(path, _)| path.to_string()).collect()
}

#[test]
fn a_name_that_climbs_out_is_refused_and_named() {
    for name in ["../etc/passwd", "a/../../b", "..", "/..", "a/.."] {
        let parts = [member(b'0', name.as_bytes(), b"")];
        assert!(matches!(fault(&parts), Fault::Path(_)), "{name}");
        let error = read(&parts.concat()).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
    let long = extended(&[(b"path", b"../../x")]);
    assert!(matches!(fault(&[long, member(b'0', b"fine", b"")]), Fault::Path(_)));
    let gnu = member(b'L', b"././@LongLink", b"../x\0");
    assert!(matches!(fault(&[gnu, member(b'0', b"fine", b"")]), Fault::Path(_)));
}

#[test]
fn a_hard_link_out_is_refused() {
    assert!(matches!(fault(&[link(b'1', b"a", b"../../etc/shadow")]), Fault::Path(_)));
    assert!(matches!(fault(&[link(b'1', b"a", b"")]), Fault::LinkTarget));
    assert!(matches!(fault(&[link(b'2', b"a", b"")]), Fault::LinkTarget));
}

#[test]
fn names_from_the_root_stay_in_the_guest() {
    assert_eq!(names(&[member(b'0', b"/etc/passwd", b"")]), ["/etc/passwd"]);
}

#[test]
fn a_nul_in_an_extended_name_is_refused() {
    let with = |key: &[u8]| [extended(&[(key, b"a\0b")]), link(b'2', b"n", b"t")];
    assert!(matches!(fault(&with(b"path")), Fault::Path(_)));
    assert!(matches!(fault(&with(b"linkpath")), Fault::LinkTarget));
    assert!(matches!(fault(&with(b"SCHILY.xattr.user.\0")), Fault::Extension));
}

#[test]
fn an_oversized_extended_header_is_refused_before_it_is_read() {
    let mut header = Header::new(b'x');
    header.set(Field::Size, 1024 * 1024 + 1);
    assert!(matches!(fault(&[sealed(header)]), Fault::ExtensionTooLarge(_)));
    let mut header = Header::new(b'L');
    header.0[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0]);
    assert!(matches!(fault(&[sealed(header)]), Fault::ExtensionTooLarge(_)));
}

#[test]
fn names_that_add_up_are_refused() {
    let value = vec![b'v'; 60_000];
    let keys: Vec<Vec<u8>> =
        (0..17).map(|key| format!("SCHILY.xattr.user.{key}").into_bytes()).collect();
    let records: Vec<(&[u8], &[u8])> = keys.iter().map(|key| (&key[..], &value[..])).collect();
    let mut body = Vec::new();
    records.iter().for_each(|(key, value)| pax::push(&mut body, key, value));
    // One global header counts for each of the members that carry its attributes.
    let mut parts = vec![member(b'g', b"g", &body)];
    parts.extend((0..100).map(|_| member(b'0', b"a", b"")));
    assert!(matches!(fault(&parts), Fault::TooMany));
}

#[test]
fn an_extended_size_moves_the_next_header_and_nothing_else() {
    let inner = member(b'0', b"smuggled", b"");
    let mut header = Header::new(b'0');
    header.set_name_cut(b"outer");
    let outer = [extended(&[(b"size", b"512")]), sealed(header), inner.clone()];
    assert_eq!(names(&[outer.concat(), member(b'0', b"next", b"")]), ["/outer", "/next"]);
    // The size belongs to the member, not to a long name between.
    let gnu = member(b'L', b"././@LongLink", b"long\0");
    let mut header = Header::new(b'0');
    header.set_name_cut(b"outer");
    let parts = [extended(&[(b"size", b"512")]), gnu, sealed(header), inner];
    assert_eq!(names(&parts), ["/long"]);
}

#[test]
fn sizes_past_the_end_are_refused() {
    let huge = |size: &[u8]| [extended(&[(b"size", size)]), member(b'0', b"a", b"")];
    assert!(matches!(fault(&huge(b"18446744073709551615")), Fault::Truncated));
    assert!(matches!(fault(&huge(b"18446744073709551616")), Fault::Number("size")));
    assert!(matches!(fault(&huge(b"-1")), Fault::Number("size")));
    let mut header = Header::new(b'0');
    header.0[124..136].fill(0xff);
    assert!(matches!(fault(&[sealed(header)]), Fault::Number("size")));
    let mut header = Header::new(b'0');
    header.0[124] = 0x80;
    header.0[125..136].fill(0xff);
    assert!(matches!(fault(&[sealed(header)]), Fault::Number("size")));
}

#[test]
fn an_archive_that_is_cut_off_is_refused() {
    let whole = [member(b'0', b"a", &[7; 700]), extended(&[(b"path", b"b")])].concat();
    for length in [0, 1, 511, 513, 1000, 1211, 1537, 2048, 2560] {
        let error = read(&whole[..length]).unwrap_err();
        assert!(matches!(error, Error::TarMember { source: Fault::Truncated, .. }), "{length}");
    }
    // The blocks of zeros at the end, and the padding before them, may be missing.
    let member = member(b'0', b"a", &[7; 700]);
    assert_eq!(read(&member[..512 + 700]).unwrap().len(), 1);
    assert_eq!(read(&member).unwrap().len(), 1);
}

#[test]
fn garbage_is_refused() {
    assert!(matches!(fault(&[vec![b'x'; 512]]), Fault::Checksum));
    assert!(matches!(
        fault(&[member(b'x', b"x", b"99 a=b\n"), member(b'0', b"a", b"")]),
        Fault::Extension
    ));
    let mut header = Header::new(b'0');
    header.0[108..116].copy_from_slice(b"01234x7\0");
    assert!(matches!(fault(&[sealed(header)]), Fault::Number("uid")));
    assert!(matches!(fault(&[member(b'M', b"a", b"")]), Fault::Type('M')));
    assert!(matches!(fault(&[member(b'0', b"a/", b"x")]), Fault::DirectoryContent));
}

#[test]
fn sparse_files_are_refused_in_both_forms() {
    assert!(matches!(fault(&[member(b'S', b"a", b"")]), Fault::Sparse));
    let records = extended(&[(b"GNU.sparse.major", b"1")]);
    assert!(matches!(fault(&[records, member(b'0', b"a", b"")]), Fault::Sparse));
}

#[test]
fn links_and_devices_have_no_content_whatever_they_claim() {
    let mut header = Header::new(b'1');
    header.set_name_cut(b"link");
    header.set_link_name(b"a");
    header.set(Field::Size, 512);
    let parts = [member(b'0', b"a", b"x"), sealed(header), member(b'0', b"next", b"")];
    assert_eq!(names(&parts), ["/a", "/link", "/next"]);
}
