//! The distributions that are compiled in.

use std::io;
use std::path::Path;

use crate::distro::list;
use crate::{DataDistro, Distro, Error};

/// Pairs a key's file with what it holds.
macro_rules! key {
    ($name:literal) => {
        key!($name, ".asc")
    };
    ($name:literal, $ending:literal) => {
        (concat!("keys/", $name, $ending), include_bytes!(concat!("../keys/", $name, $ending)))
    };
}

const FILES: &[&str] = &[
    include_str!("../debian.toml"),
    include_str!("../ubuntu.toml"),
    include_str!("../alpine.toml"),
    include_str!("../wolfi.toml"),
    include_str!("../postmarketos.toml"),
];

pub(crate) const KEYS: &[(&str, &[u8])] = &[
    key!("alpine-devel@lists.alpinelinux.org-4a6a0840", ".rsa.pub"),
    key!("alpine-devel@lists.alpinelinux.org-5243ef4b", ".rsa.pub"),
    key!("alpine-devel@lists.alpinelinux.org-524d27bb", ".rsa.pub"),
    key!("alpine-devel@lists.alpinelinux.org-5261cecb", ".rsa.pub"),
    key!("alpine-devel@lists.alpinelinux.org-58199dcc", ".rsa.pub"),
    key!("alpine-devel@lists.alpinelinux.org-58cbb476", ".rsa.pub"),
    key!("alpine-devel@lists.alpinelinux.org-58e4f17d", ".rsa.pub"),
    key!("alpine-devel@lists.alpinelinux.org-60ac2099", ".rsa.pub"),
    key!("alpine-devel@lists.alpinelinux.org-6165ee59", ".rsa.pub"),
    key!("alpine-devel@lists.alpinelinux.org-61666e3f", ".rsa.pub"),
    key!("alpine-devel@lists.alpinelinux.org-616a9724", ".rsa.pub"),
    key!("alpine-devel@lists.alpinelinux.org-616abc23", ".rsa.pub"),
    key!("alpine-devel@lists.alpinelinux.org-616ac3bc", ".rsa.pub"),
    key!("alpine-devel@lists.alpinelinux.org-616adfeb", ".rsa.pub"),
    key!("alpine-devel@lists.alpinelinux.org-616ae350", ".rsa.pub"),
    key!("alpine-devel@lists.alpinelinux.org-616db30d", ".rsa.pub"),
    key!("alpine-devel@lists.alpinelinux.org-66ba20fe", ".rsa.pub"),
    key!("build.postmarketos.org", ".rsa.pub"),
    key!("debian-archive-bookworm-automatic"),
    key!("debian-archive-bookworm-security-automatic"),
    key!("debian-archive-bookworm-stable"),
    key!("debian-archive-bullseye-automatic"),
    key!("debian-archive-bullseye-security-automatic"),
    key!("debian-archive-bullseye-stable"),
    key!("debian-archive-trixie-automatic"),
    key!("debian-archive-trixie-security-automatic"),
    key!("debian-archive-trixie-stable"),
    key!("ubuntu-archive-2018"),
    key!("wolfi-signing", ".rsa.pub"),
];

/// Returns the distributions that are compiled in.
pub fn built_in() -> Result<Vec<DataDistro>, Error> {
    FILES.iter().map(|text| DataDistro::parse(text, built_in_key)).collect()
}

/// Whether a word names the file of a distribution and not one that is compiled in.
pub fn is_file(word: &str) -> bool {
    word.contains('/') || word.ends_with(".toml")
}

/// Returns the distribution that a word means: one that is compiled in, or one in a file.
pub fn open(word: &str) -> Result<DataDistro, Error> {
    if is_file(word) { DataDistro::from_file(Path::new(word)) } else { find(word) }
}

/// Returns the compiled-in distribution with this name.
pub fn find(name: &str) -> Result<DataDistro, Error> {
    let mut known = built_in()?;
    match known.iter().position(|distro| distro.name() == name) {
        Some(index) => Ok(known.swap_remove(index)),
        None => Err(Error::UnknownDistro {
            name: name.to_owned(),
            known: list(known.iter().map(DataDistro::name)),
        }),
    }
}

fn built_in_key(place: &Path) -> io::Result<Vec<u8>> {
    KEYS.iter()
        .find(|(known, _)| Path::new(known) == place)
        .map(|(_, bytes)| bytes.to_vec())
        .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
}
