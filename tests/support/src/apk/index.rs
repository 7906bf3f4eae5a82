//! What an index says about packages.

use super::{Apk, checksum};

/// The letters of an index, with the fields of `.PKGINFO` that they repeat, in the order that `apk index` writes.
const LETTERS: [(&str, &str); 14] = [
    ("P", "pkgname"),
    ("V", "pkgver"),
    ("A", "arch"),
    ("S", ""),
    ("I", "size"),
    ("T", "pkgdesc"),
    ("U", "url"),
    ("L", "license"),
    ("o", "origin"),
    ("m", "maintainer"),
    ("t", "builddate"),
    ("c", "commit"),
    ("k", "provider_priority"),
    ("D", "depend"),
];

/// The text of an index of these packages for one architecture.
pub fn index_text<'a>(arch: &str, packages: impl IntoIterator<Item = &'a Apk>) -> String {
    packages.into_iter().map(|package| paragraph(arch, package)).collect()
}

fn paragraph(arch: &str, package: &Apk) -> String {
    let mut text = format!("C:{}\n", checksum(&package.control));
    for (letter, field) in LETTERS.iter().chain(&[("p", "provides"), ("i", "install_if")]) {
        let values: Vec<_> = package
            .info
            .iter()
            .filter(|(name, _)| name == field)
            .map(|(_, value)| value.as_str())
            .collect();
        match *letter {
            "S" => text.push_str(&format!("S:{}\n", package.bytes().len())),
            // Mirrors call packages for all architectures those of their own.
            "A" => text.push_str(&format!("A:{arch}\n")),
            _ if values.is_empty() => {}
            letter => text.push_str(&format!("{letter}:{}\n", values.join(" "))),
        }
    }
    text.push('\n');
    text
}
