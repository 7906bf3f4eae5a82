//! Packages that lie, explode or rot.

use proptest::prelude::*;

use super::*;

#[test]
fn what_is_no_ar_archive_is_refused() {
    refuse_bytes(b"", "not an ar archive");
    refuse_bytes(b"!<arch>", "not an ar archive");
    refuse_bytes(b"!<thin>\nxxxxxxxxxxxx", "not an ar archive");
}

#[test]
fn trailing_junk_is_refused() {
    let mut bytes = Ar::deb().bytes();
    bytes.extend_from_slice(b"junk");
    refuse_bytes(&bytes, "bytes that are no member");
    bytes.extend_from_slice(&[b'x'; 100]);
    refuse_bytes(&bytes, "header does not end");
}

#[test]
fn member_larger_than_the_archive_is_refused() {
    let mut bytes = Ar::deb().without("data").bytes();
    header(&mut bytes, "data.tar", "9999999999");
    bytes.extend_from_slice(b"short");
    refuse_bytes(&bytes, "data.tar is cut off");
}

#[test]
fn size_that_is_no_number_is_refused() {
    for size in ["", "-1", "+5", "0x10", "1 2", "1e3"] {
        let mut bytes = b"!<arch>\n".to_vec();
        header(&mut bytes, "debian-binary", size);
        refuse_bytes(&bytes, "no proper size");
    }
}

#[test]
fn name_that_is_a_path_is_refused() {
    for name in ["../data.tar", "/", "a\nb", "", "#1/20 x", "data.tar\0"] {
        let mut bytes = Ar::deb().bytes();
        header(&mut bytes, name, "0");
        refuse_bytes(&bytes, "member has the name");
    }
}

#[test]
fn bomb_in_either_member_stops_at_its_limit() {
    let zeros = vec![0; 1 << 20];
    let limits = Limits { control_bytes: 1 << 16, data_bytes: 1 << 17 };
    let bombs = [("gz", gzip(&zeros)), ("xz", xz(&zeros)), ("zst", zstd(&zeros))];
    for (suffix, bomb) in bombs {
        for (name, limit) in [("control", limits.control_bytes), ("data", limits.data_bytes)] {
            let mut archive = Ar::deb();
            let place = archive.0.iter_mut().find(|(member, _)| member.starts_with(name)).unwrap();
            *place = (format!("{name}.tar.{suffix}"), bomb.clone());
            let error = open_limited(&archive.bytes(), limits).unwrap_err();
            assert!(
                matches!(
                    &error,
                    ArchiveError::Decompress { source: DecompressError::TooLarge { limit: at }, .. }
                        if *at == limit
                ),
                "{error:?}"
            );
        }
    }
}

#[test]
fn member_with_bytes_after_its_compressed_data_is_refused() {
    let mut data = xz(b"the data");
    data.extend_from_slice(b"hidden");
    let error = open(&Ar::deb().without("data").with("data.tar.xz", &data)).unwrap_err();
    assert!(
        matches!(error, ArchiveError::Decompress { source: DecompressError::Trailing, .. }),
        "{error:?}"
    );
}

#[test]
fn package_that_rotted_in_the_store_is_noticed_and_removed() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let mut bytes = Ar::deb().bytes();
    let id = put(&store, &bytes);
    let path = store.get(Shelf::Blobs, id).unwrap().unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs_err::write(path, bytes).unwrap();
    let error = open_package(&store, id, Limits::default()).unwrap_err();
    assert!(matches!(error, ArchiveError::Rotten { .. }), "{error:?}");
    let error = open_package(&store, id, Limits::default()).unwrap_err();
    assert!(matches!(error, ArchiveError::Absent(_)), "{error:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_refused_without_panic(tail: Vec<u8>) {
        let bytes = [b"!<arch>\n".to_vec(), tail].concat();
        prop_assert!(open_limited(&bytes, Limits::default()).is_err());
    }

    #[test]
    fn damaged_package_never_panics(position: prop::sample::Index, value: u8, cut: prop::sample::Index) {
        let mut bytes = Ar::deb().bytes();
        let position = position.index(bytes.len());
        bytes[position] = value;
        bytes.truncate(cut.index(bytes.len() * 2));
        let limits = Limits { control_bytes: 1000, data_bytes: 1000 };
        if let Ok((control, data)) = open_limited(&bytes, limits) {
            prop_assert!(control.len() <= 1000 && data.len() <= 1000);
        }
    }

    #[test]
    fn members_of_any_size_come_back(control: Vec<u8>, data: Vec<u8>) {
        let archive = Ar(Vec::new())
            .with("debian-binary", b"2.0\n")
            .with("control.tar", &control)
            .with("data.tar", &data);
        prop_assert_eq!(open(&archive).unwrap(), (control, data));
    }
}
