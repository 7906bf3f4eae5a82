//! One suite of an archive: what it holds, how it is signed, and the files that follow.

use std::collections::BTreeMap;

use super::{Archive, release};
use crate::{Compression, Deb, Package, SigningKey, sha256};

/// Which signatures a suite is published with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signatures {
    /// `InRelease`, `Release` and `Release.gpg`.
    Both,
    /// `InRelease` alone.
    Inline,
    /// `Release` and `Release.gpg` alone.
    Detached,
    /// `Release` alone.
    Missing,
}

/// What a release file says of another file.
pub(super) struct Listed {
    pub(super) digest: String,
    pub(super) size: u64,
}

/// A suite in the making.
#[derive(Debug, Clone)]
pub struct Suite {
    pub(super) name: String,
    pub(super) date: i64,
    pub(super) valid_until: Option<i64>,
    pub(super) fields: BTreeMap<String, String>,
    pub(super) architectures: Vec<String>,
    pub(super) components: Vec<String>,
    pub(super) by_hash: bool,
    signatures: Signatures,
    compressions: Vec<Compression>,
    debs: Vec<(String, Deb)>,
    stanzas: Vec<(String, String, String)>,
    keys: Vec<SigningKey>,
    index_bytes: Option<(Compression, Vec<u8>, u64)>,
}

impl Suite {
    /// Begins a suite for amd64 with the component `main`, dated 2025-01-01, valid for ever.
    pub fn new(name: &str, key: &SigningKey) -> Self {
        Self {
            name: name.into(),
            date: 1_735_689_600,
            valid_until: None,
            fields: [("Origin", "Test"), ("Label", "Test"), ("Suite", name), ("Codename", name)]
                .map(|(name, value)| (name.into(), value.into()))
                .into(),
            architectures: vec!["amd64".into()],
            components: vec!["main".into()],
            by_hash: true,
            signatures: Signatures::Both,
            compressions: vec![Compression::None, Compression::Gz, Compression::Xz],
            debs: Vec::new(),
            stanzas: Vec::new(),
            keys: vec![key.clone()],
            index_bytes: None,
        }
    }

    /// Sets a field of the Release file, as `Codename`.
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.insert(name.into(), value.into());
        self
    }

    /// Sets when the suite was made, in seconds since 1970.
    pub fn date(mut self, seconds: i64) -> Self {
        self.date = seconds;
        self
    }

    /// Sets when the suite stops being valid, in seconds since 1970.
    pub fn valid_until(mut self, seconds: i64) -> Self {
        self.valid_until = Some(seconds);
        self
    }

    /// Sets the architectures.
    pub fn architectures(mut self, names: &[&str]) -> Self {
        self.architectures = names.iter().map(ToString::to_string).collect();
        self
    }

    /// Sets the components.
    pub fn components(mut self, names: &[&str]) -> Self {
        self.components = names.iter().map(ToString::to_string).collect();
        self
    }

    /// Leaves the by-hash names out.
    pub fn without_by_hash(mut self) -> Self {
        self.by_hash = false;
        self
    }

    /// Sets which signatures there are.
    pub fn signatures(mut self, signatures: Signatures) -> Self {
        self.signatures = signatures;
        self
    }

    /// Replaces the keys that sign.
    pub fn signed_by(mut self, key: &SigningKey) -> Self {
        self.keys = vec![key.clone()];
        self
    }

    /// Adds another key that signs the inline form too.
    pub fn also_signed_by(mut self, key: &SigningKey) -> Self {
        self.keys.push(key.clone());
        self
    }

    /// Sets the forms in which indexes are published.
    pub fn compressions(mut self, compressions: &[Compression]) -> Self {
        self.compressions = compressions.to_vec();
        self
    }

    /// Adds a package to `main`.
    pub fn package(self, package: &Package) -> Self {
        self.package_in("main", package)
    }

    /// Adds a package to a component.
    pub fn package_in(mut self, component: &str, package: &Package) -> Self {
        self.debs.push((component.into(), package.build()));
        self
    }

    /// Adds an index paragraph without a package behind it to `main` of one architecture.
    pub fn stanza(mut self, arch: &str, paragraph: &str) -> Self {
        self.stanzas.push(("main".into(), arch.into(), paragraph.trim().into()));
        self
    }

    /// Publishes these bytes as the compressed index and no other form, and claims that they
    /// become so many.
    pub fn index_bytes(mut self, compression: Compression, bytes: Vec<u8>, plain: u64) -> Self {
        self.index_bytes = Some((compression, bytes, plain));
        self
    }

    /// Makes all files, signed.
    pub fn publish(&self) -> Archive {
        let mut archive = Archive::default();
        for (component, deb) in &self.debs {
            archive.put(pool_path(component, deb), deb.bytes.clone());
        }
        let mut indexes = BTreeMap::new();
        for component in &self.components {
            for arch in &self.architectures {
                self.add_indexes(component, arch, &mut indexes);
            }
        }
        let base = format!("dists/{}", self.name);
        if self.by_hash {
            for (path, bytes) in &indexes {
                let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
                let digest = sha256(bytes);
                archive.put(format!("{base}/{directory}/by-hash/SHA256/{digest}"), bytes.clone());
            }
        }
        let listed = indexes.iter().map(|(path, bytes)| {
            (path.clone(), Listed { digest: sha256(bytes), size: bytes.len() as u64 })
        });
        let mut listed: BTreeMap<_, _> = listed.collect();
        self.list_plain_indexes(&mut listed);
        self.add_release(&base, &release::text(self, &listed), &mut archive);
        for (path, bytes) in indexes {
            archive.put(format!("{base}/{path}"), bytes);
        }
        archive
    }

    fn add_release(&self, base: &str, text: &str, archive: &mut Archive) {
        if matches!(self.signatures, Signatures::Both | Signatures::Inline) {
            let keys: Vec<_> = self.keys.iter().collect();
            archive.put(format!("{base}/InRelease"), crate::signing::sign_inline(&keys, text));
        }
        if self.signatures != Signatures::Inline {
            archive.put(format!("{base}/Release"), text);
        }
        if matches!(self.signatures, Signatures::Both | Signatures::Detached) {
            let signature = self.keys[0].sign_detached(text.as_bytes());
            archive.put(format!("{base}/Release.gpg"), signature);
        }
    }

    /// Archives list the plain form of every index, even where their servers do not have it.
    fn list_plain_indexes(&self, listed: &mut BTreeMap<String, Listed>) {
        for component in &self.components {
            for arch in &self.architectures {
                let text = self.index(component, arch);
                let size = self.index_bytes.as_ref().map_or(text.len() as u64, |index| index.2);
                let plain = Listed { digest: sha256(text.as_bytes()), size };
                listed.insert(format!("{component}/binary-{arch}/Packages"), plain);
            }
        }
    }

    fn add_indexes(&self, component: &str, arch: &str, indexes: &mut BTreeMap<String, Vec<u8>>) {
        let name = |compression: Compression| {
            format!("{component}/binary-{arch}/Packages{}", compression.extension())
        };
        if let Some((compression, bytes, _)) = &self.index_bytes {
            indexes.insert(name(*compression), bytes.clone());
            return;
        }
        let text = self.index(component, arch);
        for compression in &self.compressions {
            indexes.insert(name(*compression), compression.compress(text.as_bytes()));
        }
    }

    fn index(&self, component: &str, arch: &str) -> String {
        let mut paragraphs = Vec::new();
        for (place, deb) in &self.debs {
            if place == component && (deb.arch == arch || deb.arch == "all") {
                let (control, path) = (&deb.control, pool_path(component, deb));
                let (size, digest) = (deb.bytes.len(), sha256(&deb.bytes));
                paragraphs
                    .push(format!("{control}Filename: {path}\nSize: {size}\nSHA256: {digest}\n\n"));
            }
        }
        for (place, for_arch, paragraph) in &self.stanzas {
            if place == component && for_arch == arch {
                paragraphs.push(format!("{paragraph}\n\n"));
            }
        }
        paragraphs.concat()
    }
}

fn pool_path(component: &str, deb: &Deb) -> String {
    let version = deb.version.split_once(':').map_or(deb.version.as_str(), |(_, rest)| rest);
    let (name, arch) = (&deb.name, &deb.arch);
    format!("pool/{component}/{}/{name}/{name}_{version}_{arch}.deb", &name[..1])
}
