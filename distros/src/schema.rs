//! What a distribution's file looks like.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use crate::{Arch, Family, Group, Kernel, Pocket, Release};

/// A text, and where it stands in the file.
pub(crate) type Word = Spanned<String>;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) name: Word,
    pub(crate) title: String,
    pub(crate) family: Family,
    pub(crate) default_release: Word,
    pub(crate) arch: BTreeMap<Arch, String>,
    /// Who signs for an architecture, by the distribution's name of it, where nothing more specific says.
    #[serde(default)]
    pub(crate) keys: BTreeMap<Word, Vec<Word>>,
    #[serde(rename = "release")]
    pub(crate) releases: Vec<ReleaseRow>,
    #[serde(rename = "repository")]
    pub(crate) repositories: Vec<RepositoryRow>,
    pub(crate) packages: BTreeMap<Group, Vec<String>>,
    /// The packages of kernels, by the distribution's name of an architecture.
    #[serde(default)]
    pub(crate) kernel: BTreeMap<Kernel, BTreeMap<Word, Vec<String>>>,
    /// Links that make the distribution's init start its services: where, and to what.
    #[serde(default)]
    pub(crate) services: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReleaseRow {
    pub(crate) name: Word,
    #[serde(default)]
    pub(crate) aliases: Vec<Word>,
    pub(crate) arch: Vec<Word>,
    /// The release of another distribution that it stands on.
    pub(crate) base: Option<String>,
    /// Who signs each pocket; empty where keys are known by architecture.
    #[serde(default)]
    pub(crate) keys: BTreeMap<Pocket, Vec<Word>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RepositoryRow {
    pub(crate) pocket: Pocket,
    pub(crate) only_arch: Option<Vec<Word>>,
    pub(crate) url: Word,
    /// The folder of a release; `{release}` and `{base}` stand for names.
    #[serde(default)]
    pub(crate) suite: String,
    #[serde(default)]
    pub(crate) components: Vec<String>,
    /// Who signs it, where it is not the distribution's own.
    #[serde(default)]
    pub(crate) keys: Vec<Word>,
}

impl RepositoryRow {
    /// The folder of a release.
    pub(crate) fn suite_of(&self, release: &ReleaseRow) -> String {
        let name = release.name.get_ref();
        let base = release.base.as_ref().unwrap_or(name);
        self.suite.replace("{release}", name).replace("{base}", base)
    }

    /// The official address, without a slash at the end.
    pub(crate) fn url(&self) -> &str {
        self.url.get_ref().trim_end_matches('/')
    }
}

impl File {
    pub(crate) fn release(&self, row: &ReleaseRow) -> Result<Release, Flaw> {
        let words = |words: &[Word]| words.iter().map(|word| word.get_ref().clone()).collect();
        Ok(Release {
            name: row.name.get_ref().clone(),
            aliases: words(&row.aliases),
            architectures: row
                .arch
                .iter()
                .map(|name| self.arch_of(name))
                .collect::<Result<_, _>>()?,
            pockets: self.pockets(row),
        })
    }

    /// Those that it names keys for, else all that there are repositories of.
    fn pockets(&self, row: &ReleaseRow) -> Vec<Pocket> {
        let named = row.keys.keys();
        let all = self.repositories.iter().map(|row| &row.pocket);
        let pockets: BTreeSet<Pocket> =
            if row.keys.is_empty() { all.copied().collect() } else { named.copied().collect() };
        pockets.into_iter().collect()
    }

    /// The names of the keys that sign a repository for a release on an architecture.
    pub(crate) fn keys_of<'f>(
        &'f self,
        release: &'f ReleaseRow,
        repository: &'f RepositoryRow,
        arch: &str,
    ) -> &'f [Word] {
        if !repository.keys.is_empty() {
            return &repository.keys;
        }
        let by_arch = || self.keys.iter().find(|(name, _)| name.get_ref() == arch);
        let keys = release.keys.get(&repository.pocket);
        keys.or_else(|| by_arch().map(|(_, keys)| keys)).map_or(&[], Vec::as_slice)
    }

    /// Every key that the file names.
    pub(crate) fn key_names(&self) -> impl Iterator<Item = &Word> {
        let of_releases = self.releases.iter().flat_map(|row| row.keys.values());
        let of_repositories = self.repositories.iter().map(|row| &row.keys);
        self.keys.values().chain(of_releases).chain(of_repositories).flatten()
    }

    pub(crate) fn arch_of(&self, spelling: &Word) -> Result<Arch, Flaw> {
        let name = spelling.get_ref();
        let found = self.arch.iter().find(|(_, known)| *known == name);
        found.map(|(arch, _)| *arch).ok_or_else(|| {
            let arch = name.parse().map_or("ARCH", Arch::name);
            Flaw::at(
                spelling,
                format!("architecture {name} has no row; add {arch} = {name:?} to [arch]"),
            )
        })
    }
}

/// What is wrong with a file, and where.
#[derive(Debug)]
pub(crate) struct Flaw {
    pub(crate) at: usize,
    pub(crate) problem: String,
}

impl Flaw {
    pub(crate) fn at(word: &Word, problem: String) -> Self {
        Self { at: word.span().start, problem }
    }
}
