//! The compressors' own programs and GNU cpio.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use initrd_builder::{Compression, Compressor};
use test_support::{assert_same, needs};
use tree::Tree;

use super::made::{compressions, pack, path, read, varied};

const TOOLS: [(&str, &str); 5] =
    [("cpio", "cpio"), ("zstd", "zstd"), ("gzip", "gzip"), ("xz", "xz-utils"), ("lz4", "lz4")];

fn tool(compression: Compression, arguments: &[&str], input: &Path) -> Vec<u8> {
    let mut command = Command::new(compression.name());
    let output = command.args(arguments).stdin(File::open(input).unwrap()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    assert_eq!(errors, "", "{command:?}");
    output.stdout
}

#[test]
fn other_programs_decompress_what_we_compress() {
    if !needs(&TOOLS) {
        return;
    }
    let host = tempfile::tempdir().unwrap();
    let (tree, place) = (varied(), host.path().join("initrd"));
    let plain = pack(&tree, Compression::None, 2);
    for compression in compressions() {
        let (low, high) = (*compression.levels().start(), *compression.levels().end());
        for level in [None, Some(low), Some(high)] {
            let compressor = Compressor::new(compression, level).unwrap();
            fs::write(&place, pack(&tree, compressor, 2)).unwrap();
            let bytes = tool(compression, &["-q", "-d", "-c"], &place);
            assert!(bytes == plain, "{compressor:?}");
        }
        if compression != Compression::Lz4 {
            tool(compression, &["-q", "-t"], &place);
        }
    }
}

#[test]
fn gnu_cpio_extracts_the_archive() {
    if !needs(&TOOLS) {
        return;
    }
    let host = tempfile::tempdir().unwrap();
    let place = host.path().join("initrd");
    let mut tree = varied();
    tree.remove(&path("dev")).unwrap();
    fs::write(&place, pack(&tree, Compression::Zstd, 2)).unwrap();
    let pack = "zstd -q -d -c < \"$1\" | cpio -i -d -m --quiet --no-preserve-owner";
    let mut shell = Command::new("sh");
    let out = host.path().join("out");
    fs::create_dir(&out).unwrap();
    let status = shell.current_dir(&out).args(["-c", pack, "sh"]).arg(&place).status().unwrap();
    assert!(status.success());
    for name in ["etc/noise", "etc/text", "etc/zeros", "etc/empty", "usr/twin"] {
        let expected = tree.inode(&path(name)).unwrap();
        let tree::Kind::File(content) = &expected.kind else { panic!("{name}") };
        assert!(content.read(1 << 30).unwrap() == fs::read(out.join(name)).unwrap(), "{name}");
    }
}

#[test]
fn we_read_what_we_write() {
    let host = tempfile::tempdir().unwrap();
    let tree = varied();
    for compression in Compression::ALL {
        assert_same(&tree, &read(host.path(), &pack(&tree, compression, 3)).unwrap());
    }
    let empty = Tree::new();
    for compression in Compression::ALL {
        assert_same(&empty, &read(host.path(), &pack(&empty, compression, 1)).unwrap());
    }
}

#[test]
fn we_read_what_other_programs_compress() {
    if !needs(&TOOLS) {
        return;
    }
    let host = tempfile::tempdir().unwrap();
    let (tree, place) = (varied(), host.path().join("plain"));
    fs::write(&place, pack(&tree, Compression::None, 1)).unwrap();
    let ways: [(Compression, &[&str]); 8] = [
        (Compression::Gzip, &["-9", "-c"]),
        (Compression::Gzip, &["-n", "-1", "-c"]),
        (Compression::Zstd, &["-q", "-19", "-c"]),
        (Compression::Zstd, &["-q", "-1", "--long=27", "-c"]),
        (Compression::Xz, &["-9", "-c"]),
        (Compression::Xz, &["--check=crc32", "--lzma2=dict=1MiB", "-T2", "-c"]),
        (Compression::Lz4, &["-q", "-l", "-9", "-c"]),
        (Compression::Lz4, &["-q", "-l", "-1", "-c"]),
    ];
    for (compression, arguments) in ways {
        let bytes = tool(compression, arguments, &place);
        assert_same(&tree, &read(host.path(), &bytes).unwrap());
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let tree = varied();
    for compression in compressions() {
        let one = pack(&tree, compression, 1);
        for threads in [2, 3, 64] {
            assert!(one == pack(&tree, compression, threads), "{compression} with {threads}");
        }
    }
    let level = |level| Compressor::new(Compression::Zstd, Some(level)).unwrap();
    assert!(pack(&tree, level(19), 1) == pack(&tree, level(19), 4));
}

#[test]
fn xz_is_what_the_kernel_can_undo() {
    if !needs(&TOOLS) {
        return;
    }
    let host = tempfile::tempdir().unwrap();
    let place = host.path().join("initrd.xz");
    fs::write(&place, pack(&varied(), Compression::Xz, 2)).unwrap();
    let mut command = Command::new("xz");
    let output = command.args(["--robot", "--list", "-vv"]).arg(&place).stdin(Stdio::null());
    let text = String::from_utf8(output.output().unwrap().stdout).unwrap();
    assert!(text.contains("\tCRC32\t") && text.contains("--lzma2=dict=1MiB"), "{text}");
}
