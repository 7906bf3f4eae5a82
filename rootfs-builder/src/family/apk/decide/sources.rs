//! Which repositories a build asks, and at which addresses.

use distros::{Key, Pocket};

use super::DecideError;
use crate::decide::Asked;
use crate::family::apk::signature::Keys;
use crate::fetch;
use crate::plan::PlannedKey;

/// One repository: a directory with an index for each architecture.
pub(super) struct Source {
    /// The address that the plan records.
    pub(super) url: String,
    /// The base addresses to ask, in order.
    pub(super) bases: Vec<String>,
    /// The folder of the release; may be empty.
    pub(super) suite: String,
    /// The folder below it, if there is one.
    pub(super) component: Option<String>,
    /// What packages that are wanted from here are marked with; none if all may come from here.
    pub(super) tag: Option<String>,
    /// Who must have signed it; none where unsigned repositories are allowed.
    pub(super) keys: Option<Keys>,
    texts: Vec<Key>,
}

impl Source {
    /// The path of a file for an architecture, below a base address.
    pub(super) fn path(&self, arch: &str, file: &str) -> String {
        let component = self.component.as_deref().unwrap_or_default();
        let folders = [self.suite.as_str(), component, arch, file];
        folders.into_iter().filter(|folder| !folder.is_empty()).collect::<Vec<_>>().join("/")
    }

    /// The addresses of a file for an architecture.
    pub(super) fn addresses(&self, arch: &str, file: &str) -> Vec<String> {
        let path = self.path(arch, file);
        self.bases.iter().map(|base| fetch::join(base, &path)).collect()
    }

    /// What errors and progress call it.
    pub(super) fn label(&self) -> String {
        let path = self.path("", "");
        if path.is_empty() { self.url.clone() } else { fetch::join(&self.url, &path) }
    }

    /// The key of this name as the guest is to have it.
    pub(super) fn key(&self, name: &str) -> Option<PlannedKey> {
        let key = self.texts.iter().find(|key| key.name == name)?;
        let text = String::from_utf8(key.bytes.clone()).ok()?;
        Some(PlannedKey { name: name.to_owned(), text })
    }
}

/// All repositories that a build asks: the distribution's, then the user's.
pub(super) fn sources(asked: Asked<'_>) -> Result<Vec<Source>, DecideError> {
    let Asked { distro, release, spec, .. } = asked;
    let has = |pocket: &Pocket| release.pockets.contains(pocket);
    let pockets: Vec<Pocket> = spec.pockets.iter().copied().filter(has).collect();
    let repositories = distro.repositories(release, spec.arch, &pockets)?;
    let main = repositories.first().map(|repository| repository.url.clone()).unwrap_or_default();
    let own_keys = repositories.first().map(|repository| repository.keys.clone());
    let mut sources = Vec::new();
    for repository in repositories {
        let keys = spec.keys.as_ref().unwrap_or(&repository.keys);
        let bases = spec.mirrors.bases(&repository.url, &main);
        let template = Template { url: repository.url, bases, suite: repository.suite, tag: None };
        sources.extend(template.fill(&repository.components, keys, spec.allow_unsigned)?);
    }
    for extra in &spec.repositories {
        let keys = match (&extra.keys, &spec.keys) {
            (Some(key), _) => vec![key.clone()],
            (None, Some(keys)) => keys.clone(),
            (None, None) => own_keys.clone().unwrap_or_default(),
        };
        let template = Template {
            url: extra.url.clone(),
            bases: vec![extra.url.clone()],
            suite: extra.suite.clone(),
            tag: extra.tag.clone(),
        };
        sources.extend(template.fill(&extra.components, &keys, spec.allow_unsigned)?);
    }
    Ok(sources)
}

/// What the components of a repository have in common.
struct Template {
    url: String,
    bases: Vec<String>,
    suite: String,
    tag: Option<String>,
}

impl Template {
    fn fill(
        self,
        components: &[String],
        keys: &[Key],
        allow_unsigned: bool,
    ) -> Result<Vec<Source>, DecideError> {
        let texts: Vec<Key> = keys.iter().map(named_by_file).collect();
        let verifiers = match allow_unsigned {
            true => None,
            false => Some(
                Keys::new(&texts)
                    .map_err(|source| DecideError::Keys { name: self.url.clone(), source })?,
            ),
        };
        let components: Vec<Option<String>> = match components {
            [] => vec![None],
            some => some.iter().cloned().map(Some).collect(),
        };
        let source = |component| Source {
            url: self.url.clone(),
            bases: self.bases.clone(),
            suite: self.suite.clone(),
            component,
            tag: self.tag.clone(),
            keys: verifiers.clone(),
            texts: texts.clone(),
        };
        Ok(components.into_iter().map(source).collect())
    }
}

/// Signatures name a key by its file, without the folder that the user keeps it in.
fn named_by_file(key: &Key) -> Key {
    let name = key.name.rsplit('/').next().unwrap_or(&key.name);
    let stem = name.strip_suffix(".pub").unwrap_or(name);
    let stem = stem.strip_suffix(".rsa").unwrap_or(stem);
    Key { name: format!("{stem}.rsa.pub"), bytes: key.bytes.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(suite: &str, component: Option<&str>) -> Source {
        Source {
            url: "http://localhost/os".to_owned(),
            bases: vec!["/srv/os".to_owned()],
            suite: suite.to_owned(),
            component: component.map(str::to_owned),
            tag: None,
            keys: None,
            texts: Vec::new(),
        }
    }

    #[test]
    fn a_repository_without_release_and_component_is_the_address_itself() {
        let plain = source("", None);
        assert_eq!(plain.addresses("x86_64", "a-1.apk"), ["/srv/os/x86_64/a-1.apk"]);
        assert_eq!(plain.label(), "http://localhost/os");
        let full = source("v1", Some("main"));
        assert_eq!(full.path("x86_64", "APKINDEX.tar.gz"), "v1/main/x86_64/APKINDEX.tar.gz");
        assert_eq!(full.label(), "http://localhost/os/v1/main");
    }

    #[test]
    fn a_key_is_called_by_its_file() {
        for name in ["/keys/me@here-1.rsa.pub", "me@here-1.rsa.pub", "me@here-1.rsa", "me@here-1"] {
            let key = Key { name: name.to_owned(), bytes: Vec::new() };
            assert_eq!(named_by_file(&key).name, "me@here-1.rsa.pub");
        }
    }
}
