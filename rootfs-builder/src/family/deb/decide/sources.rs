//! Which archives a build asks, and at which addresses.

use distros::{Arch, Distro, Key, Pocket, Release};

use super::DecideError;
use crate::fetch;
use crate::spec::RootfsSpec;
use crate::trust::Keyring;

/// One suite of one archive, with every address that may serve it.
#[derive(Debug)]
pub(super) struct Source {
    /// The address that the plan records.
    pub(super) recorded: String,
    /// The base addresses to ask, in order.
    pub(super) bases: Vec<String>,
    /// The suite; a flat repository's ends with a slash.
    pub(super) suite: String,
    /// The components; none in a flat repository.
    pub(super) components: Vec<String>,
    /// Who must have signed it; none where unsigned archives are allowed.
    pub(super) keys: Option<Keyring>,
    /// Whether it is the release itself: then `all` the plan's other facts come from here.
    pub(super) pocket: Option<Pocket>,
}

impl Source {
    /// The addresses of a file of the suite.
    pub(super) fn suite_addresses(&self, file: &str) -> Vec<String> {
        let directory = match self.is_flat() {
            true => self.suite.trim_end_matches('/').to_owned(),
            false => format!("dists/{}", self.suite),
        };
        self.addresses(&format!("{directory}/{file}"))
    }

    /// The addresses of a file of the archive.
    pub(super) fn addresses(&self, file: &str) -> Vec<String> {
        self.bases.iter().map(|base| fetch::join(base, file)).collect()
    }

    /// Whether the suite has neither components nor a place under `dists/`.
    pub(super) fn is_flat(&self) -> bool {
        self.suite.ends_with('/')
    }

    /// What errors and progress call it.
    pub(super) fn label(&self) -> String {
        format!("{} {}", self.recorded, self.suite)
    }
}

/// All archives that a build asks: the distribution's pockets, then the user's repositories.
pub(super) fn sources(
    distro: &dyn Distro,
    release: &Release,
    arch: Arch,
    spec: &RootfsSpec,
) -> Result<Vec<Source>, DecideError> {
    let pockets: Vec<Pocket> =
        spec.pockets.iter().copied().filter(|pocket| release.pockets.contains(pocket)).collect();
    let repositories = distro.repositories(release, arch, &pockets)?;
    let main_url = repositories.first().map(|repository| repository.url.clone());
    let mut sources = Vec::new();
    for repository in repositories {
        let keys = match (&spec.keys, spec.allow_unsigned) {
            (_, true) => None,
            (Some(keys), false) => Some(keyring(keys)?),
            (None, false) => Some(keyring(&repository.keys)?),
        };
        let main = main_url.as_deref().unwrap_or(&repository.url);
        sources.push(Source {
            bases: spec.mirrors.bases(&repository.url, main),
            recorded: repository.url,
            suite: repository.suite,
            components: repository.components,
            keys,
            pocket: Some(repository.pocket),
        });
    }
    for extra in &spec.repositories {
        let keys = match (&extra.keys, &spec.keys, spec.allow_unsigned) {
            (_, _, true) => None,
            (Some(key), _, false) => Some(keyring(std::slice::from_ref(key))?),
            (None, Some(keys), false) => Some(keyring(keys)?),
            (None, None, false) => sources.first().and_then(|source: &Source| source.keys.clone()),
        };
        sources.push(Source {
            recorded: extra.url.clone(),
            bases: vec![extra.url.clone()],
            suite: extra.suite.clone(),
            components: extra.components.clone(),
            keys,
            pocket: None,
        });
    }
    Ok(sources)
}

fn keyring(keys: &[Key]) -> Result<Keyring, DecideError> {
    let mut all = Keyring::default();
    for Key { name, bytes } in keys {
        let own = Keyring::from_bytes(bytes);
        all.extend(own.map_err(|source| DecideError::Keys { name: name.clone(), source })?);
    }
    Ok(all)
}
