//! Where this machine's own apt fetches its distribution from, so that tests burden that mirror.

use std::fs;
use std::path::{Path, PathBuf};

use crate::skip;

/// The addresses of a distribution's archive and of its security updates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// The archive with the releases.
    pub archive: String,
    /// The archive with the security updates.
    pub security: String,
}

/// One source of apt: an address and what is taken from it.
#[derive(Debug, PartialEq, Eq)]
struct AptSource {
    address: String,
    suites: Vec<String>,
}

impl Mirror {
    /// The mirror that this machine's apt sources name, or nothing and a line that says so.
    pub fn of_this_machine() -> Option<Self> {
        let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
        let codename = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
        let found = Self::find(&apt_sources(), codename.unwrap_or_default().trim_matches('"'));
        if found.is_none() {
            skip("the apt sources of this machine name no mirror of its own release");
        }
        found
    }

    fn find(sources: &[AptSource], codename: &str) -> Option<Self> {
        let address = |suite: &str| {
            let has_suite = |source: &&AptSource| source.suites.iter().any(|name| name == suite);
            let address = &sources.iter().find(has_suite)?.address;
            Some(address.trim_end_matches('/').to_owned())
        };
        let archive = address(codename)?;
        let security = address(&format!("{codename}-security")).unwrap_or_else(|| archive.clone());
        Some(Self { archive, security })
    }

    /// The lines for sources.list that name all pockets of a stable release.
    pub fn lines(&self, release: &str) -> String {
        let Self { archive, security } = self;
        format!(
            "deb {archive} {release} main\n\
             deb {archive} {release}-updates main\n\
             deb {security} {release}-security main\n"
        )
    }
}

fn apt_sources() -> Vec<AptSource> {
    let mut paths = vec![PathBuf::from("/etc/apt/sources.list")];
    let directory = fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten();
    paths.extend(directory.flatten().map(|entry| entry.path()));
    paths.sort();
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap_or_default();
        if has_ending(path, "sources") { stanzas(&text) } else { one_lines(&text) }
    };
    let is_used = |path: &&PathBuf| has_ending(path, "sources") || has_ending(path, "list");
    paths.iter().filter(is_used).flat_map(read).collect()
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|extension| extension == ending)
}

/// Reads the deb822 form.
fn stanzas(text: &str) -> Vec<AptSource> {
    let read = |stanza: &str| {
        let field = |name: &str| {
            let value = stanza.lines().find_map(|line| line.strip_prefix(name));
            let words = value.unwrap_or_default().split_whitespace();
            words.map(str::to_owned).collect::<Vec<_>>()
        };
        let is_binary = field("Types:").iter().any(|kind| kind == "deb");
        let suites = field("Suites:");
        let address = field("URIs:").into_iter().next().filter(|_| is_binary)?;
        Some(AptSource { address, suites })
    };
    text.split("\n\n").filter_map(read).collect()
}

/// Reads the form of one line.
fn one_lines(text: &str) -> Vec<AptSource> {
    let read = |line: &str| {
        let line = line.strip_prefix("deb ")?.trim();
        let line = match line.strip_prefix('[') {
            Some(options) => options.split_once(']')?.1,
            None => line,
        };
        let mut words = line.split_whitespace().map(str::to_owned);
        Some(AptSource { address: words.next()?, suites: vec![words.next()?] })
    };
    text.lines().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::{Mirror, one_lines, stanzas};

    #[test]
    fn both_forms_of_sources_say_the_same() {
        let stanza = "Types: deb deb-src\n# a comment\nURIs: http://example.org/d/\n\
                      Suites: old old-updates\nComponents: main\n\n\
                      Types: deb\nURIs: http://example.org/s\nSuites: old-security\n";
        let lines = "# deb http://example.net/d old main\n\
                     deb-src http://example.net/d old main\n\
                     deb [arch=amd64 signed-by=/k] http://example.org/d old main\n\
                     deb http://example.org/s old-security main\n";
        let expected = Some(Mirror {
            archive: "http://example.org/d".into(),
            security: "http://example.org/s".into(),
        });
        assert_eq!(Mirror::find(&stanzas(stanza), "old"), expected);
        assert_eq!(Mirror::find(&one_lines(lines), "old"), expected);
        assert_eq!(Mirror::find(&one_lines(lines), "new"), None);
    }
}
