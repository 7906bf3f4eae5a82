//! A distribution that is nothing but its file.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use crate::built_in::built_in;
use crate::distro::list;
use crate::schema::{File, Flaw, ReleaseRow, RepositoryRow};
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
    /// Reads a distribution's file; `read_key` gives what the file of a key holds, by its place beside this one.
    pub fn parse(
        text: &str,
        mut read_key: impl FnMut(&Path) -> io::Result<Vec<u8>>,
    ) -> Result<Self, Error> {
        let file: File =
            toml::from_str(text).map_err(|source| Error::Syntax { source: Box::new(source) })?;
        let mut keys = BTreeMap::new();
        for word in file.key_names() {
            let name = word.get_ref();
            if keys.contains_key(name) {
                continue;
            }
            let place = key_place(name, file.family);
            let bytes = read_key(&place).map_err(|source| Error::Key {
                line: line_at(text, word.span().start),
                key: name.clone(),
                place: place.clone(),
                source,
            })?;
            keys.insert(name.clone(), Key { name: key_name(&place, file.family), bytes });
        }
        let facts = file.family.facts()?;
        Self::assemble(file, facts, keys).map_err(|Flaw { at, problem }| Error::Inconsistent {
            line: line_at(text, at),
            problem,
        })
    }

    fn assemble(
        file: File,
        family_facts: FamilyFacts,
        keys: BTreeMap<String, Key>,
    ) -> Result<Self, Flaw> {
        let releases = file.releases.iter().map(|row| file.release(row));
        let releases = releases.collect::<Result<_, _>>()?;
        let mut distro = Self { file, family_facts, releases, default_release: 0, keys };
        distro.check()?;
        Ok(distro)
    }

    /// Reads a distribution's file from a folder of the user.
    ///
    /// Its keys are in `keys/` beside it, or where they are named by a path, seen from the file.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        let text = fs_err::read_to_string(path)
            .map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let read = Self::parse(&text, |place| fs_err::read(folder.join(place)));
        read.and_then(|distro| distro.not_another(&text))
            .map_err(|source| Error::File { path: path.to_owned(), source: Box::new(source) })
    }

    /// Refuses a name that means something else already: lock files have nothing but the name.
    fn not_another(self, text: &str) -> Result<Self, Error> {
        let name = &self.file.name;
        let refuse =
            |problem| Error::Inconsistent { line: line_at(text, name.span().start), problem };
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        let word = name.get_ref();
        if word.is_empty() || !word.chars().all(is_name) || word.ends_with(".toml") {
            let problem =
                "a name has small letters, digits, -, _ and . alone, and does not end in .toml";
            return Err(refuse(problem.to_owned()));
        }
        if built_in()?.iter().any(|known| known.name() == word) {
            let problem =
                format!("osb has a distribution called {word}; write another name, as my-{word}");
            return Err(refuse(problem));
        }
        Ok(self)
    }

    fn check(&mut self) -> Result<(), Flaw> {
        let mut names = BTreeSet::new();
        for row in &self.file.releases {
            for name in row.aliases.iter().chain([&row.name]) {
                if !names.insert(name.get_ref()) {
                    let problem = format!("two releases are called {}", name.get_ref());
                    return Err(Flaw::at(name, problem));
                }
            }
        }
        let default = &self.file.default_release;
        self.default_release = self
            .releases
            .iter()
            .position(|release| release.name == *default.get_ref())
            .ok_or_else(|| {
                let names = list(self.releases.iter().map(|release| release.name.as_str()));
                Flaw::at(default, format!("the default release has no row; write one of {names}"))
            })?;
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
    fn check_coverage(&self, release: &ReleaseRow, arch: Arch, pocket: Pocket) -> Result<(), Flaw> {
        let place = format!("pocket {pocket} of {} on {arch}", release.name.get_ref());
        let spelling = self.arch_name(arch).unwrap_or_default();
        let mut known = BTreeSet::new();
        for row in self.rows(arch, pocket) {
            let suite = row.suite_of(release);
            if !known.insert((row.url(), suite, &row.components)) {
                return Err(Flaw::at(&row.url, format!("{} stands twice for {place}", row.url())));
            }
            if self.file.keys_of(release, row, spelling).is_empty() {
                let problem = format!(
                    "no key for {place}; name some with keys.{pocket} of the release, or for {spelling} in [keys]"
                );
                return Err(Flaw::at(&release.name, problem));
            }
        }
        match known.is_empty() {
            true => {
                let problem = format!("no repository for {place}; add one to [[repository]]");
                Err(Flaw::at(&release.name, problem))
            }
            false => Ok(()),
        }
    }

    fn rows(&self, arch: Arch, pocket: Pocket) -> impl Iterator<Item = &RepositoryRow> {
        let spelling = self.arch_name(arch);
        self.file.repositories.iter().filter(move |row| {
            row.pocket == pocket
                && row.only_arch.as_ref().is_none_or(|only| {
                    only.iter().any(|listed| Some(listed.get_ref().as_str()) == spelling)
                })
        })
    }

    fn repository(&self, release: &ReleaseRow, row: &RepositoryRow, arch: Arch) -> Repository {
        let names = self.file.keys_of(release, row, self.arch_name(arch).unwrap_or_default());
        Repository {
            pocket: row.pocket,
            url: row.url().to_owned(),
            suite: row.suite_of(release),
            components: row.components.clone(),
            keys: names.iter().filter_map(|name| self.keys.get(name.get_ref())).cloned().collect(),
        }
    }
}

impl Distro for DataDistro {
    fn name(&self) -> &str {
        self.file.name.get_ref()
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
                distro: self.name().to_owned(),
                release: release.name.clone(),
                arch,
                known: list(release.architectures.iter().map(|arch| arch.name())),
            });
        }
        if let Some(pocket) = pockets.iter().find(|pocket| !release.pockets.contains(pocket)) {
            return Err(Error::UnsupportedPocket {
                distro: self.name().to_owned(),
                release: release.name.clone(),
                pocket: *pocket,
            });
        }
        let of_release =
            self.file.releases.iter().filter(|row| *row.name.get_ref() == release.name);
        Ok(of_release
            .flat_map(|of_release| {
                let rows = pockets.iter().flat_map(|pocket| self.rows(arch, *pocket));
                rows.map(move |row| self.repository(of_release, row, arch))
            })
            .collect())
    }

    fn suites_at(&self, url: &str) -> BTreeSet<String> {
        let rows = self.file.repositories.iter().filter(|row| row.url() == url);
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
        let (arch, kernels) = (self.arch_name(arch)?, self.file.kernel.get(&kernel)?);
        let found = kernels.iter().find(|(name, _)| name.get_ref() == arch);
        found.map(|(_, packages)| packages.as_slice())
    }

    fn services(&self) -> &BTreeMap<String, String> {
        &self.file.services
    }
}

/// The file of a key: in `keys/` by its name, or where a path says.
fn key_place(name: &str, family: Family) -> PathBuf {
    let endings = [family.key_ending(), ".gpg", ".pub", ".pem"];
    if name.contains('/') || endings.iter().any(|ending| name.ends_with(ending)) {
        return name.into();
    }
    format!("keys/{name}{}", family.key_ending()).into()
}

/// A key is called as its file, without the ending: signatures of some families name it so.
fn key_name(place: &Path, family: Family) -> String {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(family.key_ending()).unwrap_or(&name).to_owned()
}

/// The line, from one, in which a byte of a text stands.
fn line_at(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}
