//! Mirrors, pockets and further repositories, as people write them.

use std::path::PathBuf;
use std::str::FromStr;

use distros::{Family, Pocket};

use super::{RecipeError, split_list};

/// A place that serves the distribution's archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mirror {
    /// An address: `https:`, `http:` or `file:`.
    Url(String),
    /// A directory.
    Directory(PathBuf),
}

/// A repository beside the distribution's own, in the words of either family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Where it is.
    pub place: Mirror,
    /// The suite: a folder under `dists/`, or a path ending in `/` for a flat repository; empty where a family has none.
    pub suite: String,
    /// The components; none if the repository is flat, or the family has none.
    pub components: Vec<String>,
    /// What packages are tagged with that are to come from here alone.
    pub tag: Option<String>,
    /// The file with the keys that sign it; none takes the distribution's keys.
    pub signed_by: Option<PathBuf>,
    /// Whether it begins with `deb`.
    is_deb_line: bool,
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

    /// Reads what both families have in common; what a family's form asks for is known with the distribution.
    fn from_str(text: &str) -> Result<Self, RecipeError> {
        let refuse = |problem| refusal(text, problem);
        let rest = text.trim();
        let (is_deb_line, rest) = match rest.strip_prefix("deb ") {
            Some(rest) => (true, rest.trim_start()),
            None => (false, rest),
        };
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
        let mut words = rest.split_whitespace().peekable();
        let tag = words.next_if(|word| word.starts_with('@')).map(|tag| tag[1..].to_owned());
        if tag.as_ref().is_some_and(|tag| tag.is_empty() || tag.contains('@')) {
            return Err(refuse("a tag is one word after one @"));
        }
        let place = words.next().ok_or_else(|| refuse("the address is missing"))?.parse()?;
        let suite = words.next().unwrap_or_default().to_owned();
        let components = words.map(str::to_owned).collect();
        Ok(Self { place, suite, components, tag, signed_by, is_deb_line })
    }
}

impl Repository {
    /// Refuses what is not written as packages of a family have it.
    pub fn check_form(&self, family: Family) -> Result<(), RecipeError> {
        let problem = match family {
            Family::Apk if self.is_deb_line => "a line with deb is for packages of the deb family",
            Family::Apk if !self.suite.is_empty() => {
                "packages of the apk family have one address alone, with the release and component in it"
            }
            Family::Deb if self.tag.is_some() => "tags are for packages of the apk family",
            Family::Deb if self.suite.is_empty() => "the suite is missing",
            Family::Deb if self.components.is_empty() && !self.suite.ends_with('/') => {
                "the component is missing (only a flat suite, ending in /, has none)"
            }
            Family::Apk | Family::Deb => return Ok(()),
        };
        let place = match &self.place {
            Mirror::Url(url) => url.clone(),
            Mirror::Directory(path) => path.display().to_string(),
        };
        let words = std::iter::once(place).chain([self.suite.clone()]);
        let words: Vec<String> = words.chain(self.components.clone()).collect();
        Err(refusal(words.join(" ").trim_end(), problem))
    }
}

fn refusal(text: &str, problem: &'static str) -> RecipeError {
    RecipeError::Repository { text: text.chars().take(200).collect(), problem }
}

#[cfg(test)]
mod tests {
    use distros::{Family, Pocket};

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
        assert_eq!(read.check_form(Family::Deb), Ok(()));
    }

    #[test]
    fn a_flat_repository_has_no_components() {
        let read: Repository = "/srv/debs ./".parse().unwrap();
        assert_eq!(read.components, Vec::<String>::new());
        assert_eq!(read.check_form(Family::Deb), Ok(()));
    }

    #[test]
    fn a_repository_of_the_apk_family_is_an_address_with_or_without_a_tag() {
        let text = "[signed-by=me.rsa.pub] @own https://example.org/v1/main/";
        let read: Repository = text.parse().unwrap();
        assert_eq!(read.place, Mirror::Url("https://example.org/v1/main".into()));
        assert_eq!((read.tag.as_deref(), read.suite.as_str()), (Some("own"), ""));
        assert_eq!(read.signed_by, Some("me.rsa.pub".into()));
        assert_eq!(read.check_form(Family::Apk), Ok(()));
        let plain: Repository = "/srv/apks".parse().unwrap();
        assert_eq!((plain.tag.clone(), plain.check_form(Family::Apk)), (None, Ok(())));
    }

    #[test]
    fn the_form_of_another_family_is_refused_with_what_is_wrong() {
        let problem = |text: &str, family| {
            let read: Repository = text.parse().unwrap();
            read.check_form(family).unwrap_err().to_string()
        };
        let said = problem("https://example.org/d stable main", Family::Apk);
        assert!(
            said.contains("\"https://example.org/d stable main\": packages of the apk"),
            "{said}"
        );
        assert!(problem("deb https://example.org", Family::Apk).contains("a line with deb"));
        assert!(problem("@own https://example.org stable main", Family::Deb).contains("tags"));
        assert!(problem("https://example.org", Family::Deb).contains("the suite is missing"));
        let said = problem("https://example.org stable", Family::Deb);
        assert!(said.contains("the component is missing"), "{said}");
    }

    #[test]
    fn an_incomplete_repository_is_refused() {
        for wrong in [
            "",
            "@own",
            "@ https://example.org",
            "@a@b https://example.org",
            "[signed-by=k https://example.org stable main",
            "[trusted=yes] https://example.org stable main",
            "[signed-by=] https://example.org stable main",
            "ftp://example.org",
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
