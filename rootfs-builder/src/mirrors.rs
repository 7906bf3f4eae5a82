//! Which addresses are asked for what an archive has.

use std::io;
use std::path::Path;

use distros::{Arch, Distro, Release};

use crate::family::deb::sources::{host_sources, mirrors_for};
use crate::fetch;

/// Where archives may be found beside their official addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mirrors {
    /// Addresses or directories that the user named; they replace the official archives.
    pub named: Vec<String>,
    /// The host's own: an official address, and the mirror of it that the host uses.
    pub host: Vec<(String, String)>,
}

impl Mirrors {
    /// The mirrors that the apt sources of the system at `root` name for a distribution.
    pub fn of_host(
        root: &Path,
        distro: &dyn Distro,
        release: &Release,
        arch: Arch,
    ) -> io::Result<Self> {
        let sources = host_sources(root)?;
        let repositories = distro.repositories(release, arch, &release.pockets);
        let mut host = Vec::new();
        // A release without an archive for this architecture is refused where it is asked for.
        for repository in repositories.unwrap_or_default() {
            for mirror in mirrors_for(&sources, distro, &repository, arch, Arch::host()) {
                let pair = (repository.url.clone(), mirror);
                if !host.contains(&pair) {
                    host.push(pair);
                }
            }
        }
        Ok(Self { named: Vec::new(), host })
    }

    /// The base addresses to ask for an archive, in order; `main` is the distribution's first one.
    pub fn bases(&self, official: &str, main: &str) -> Vec<String> {
        let mut bases = Vec::new();
        if self.named.is_empty() {
            let host = self.host.iter().filter(|(of, _)| of == official);
            bases.extend(host.map(|(_, mirror)| mirror.clone()));
            bases.push(official.to_owned());
        }
        for mirror in &self.named {
            bases.extend(sibling(mirror, official, main));
            bases.push(mirror.clone());
        }
        bases
    }

    /// The addresses to ask for one file of an archive, given where the plan saw it.
    ///
    /// A directory may also hold nothing but the files.
    pub(crate) fn addresses(&self, url: &str, official: &str, main: &str) -> Vec<String> {
        let Some(path) = url.strip_prefix(official).map(|path| path.trim_start_matches('/')) else {
            return vec![url.to_owned()];
        };
        let bases = self.bases(official, main);
        let mut addresses: Vec<String> = bases.iter().map(|base| fetch::join(base, path)).collect();
        if let Some((_, name)) = path.rsplit_once('/') {
            addresses.extend(self.named.iter().map(|base| fetch::join(base, name)));
        }
        if !self.named.is_empty() {
            addresses.push(url.to_owned());
        }
        addresses
    }
}

/// Mirrors keep an archive's parts side by side, as the official server does.
fn sibling(mirror: &str, official: &str, main: &str) -> Option<String> {
    let (_, main_name) = main.rsplit_once('/')?;
    let (_, name) = official.rsplit_once('/')?;
    let (parent, mirror_name) = mirror.rsplit_once('/')?;
    (name != main_name && mirror_name == main_name).then(|| format!("{parent}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: &str = "http://a.example/debian";
    const SECURITY: &str = "http://a.example/debian-security";

    fn named(mirror: &str) -> Mirrors {
        Mirrors { named: vec![mirror.to_owned()], host: Vec::new() }
    }

    #[test]
    fn a_mirror_of_the_archive_has_the_security_archive_beside_it() {
        let mirrors = named("http://m.example/pub/debian");
        let bases = mirrors.bases(SECURITY, MAIN);
        assert_eq!(bases, ["http://m.example/pub/debian-security", "http://m.example/pub/debian"]);
        assert_eq!(mirrors.bases(MAIN, MAIN), ["http://m.example/pub/debian"]);
    }

    #[test]
    fn the_mirror_of_the_host_comes_before_the_official_archive() {
        let host = vec![(MAIN.to_owned(), "http://near.example/debian".to_owned())];
        let mirrors = Mirrors { named: Vec::new(), host };
        assert_eq!(mirrors.bases(MAIN, MAIN), ["http://near.example/debian", MAIN]);
        assert_eq!(mirrors.bases(SECURITY, MAIN), [SECURITY]);
    }

    #[test]
    fn a_directory_of_packages_serves_a_locked_plan() {
        let url = "http://a.example/debian/pool/h/hello_1_all.deb";
        assert_eq!(
            named("/srv/debs").addresses(url, MAIN, MAIN),
            ["/srv/debs/pool/h/hello_1_all.deb", "/srv/debs/hello_1_all.deb", url]
        );
    }
}
