//! What a distribution's file looks like.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::{Arch, Error, Family, Group, Kernel, Pocket, Release};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) family: Family,
    pub(crate) default_release: String,
    pub(crate) arch: BTreeMap<Arch, String>,
    /// Who signs for an architecture, by the distribution's name of it, where nothing more specific says.
    #[serde(default)]
    pub(crate) keys: BTreeMap<String, Vec<String>>,
    #[serde(rename = "release")]
    pub(crate) releases: Vec<ReleaseRow>,
    #[serde(rename = "repository")]
    pub(crate) repositories: Vec<RepositoryRow>,
    pub(crate) packages: BTreeMap<Group, Vec<String>>,
    /// The packages of kernels, by the distribution's name of an architecture.
    #[serde(default)]
    pub(crate) kernel: BTreeMap<Kernel, BTreeMap<String, Vec<String>>>,
    /// Links that make the distribution's init start its services: where, and to what.
    #[serde(default)]
    pub(crate) services: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReleaseRow {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) aliases: Vec<String>,
    pub(crate) arch: Vec<String>,
    /// The release of another distribution that it stands on.
    pub(crate) base: Option<String>,
    /// Who signs each pocket; empty where keys are known by architecture.
    #[serde(default)]
    pub(crate) keys: BTreeMap<Pocket, Vec<String>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RepositoryRow {
    pub(crate) pocket: Pocket,
    pub(crate) only_arch: Option<Vec<String>>,
    pub(crate) url: String,
    /// The folder of a release; `{release}` and `{base}` stand for names.
    #[serde(default)]
    pub(crate) suite: String,
    #[serde(default)]
    pub(crate) components: Vec<String>,
    /// Who signs it, where it is not the distribution's own.
    #[serde(default)]
    pub(crate) keys: Vec<String>,
}

impl RepositoryRow {
    /// The folder of a release.
    pub(crate) fn suite_of(&self, release: &ReleaseRow) -> String {
        let base = release.base.as_deref().unwrap_or(&release.name);
        self.suite.replace("{release}", &release.name).replace("{base}", base)
    }
}

impl File {
    pub(crate) fn release(&self, row: &ReleaseRow) -> Result<Release, Error> {
        Ok(Release {
            name: row.name.clone(),
            aliases: row.aliases.clone(),
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
    ) -> &'f [String] {
        if !repository.keys.is_empty() {
            return &repository.keys;
        }
        let keys = release.keys.get(&repository.pocket).or_else(|| self.keys.get(arch));
        keys.map_or(&[], Vec::as_slice)
    }

    /// Every key that the file names.
    pub(crate) fn key_names(&self) -> impl Iterator<Item = &String> {
        let of_releases = self.releases.iter().flat_map(|row| row.keys.values());
        let of_repositories = self.repositories.iter().map(|row| &row.keys);
        self.keys.values().chain(of_releases).chain(of_repositories).flatten()
    }

    pub(crate) fn arch_of(&self, spelling: &str) -> Result<Arch, Error> {
        self.arch
            .iter()
            .find(|(_, name)| *name == spelling)
            .map(|(arch, _)| *arch)
            .ok_or_else(|| self.inconsistent(format!("architecture {spelling} has no row")))
    }

    pub(crate) fn inconsistent(&self, problem: String) -> Error {
        Error::Inconsistent { distro: self.name.clone(), problem }
    }
}
