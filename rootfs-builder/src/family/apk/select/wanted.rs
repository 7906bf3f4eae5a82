//! Finds what the words of a request mean.

use super::Request;
use super::graph::Graph;
use super::tags::Tags;
use super::walk::Wanted;
use crate::family::apk::dependency::{Dependency, DependencyError};

/// A word that means no package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No package has that name, nor provides it.
    #[error("no package named {name}{}", did_you_mean(.similar))]
    Unknown {
        /// The name.
        name: String,
        /// Names that were perhaps meant.
        similar: Vec<String>,
    },
    /// Several packages provide the name, and none of them is preferred.
    #[error("{name} is a virtual package{}; ask for {}", for_whom(.wanted_by), one_of(.providers))]
    Virtual {
        /// The name.
        name: String,
        /// The package that depends on it; none if the request names it.
        wanted_by: Option<String>,
        /// The packages that provide it.
        providers: Vec<String>,
    },
    /// The package exists in other versions only.
    #[error("no version of {name} is {word}; there is {}", .available.join(", "))]
    Version {
        /// The name.
        name: String,
        /// The word.
        word: String,
        /// The versions that there are.
        available: Vec<String>,
    },
    /// No repository has the tag.
    #[error("{word}: no repository has the tag {tag}{}", known(.tags))]
    Tag {
        /// The word.
        word: String,
        /// The tag.
        tag: String,
        /// The tags that there are.
        tags: Vec<String>,
    },
    /// The text is none of the forms that a wanted package takes.
    #[error("{text:?} does not name a package: write name, name@tag, name>=version or !name")]
    Form {
        /// The text.
        text: String,
        /// What is wrong with it.
        source: DependencyError,
    },
}

/// Reads the words in apk's order, the last one about each name.
pub(super) fn resolve<'u>(
    graph: &mut Graph<'u>,
    request: &'u Request,
) -> Result<Vec<Wanted<'u>>, Vec<NameError>> {
    let mut wanted: Vec<Wanted<'u>> = Vec::new();
    let mut errors = Vec::new();
    for text in &request.packages {
        match read(graph, text) {
            Ok(word) => {
                wanted.retain(|other| other.link.name != word.link.name);
                wanted.push(word);
            }
            Err(error) => errors.push(error),
        }
    }
    wanted.sort_by_cached_key(|wanted| {
        let name = wanted.link.word.name;
        (name.to_ascii_lowercase(), name)
    });
    if errors.is_empty() { Ok(wanted) } else { Err(errors) }
}

/// Checks that every word means a package, taken by itself.
pub(super) fn check(graph: &Graph<'_>, wanted: &[Wanted<'_>]) -> Result<(), Vec<NameError>> {
    let needed = wanted.iter().filter(|wanted| !wanted.link.word.is_conflict);
    let errors: Vec<_> = needed.filter_map(|wanted| problem(graph, wanted)).collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn read<'u>(graph: &mut Graph<'u>, text: &'u str) -> Result<Wanted<'u>, NameError> {
    let word = Dependency::parse(text)
        .map_err(|source| NameError::Form { text: text.to_owned(), source })?;
    let tags = match word.tag {
        None => Tags::UNTAGGED,
        Some(tag) => match graph.tags.iter().position(|other| *other == tag) {
            Some(number) => Tags::of(Some(number)),
            None => {
                let tags = graph.tags.iter().map(|&tag| tag.to_owned()).collect();
                return Err(NameError::Tag { word: text.to_owned(), tag: tag.to_owned(), tags });
            }
        },
    };
    Ok(Wanted { link: graph.link(word), tags })
}

fn problem(graph: &Graph<'_>, wanted: &Wanted<'_>) -> Option<NameError> {
    let (name, word) = (wanted.link.word.name, wanted.link.word);
    let providers = graph.providers(wanted.link.name);
    if providers.is_empty() {
        let universe = graph.universe;
        let similar = solver::similar(name, universe.ids().map(|id| universe.package(id).name()));
        return Some(NameError::Unknown { name: name.to_owned(), similar });
    }
    if providers.iter().any(|&provider| graph.fits(None, &word, provider)) {
        return None;
    }
    let mut available: Vec<_> = providers
        .iter()
        .map(|provider| provider.version.unwrap_or("one without a version").to_owned())
        .collect();
    available.dedup();
    Some(NameError::Version { name: name.to_owned(), word: word.to_string(), available })
}

fn did_you_mean(similar: &[String]) -> String {
    match similar {
        [] => String::new(),
        _ => format!("; did you mean {}?", similar.join(", ")),
    }
}

fn for_whom(wanted_by: &Option<String>) -> String {
    wanted_by.as_ref().map(|package| format!(" that {package} depends on")).unwrap_or_default()
}

fn one_of(providers: &[String]) -> String {
    match providers {
        [one] => one.clone(),
        _ => format!("one of {}", providers.join(", ")),
    }
}

fn known(tags: &[String]) -> String {
    match tags {
        [] => String::new(),
        _ => format!("; there is {}", tags.join(", ")),
    }
}
