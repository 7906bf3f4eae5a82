//! Mirrors, pockets and further repositories, as people write them.

use std::path::PathBuf;
use std::str::FromStr;

use distros::Pocket;

use super::{RecipeError, split_list};

/// A place that serves the distribution's archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mirror {
    /// An address: `https:`, `http:` or `file:`.
    Url(String),
    /// A directory.
    Directory(PathBuf),
}

/// A repository beside the distribution's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Where it is.
    pub place: Mirror,
    /// The suite: a folder under `dists/`, or a path ending in `/` for a flat repository.
    pub suite: String,
    /// The components; none only if the repository is flat.
    pub components: Vec<String>,
    /// The file with the keys that sign it; none takes the distribution's keys.
    pub signed_by: Option<PathBuf>,
}

/// Reads a list of pockets; an empty one asks for all that the release has.
pub fn parse_pockets(text: &str) -> Result<Vec<Pocket>, RecipeError> {
    let mut pockets = Vec::new();
    for word in split_list(&[text.to_owned()]) {
        let known = Pocket::ALL.into_iter().find(|pocket| pocket.name() == word);
        pockets.push(
            known.ok_or_else(|| {
                RecipeError::unknown("pocket", &word, Pocket::ALL.map(Pocket::name))
            })?,
        );
    }
    pockets.sort_unstable();
    Ok(pockets)
}

impl FromStr for Mirror {
    type Err = RecipeError;

    fn from_str(text: &str) -> Result<Self, RecipeError> {
        let refuse = || RecipeError::Mirror { text: text.chars().take(200).collect() };
        let text = text.trim();
        if text.is_empty() || text.contains(char::is_control) {
            return Err(refuse());
        }
        match text.split_once("://") {
            Some(("http" | "https" | "file", rest)) if !rest.is_empty() => {
                Ok(Self::Url(text.trim_end_matches('/').to_owned()))
            }
            Some(_) => Err(refuse()),
            None => Ok(Self::Directory(text.into())),
        }
    }
}

impl FromStr for Repository {
    type Err = RecipeError;

    fn from_str(text: &str) -> Result<Self, RecipeError> {
        let refuse =
            |problem| RecipeError::Repository { text: text.chars().take(200).collect(), problem };
        let rest = text.trim();
        let rest = rest.strip_prefix("deb ").unwrap_or(rest).trim_start();
        let (options, rest) = match rest.strip_prefix('[') {
            Some(rest) => rest.split_once(']').ok_or_else(|| refuse("the [ is never closed"))?,
            None => ("", rest),
        };
        let mut signed_by = None;
        for option in options.split_whitespace() {
            match option.split_once('=') {
                Some(("signed-by", file)) if !file.is_empty() => signed_by = Some(file.into()),
                Some(("trusted", _)) => {
                    return Err(refuse("trusted= is spelt --allow-unsigned here"));
                }
                _ => return Err(refuse("the only option in [ ] is signed-by=KEYFILE")),
            }
        }
        let mut words = rest.split_whitespace().map(str::to_owned);
        let place = words.next().ok_or_else(|| refuse("the address is missing"))?.parse()?;
        let suite = words.next().ok_or_else(|| refuse("the suite is missing"))?;
        let components: Vec<String> = words.collect();
        if components.is_empty() && !suite.ends_with('/') {
            return Err(refuse(
                "the component is missing (only a flat suite, ending in /, has none)",
            ));
        }
        Ok(Self { place, suite, components, signed_by })
    }
}

#[cfg(test)]
mod tests {
    use distros::Pocket;

    use super::{Mirror, Repository, parse_pockets};

    #[test]
    fn a_mirror_is_an_address_or_a_directory() {
        let check = |text: &str, expected: Mirror| assert_eq!(text.parse(), Ok(expected));
        check("https://example.org/debian/", Mirror::Url("https://example.org/debian".into()));
        check("file:///srv/mirror", Mirror::Url("file:///srv/mirror".into()));
        check("../mirror", Mirror::Directory("../mirror".into()));
        for wrong in ["", "ftp://example.org/debian", "https://", "rsync://example.org"] {
            assert!(wrong.parse::<Mirror>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_repository_is_written_as_in_sources_list() {
        let read: Repository =
            "deb [signed-by=k.asc] https://example.org/d bookworm main extra".parse().unwrap();
        assert_eq!(read.place, Mirror::Url("https://example.org/d".into()));
        assert_eq!(read.suite, "bookworm");
        assert_eq!(read.components, ["main", "extra"]);
        assert_eq!(read.signed_by, Some("k.asc".into()));
    }

    #[test]
    fn a_flat_repository_has_no_components() {
        let read: Repository = "/srv/debs ./".parse().unwrap();
        assert_eq!(read.components, Vec::<String>::new());
    }

    #[test]
    fn an_incomplete_repository_is_refused() {
        for wrong in [
            "",
            "https://example.org",
            "https://example.org stable",
            "[signed-by=k https://example.org stable main",
            "[trusted=yes] https://example.org stable main",
            "[signed-by=] https://example.org stable main",
        ] {
            assert!(wrong.parse::<Repository>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn pockets_are_named_in_a_list() {
        let two = vec![Pocket::Release, Pocket::Security];
        assert_eq!(parse_pockets("security,release"), Ok(two));
        assert_eq!(parse_pockets(""), Ok(Vec::new()));
        assert!(parse_pockets("securty").is_err());
    }
}
