//! Bytes that mean harm, made small enough for a test.

use std::io::{Read, repeat};

use crate::entry::file_header;
use crate::{Compression, Entry, Package};

/// How many zeros are compressed once; larger bombs repeat the compressed piece.
const PIECE_BYTES: u64 = 256 << 20;

/// A package whose data is one file of zeros: small to fetch, `size` bytes to unpack.
pub fn bomb(size: u64, compression: Compression) -> Package {
    let header = compression.compress(&file_header("./usr/bomb", size));
    let data = [header, repeated(size, 0, compression)].concat();
    Package::new("bomb", "1.0").compression(compression).compressed_data(data)
}

/// An index of `size` bytes that is all one field.
pub fn index_bomb(size: u64, compression: Compression) -> Vec<u8> {
    let start = compression.compress(b"Package: bomb\nVersion: ");
    [start, repeated(size, b'1', compression)].concat()
}

/// All three formats allow one compressed stream after the other.
fn repeated(size: u64, byte: u8, compression: Compression) -> Vec<u8> {
    let piece = compression.compress_from(repeat(byte).take(PIECE_BYTES.min(size)));
    piece.repeat(usize::try_from(size.div_ceil(PIECE_BYTES)).unwrap())
}

/// A package whose control file has `lines` lines of one folded field.
pub fn long_control(lines: usize) -> Package {
    let mut text =
        String::from("Package: long\nVersion: 1.0\nArchitecture: all\nDescription: long\n");
    text.push_str(&" and longer\n".repeat(lines));
    Package::new("long", "1.0").compression(Compression::Zst).control_text(text)
}

/// A file named through `..` above the root.
pub fn parent_directory() -> Package {
    Package::new("parent", "1.0").raw_entry(Entry::file("./../../escaped", "out", 0o644))
}

/// A file whose name is absolute: an archive may say so, it must stay inside.
pub fn absolute_file(path: &str) -> Package {
    Package::new("absolute", "1.0").raw_entry(Entry::file(path, "out", 0o644))
}

/// A symbolic link to a directory of the host, and a file written through it.
pub fn write_through_symlink(target: &str) -> Package {
    Package::new("through", "1.0")
        .raw_entry(Entry::symlink("./link", target))
        .raw_entry(Entry::file("./link/escaped", "out", 0o644))
}

/// The same in two steps that a check of names alone does not see: a link that becomes a directory's parent.
pub fn write_through_nested_symlink(target: &str) -> Package {
    Package::new("nested", "1.0")
        .raw_entry(Entry::directory("./a/", 0o755))
        .raw_entry(Entry::symlink("./a/b", target))
        .raw_entry(Entry::directory("./a/b/", 0o755))
        .raw_entry(Entry::file("./a/b/escaped", "out", 0o644))
}

/// A hard link to a file of the host.
pub fn hard_link_out(target: &str) -> Package {
    Package::new("hardlink", "1.0").raw_entry(Entry::hard_link("./stolen", target))
}

/// A hard link made through a symbolic link that leaves the root.
pub fn hard_link_through_symlink(directory: &str, file: &str) -> Package {
    Package::new("hardlink-through", "1.0")
        .raw_entry(Entry::symlink("./link", directory))
        .raw_entry(Entry::hard_link("./stolen", &format!("./link/{file}")))
}

/// A file, and then a block device of the same name.
pub fn device_over_file() -> Package {
    Package::new("device", "1.0")
        .raw_entry(Entry::file("./disk", "a file", 0o644))
        .raw_entry(Entry::block_device("./disk", 8, 0))
}

/// A member that claims more bytes than the archive has.
pub fn truncated_member() -> Package {
    Package::new("truncated", "1.0")
        .raw_entry(Entry::file("./short", "few", 0o644).claiming_size(1 << 40))
}

/// A name with bytes that end a C string or a line.
pub fn control_characters() -> Package {
    Package::new("characters", "1.0").raw_entry(Entry::file("./a\nb\u{1}c", "odd", 0o644))
}
