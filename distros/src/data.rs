//! A distribution that is nothing but its file.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use crate::distro::list;
use crate::schema::{File, ReleaseRow, RepositoryRow};
use crate::{
    Arch, Distro, Error, Family, FamilyFacts, Group, Kernel, Key, Pocket, Release, Repository,
};

/// A distribution read from its file.
#[derive(Debug, Clone)]
pub struct DataDistro {
    file: File,
    family_facts: FamilyFacts,
    releases: Vec<Release>,
    default_release: usize,
    keys: BTreeMap<String, Key>,
}

impl DataDistro {
    /// Reads a distribution's file; `read_key` gives what the key with that name holds.
    pub fn parse(
        text: &str,
        mut read_key: impl FnMut(&str) -> io::Result<Vec<u8>>,
    ) -> Result<Self, Error> {
        let file: File =
            toml::from_str(text).map_err(|source| Error::Syntax { source: Box::new(source) })?;
        let mut keys = BTreeMap::new();
        for name in file.key_names() {
            if !keys.contains_key(name) {
                let bytes = read_key(name).map_err(|source| Error::Key {
                    distro: file.name.clone(),
                    key: name.clone(),
                    source,
                })?;
                keys.insert(name.clone(), Key { name: name.clone(), bytes });
            }
        }
        let releases =
            file.releases.iter().map(|row| file.release(row)).collect::<Result<_, _>>()?;
        let mut distro =
            Self { family_facts: file.family.facts()?, releases, default_release: 0, keys, file };
        distro.check()?;
        Ok(distro)
    }

    /// Reads a distribution's file from a folder of the user; its keys are in `keys/NAME.asc` beside it.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        let text = fs_err::read_to_string(path)
            .map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let folder = path.parent().unwrap_or(Path::new("")).join("keys");
        Self::parse(&text, |name| fs_err::read(folder.join(format!("{name}.asc"))))
    }

    fn check(&mut self) -> Result<(), Error> {
        let mut names = BTreeSet::new();
        for release in &self.releases {
            for name in release.aliases.iter().chain([&release.name]) {
                if !names.insert(name) {
                    return Err(self.file.inconsistent(format!("two releases are called {name}")));
                }
            }
        }
        self.default_release = self
            .releases
            .iter()
            .position(|release| release.name == self.file.default_release)
            .ok_or_else(|| self.file.inconsistent("the default release has no row".to_owned()))?;
        self.file
            .repositories
            .iter()
            .flat_map(|row| row.only_arch.iter().flatten())
            .chain(self.file.kernel.values().flat_map(BTreeMap::keys))
            .chain(self.file.keys.keys())
            .try_for_each(|spelling| self.file.arch_of(spelling).map(drop))?;
        for (release, row) in self.releases.iter().zip(&self.file.releases) {
            for arch in &release.architectures {
                for pocket in &release.pockets {
                    self.check_coverage(row, *arch, *pocket)?;
                }
            }
        }
        Ok(())
    }

    /// A pocket of a release has a signed repository on an architecture, and none twice.
    fn check_coverage(
        &self,
        release: &ReleaseRow,
        arch: Arch,
        pocket: Pocket,
    ) -> Result<(), Error> {
        let place = format!("pocket {pocket} of {} on {arch}", release.name);
        let spelling = self.arch_name(arch).unwrap_or_default();
        let mut known = BTreeSet::new();
        for row in self.rows(arch, pocket) {
            let suite = row.suite_of(release);
            if !known.insert((&row.url, suite, &row.components)) {
                return Err(self
                    .file
                    .inconsistent(format!("{} stands twice for {place}", row.url)));
            }
            if self.file.keys_of(release, row, spelling).is_empty() {
                return Err(self.file.inconsistent(format!("no key for {place}")));
            }
        }
        match known.is_empty() {
            true => Err(self.file.inconsistent(format!("no repository for {place}"))),
            false => Ok(()),
        }
    }

    fn rows(&self, arch: Arch, pocket: Pocket) -> impl Iterator<Item = &RepositoryRow> {
        let spelling = self.arch_name(arch);
        self.file.repositories.iter().filter(move |row| {
            row.pocket == pocket
                && row
                    .only_arch
                    .as_ref()
                    .is_none_or(|only| only.iter().any(|listed| Some(listed.as_str()) == spelling))
        })
    }

    fn repository(&self, release: &ReleaseRow, row: &RepositoryRow, arch: Arch) -> Repository {
        let names = self.file.keys_of(release, row, self.arch_name(arch).unwrap_or_default());
        Repository {
            pocket: row.pocket,
            url: row.url.trim_end_matches('/').to_owned(),
            suite: row.suite_of(release),
            components: row.components.clone(),
            keys: names.iter().filter_map(|name| self.keys.get(name)).cloned().collect(),
        }
    }
}

impl Distro for DataDistro {
    fn name(&self) -> &str {
        &self.file.name
    }

    fn title(&self) -> &str {
        &self.file.title
    }

    fn family(&self) -> Family {
        self.file.family
    }

    fn family_facts(&self) -> &FamilyFacts {
        &self.family_facts
    }

    fn releases(&self) -> &[Release] {
        &self.releases
    }

    fn default_release(&self) -> &Release {
        &self.releases[self.default_release]
    }

    fn arch_name(&self, arch: Arch) -> Option<&str> {
        self.file.arch.get(&arch).map(String::as_str)
    }

    fn repositories(
        &self,
        release: &Release,
        arch: Arch,
        pockets: &[Pocket],
    ) -> Result<Vec<Repository>, Error> {
        if !release.architectures.contains(&arch) {
            return Err(Error::UnsupportedArch {
                distro: self.file.name.clone(),
                release: release.name.clone(),
                arch,
                known: list(release.architectures.iter().map(|arch| arch.name())),
            });
        }
        if let Some(pocket) = pockets.iter().find(|pocket| !release.pockets.contains(pocket)) {
            return Err(Error::UnsupportedPocket {
                distro: self.file.name.clone(),
                release: release.name.clone(),
                pocket: *pocket,
            });
        }
        let of_release = self.file.releases.iter().filter(|row| row.name == release.name);
        Ok(of_release
            .flat_map(|of_release| {
                let rows = pockets.iter().flat_map(|pocket| self.rows(arch, *pocket));
                rows.map(move |row| self.repository(of_release, row, arch))
            })
            .collect())
    }

    fn suites_at(&self, url: &str) -> BTreeSet<String> {
        let rows = self.file.repositories.iter().filter(|row| row.url.trim_end_matches('/') == url);
        rows.flat_map(|row| {
            let releases = self.releases.iter().zip(&self.file.releases);
            releases
                .filter(|(release, _)| release.pockets.contains(&row.pocket))
                .map(|(_, release)| row.suite_of(release))
        })
        .collect()
    }

    fn packages(&self, group: Group) -> Option<&[String]> {
        self.file.packages.get(&group).map(Vec::as_slice)
    }

    fn kernel_packages(&self, kernel: Kernel, arch: Arch) -> Option<&[String]> {
        self.file.kernel.get(&kernel)?.get(self.arch_name(arch)?).map(Vec::as_slice)
    }

    fn services(&self) -> &BTreeMap<String, String> {
        &self.file.services
    }
}
