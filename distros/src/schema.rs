//! What a distribution's file looks like.

use std::collections::BTreeMap;

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
    #[serde(rename = "release")]
    pub(crate) releases: Vec<ReleaseRow>,
    #[serde(rename = "repository")]
    pub(crate) repositories: Vec<RepositoryRow>,
    pub(crate) packages: BTreeMap<Group, Vec<String>>,
    /// The packages of kernels, by the distribution's name of an architecture.
    #[serde(default)]
    pub(crate) kernel: BTreeMap<Kernel, BTreeMap<String, Vec<String>>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReleaseRow {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) aliases: Vec<String>,
    pub(crate) arch: Vec<String>,
    pub(crate) keys: BTreeMap<Pocket, Vec<String>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RepositoryRow {
    pub(crate) pocket: Pocket,
    pub(crate) only_arch: Option<Vec<String>>,
    pub(crate) url: String,
    pub(crate) suite: String,
    pub(crate) components: Vec<String>,
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
            pockets: row.keys.keys().copied().collect(),
        })
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
