//! A repository of a mirror: packages, and an index that is signed.

use std::collections::BTreeMap;

use super::{Apk, Key, Package, SignatureKind, archive, index_text};
use crate::{Archive, Entry};

/// One directory of a mirror with a directory for each architecture in it, as `v3.22/main`.
#[derive(Debug, Clone)]
pub struct Repository {
    place: String,
    signers: Vec<(Key, SignatureKind)>,
    architectures: Vec<String>,
    /// Those of every architecture have none.
    packages: Vec<(Option<String>, Apk)>,
    description: String,
    texts: BTreeMap<String, String>,
    index: Option<Vec<u8>>,
}

impl Repository {
    /// Begins a repository below this path, signed with this key.
    pub fn new(place: &str, key: &Key) -> Self {
        Self {
            place: place.into(),
            signers: vec![(key.clone(), SignatureKind::Rsa)],
            architectures: vec!["x86_64".into()],
            packages: Vec::new(),
            description: "v20240101-made-by-a-test".into(),
            texts: BTreeMap::new(),
            index: None,
        }
    }

    /// Has other architectures than x86_64.
    pub fn architectures(mut self, names: &[&str]) -> Self {
        self.architectures = names.iter().map(ToString::to_string).collect();
        self
    }

    /// Signs with these keys, one after the other in one member; with none at all if there are none.
    pub fn signed_by(mut self, signers: &[(&Key, SignatureKind)]) -> Self {
        self.signers = signers.iter().map(|(key, kind)| ((*key).clone(), *kind)).collect();
        self
    }

    /// Adds a package; it is signed with the first key unless it was signed before.
    pub fn package(self, package: &Package) -> Self {
        let signer = self.signers.first().filter(|_| !package.is_signed());
        let signed = match signer {
            Some((key, _)) => package.clone().signed_by(key, SignatureKind::Rsa),
            None => package.clone(),
        };
        let arch = Some(package.for_arch()).filter(|arch| *arch != "noarch");
        let apk = signed.build();
        self.built(arch, apk)
    }

    /// Adds several packages.
    pub fn packages<'a>(self, packages: impl IntoIterator<Item = &'a Package>) -> Self {
        packages.into_iter().fold(self, Self::package)
    }

    /// Adds a finished package, to every architecture if to none in particular.
    pub fn built(mut self, arch: Option<&str>, apk: Apk) -> Self {
        self.packages.push((arch.map(str::to_owned), apk));
        self
    }

    /// Changes what the index of every architecture says, before it is signed.
    pub fn index_says(mut self, change: impl Fn(&str) -> String) -> Self {
        for arch in self.architectures.clone() {
            let text = change(&self.text(&arch));
            self.texts.insert(arch, text);
        }
        self
    }

    /// Replaces the whole index member, which is then signed.
    pub fn index_member(mut self, bytes: Vec<u8>) -> Self {
        self.index = Some(bytes);
        self
    }

    /// The path of an architecture's index.
    pub fn index_path(&self, arch: &str) -> String {
        self.path(arch, "APKINDEX.tar.gz")
    }

    /// The path of a file of an architecture.
    pub fn path(&self, arch: &str, name: &str) -> String {
        let parts = [self.place.as_str(), arch, name].into_iter().filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join("/")
    }

    /// The gzip member with the index of an architecture, which is what is signed.
    pub fn unsigned_index(&self, arch: &str) -> Vec<u8> {
        if let Some(bytes) = &self.index {
            return bytes.clone();
        }
        let text = self.texts.get(arch).cloned().unwrap_or_else(|| self.text(arch));
        archive(
            &[
                Entry::file("DESCRIPTION", self.description.as_str(), 0o644),
                Entry::file("APKINDEX", text, 0o644),
            ],
            false,
        )
    }

    /// The whole index of an architecture.
    pub fn index(&self, arch: &str) -> Vec<u8> {
        let unsigned = self.unsigned_index(arch);
        let entry =
            |(key, kind): &(Key, SignatureKind)| Key::signature_entry(key, *kind, &unsigned);
        let entries: Vec<_> = self.signers.iter().map(entry).collect();
        let signature = if entries.is_empty() { Vec::new() } else { super::segment(&entries) };
        [signature, unsigned].concat()
    }

    /// Everything as a mirror has it.
    pub fn publish(&self) -> Archive {
        let mut archive = Archive::default();
        for arch in &self.architectures {
            archive.put(self.index_path(arch), self.index(arch));
            for package in self.of(arch) {
                archive.put(self.path(arch, &package.file_name()), package.bytes());
            }
        }
        archive
    }

    fn text(&self, arch: &str) -> String {
        index_text(arch, self.of(arch))
    }

    fn of<'a>(&'a self, arch: &'a str) -> impl Iterator<Item = &'a Apk> {
        let is_wanted = move |of: &Option<String>| of.as_deref().is_none_or(|of| of == arch);
        self.packages.iter().filter(move |(of, _)| is_wanted(of)).map(|(_, apk)| apk)
    }
}
