//! What the host's own apt sources say about where a distribution's packages are near.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use distros::{Arch, Distro, Pocket, Repository};

use super::paragraph::Paragraph;

/// No honest host has larger sources.
const FILE_SIZE_MAX: u64 = 1 << 20;

/// One address of one entry of an apt source, with what it serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The address, without a slash at the end.
    pub url: String,
    /// The suites.
    pub suites: Vec<String>,
    /// The components.
    pub components: Vec<String>,
    /// The architectures it is limited to; none means those of the host.
    pub architectures: Vec<String>,
    /// The keyring that must have signed it, where one is named.
    pub signed_by: Option<String>,
}

/// Reads the apt sources of a system whose root directory is `root`.
pub fn host_sources(root: &Path) -> io::Result<Vec<Source>> {
    let apt = root.join("etc/apt");
    let mut files = vec![apt.join("sources.list")];
    match fs_err::read_dir(apt.join("sources.list.d")) {
        Ok(entries) => {
            for entry in entries {
                files.push(entry?.path());
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    files[1..].sort();
    let mut sources = Vec::new();
    for file in files {
        let parse: fn(&str) -> Vec<Source> =
            match file.extension().and_then(|ending| ending.to_str()) {
                Some("list") => parse_one_line,
                Some("sources") => parse_deb822,
                _ => continue,
            };
        match fs_err::metadata(&file) {
            Ok(metadata) if metadata.is_file() && metadata.len() <= FILE_SIZE_MAX => {
                sources.extend(parse(&String::from_utf8_lossy(&fs_err::read(&file)?)));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sources)
}

/// Reads a file of the `.sources` form. What apt would not use is left out.
pub fn parse_deb822(text: &str) -> Vec<Source> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    let mut sources = Vec::new();
    // A file that apt could not read is no hint.
    for paragraph in Paragraph::parse_all(text.as_bytes()).unwrap_or_default() {
        let words = |field: &str| words(&paragraph.text(field));
        let is_off = ["no", "false", "without", "off", "disable", "0"]
            .contains(&paragraph.text("Enabled").to_ascii_lowercase().as_str());
        if is_off || !words("Types").iter().any(|kind| kind == "deb") {
            continue;
        }
        let signed_by = paragraph.get("Signed-By").map(|_| paragraph.text("Signed-By"));
        sources.extend(words("URIs").iter().filter_map(|address| {
            Some(Source {
                url: usable_address(address)?,
                suites: words("Suites"),
                components: words("Components"),
                architectures: words("Architectures"),
                signed_by: signed_by.clone(),
            })
        }));
    }
    sources
}

/// Reads a file of the `.list` form. What apt would not use is left out.
pub fn parse_one_line(text: &str) -> Vec<Source> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Source> {
    let line = line.split('#').next()?.trim();
    let rest = line.strip_prefix("deb").filter(|rest| rest.starts_with([' ', '\t', '[']))?.trim();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let options: BTreeMap<&str, &str> =
        options.split_ascii_whitespace().filter_map(|option| option.split_once('=')).collect();
    let mut words = rest.split_ascii_whitespace();
    Some(Source {
        url: usable_address(words.next()?)?,
        suites: vec![words.next()?.to_owned()],
        components: words.map(str::to_owned).collect(),
        architectures: options
            .get("arch")
            .map(|list| list.split(',').map(str::to_owned).collect())
            .unwrap_or_default(),
        signed_by: options.get("signed-by").map(|keyring| (*keyring).to_owned()),
    })
}

/// Returns the host's mirrors of a repository, the best first; none if the host has none.
///
/// A host that has any release of the distribution has a mirror of all of them. Other archives may use its suites'
/// names, so only the sources that look most like the distribution's own are taken; whether they are is decided by
/// signatures later.
pub fn mirrors_for(
    sources: &[Source],
    distro: &dyn Distro,
    repository: &Repository,
    arch: Arch,
    host: Option<Arch>,
) -> Vec<String> {
    let suites = distro.suites_at(&repository.url);
    let aliases = aliases(distro, &repository.url);
    let spelling = distro.arch_name(arch).unwrap_or_default();
    let serves_host = host.is_some_and(|host| is_at(distro, &repository.url, host));
    let mut found: Vec<(&str, BTreeSet<&str>, u32)> = Vec::new();
    for source in sources {
        let serves_arch = match source.architectures.as_slice() {
            [] => serves_host,
            listed => listed.iter().any(|name| name == spelling),
        };
        let is_named = source.url.contains(distro.name());
        let known: BTreeSet<&str> = source
            .suites
            .iter()
            .map(String::as_str)
            .filter(|suite| suites.contains(*suite) || (is_named && aliases.contains(*suite)))
            .collect();
        let has_component =
            repository.components.iter().any(|component| source.components.contains(component));
        if known.is_empty() || !serves_arch || !has_component {
            continue;
        }
        let Some(key_score) = key_score(source, distro.name()) else { continue };
        let score = key_score + u32::from(is_named);
        match found.iter_mut().find(|(url, ..)| *url == source.url) {
            Some((_, all, best)) => {
                all.extend(known);
                *best = score.max(*best);
            }
            None => found.push((&source.url, known, score)),
        }
    }
    let scored =
        found.iter().map(|(url, known, score)| (*url, score + 2 * u32::from(known.len() > 1)));
    let best = scored.clone().map(|(_, score)| score).max().unwrap_or(0);
    scored.filter(|(_, score)| *score == best && best > 0).map(|(url, _)| url.to_owned()).collect()
}

/// How much the named keyring speaks for the distribution; none if it is another's.
fn key_score(source: &Source, name: &str) -> Option<u32> {
    let Some(keyring) = &source.signed_by else { return Some(0) };
    if keyring.contains("BEGIN PGP") || !keyring.contains('/') {
        return Some(0);
    }
    let own = format!("{name}-archive-");
    let mut files = keyring.split([' ', ',', '\n']).filter_map(|path| path.rsplit('/').next());
    files.any(|file| file.starts_with(&own)).then_some(4)
}

/// The suites at an address by their releases' other names: `stable-updates`.
fn aliases(distro: &dyn Distro, url: &str) -> BTreeSet<String> {
    let suites = distro.suites_at(url);
    let mut aliases = BTreeSet::new();
    for release in distro.releases() {
        for suite in suites.iter().filter_map(|suite| suite.strip_prefix(&release.name)) {
            aliases.extend(release.aliases.iter().map(|alias| format!("{alias}{suite}")));
        }
    }
    aliases
}

/// Whether the archive at an address is the one for this architecture too.
fn is_at(distro: &dyn Distro, url: &str, arch: Arch) -> bool {
    distro.releases().iter().filter(|release| release.architectures.contains(&arch)).any(
        |release| {
            let pockets: Vec<Pocket> = release.pockets.clone();
            distro
                .repositories(release, arch, &pockets)
                .is_ok_and(|found| found.iter().any(|repository| repository.url == url))
        },
    )
}

/// An address that we can fetch from, cleaned; none for media, networks of mirrors, and secrets.
fn usable_address(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once(':')?;
    if !matches!(scheme, "http" | "https" | "file") || rest.contains("$(") {
        return None;
    }
    if scheme == "file" {
        return Some(format!("file:///{}", rest.trim_matches('/')));
    }
    let rest = rest.strip_prefix("//")?.trim_end_matches('/');
    let authority = rest.split('/').next()?;
    // A password in an address would end up in the lock file.
    (!authority.is_empty() && !authority.contains('@')).then(|| format!("{scheme}://{rest}"))
}

fn words(text: &str) -> Vec<String> {
    text.split_ascii_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
