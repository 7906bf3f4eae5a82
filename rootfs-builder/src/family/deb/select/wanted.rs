//! Finds the packages that a request names.

use super::Stage;
use super::graph::Graph;
use crate::family::deb::index::{PackageId, Universe};
use crate::family::deb::version;

/// A name that means no package.
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
    /// Several packages provide the name.
    #[error("{name} is a virtual package; ask for one of {}", .providers.join(", "))]
    Virtual {
        /// The name.
        name: String,
        /// The packages that provide it.
        providers: Vec<String>,
    },
    /// The package exists in other versions only.
    #[error("no version {version} of {name}; there is {}", .available.join(", "))]
    Version {
        /// The package's name.
        name: String,
        /// The version asked for.
        version: String,
        /// The versions that there are.
        available: Vec<String>,
    },
    /// The package exists for other architectures only, or the architecture is not configured.
    #[error("{name} is not available for {arch}")]
    Arch {
        /// The package's name.
        name: String,
        /// The architecture asked for.
        arch: String,
    },
    /// The text is none of the forms that a wanted package takes.
    #[error("{text:?} does not name a package: write name, name:arch, name=version or name-")]
    Form {
        /// The text.
        text: String,
    },
}

/// What one stage wants, found.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// What is to be installed, in the order of the request.
    pub packages: Vec<PackageId>,
    /// What must not be.
    pub unwanted: Vec<PackageId>,
}

/// Finds everything that a stage wants; versions asked for become candidates of the graph.
pub(super) fn resolve(graph: &mut Graph<'_>, stage: &Stage) -> Result<Wanted, Vec<NameError>> {
    let mut wanted = Wanted::default();
    let mut errors = Vec::new();
    for text in &stage.packages {
        match find(graph, text) {
            Ok((package, Sense::Install)) => wanted.packages.push(package),
            Ok((package, Sense::Avoid)) => wanted.unwanted.push(package),
            Err(error) => errors.push(error),
        }
    }
    let is_grouped = stage.essential || !stage.priorities.is_empty();
    for id in graph.universe.candidates().filter(|_| is_grouped) {
        let package = graph.universe.package(id);
        let is_wanted = (stage.essential && package.is_essential())
            || stage.priorities.contains(&package.priority());
        if is_wanted && package.arch_rank() == 0 && !wanted.unwanted.contains(&id) {
            wanted.packages.push(id);
        }
    }
    if errors.is_empty() { Ok(wanted) } else { Err(errors) }
}

#[derive(Clone, Copy)]
enum Sense {
    Install,
    Avoid,
}

fn find(graph: &mut Graph<'_>, text: &str) -> Result<(PackageId, Sense), NameError> {
    let as_written = find_package(graph, text);
    // A package's own name may end in the sign that otherwise says what to do with it.
    let (without_sign, sense) = match text.as_bytes() {
        [.., b'-'] => (&text[..text.len() - 1], Sense::Avoid),
        [.., b'+'] => (&text[..text.len() - 1], Sense::Install),
        _ => return Ok((as_written?, Sense::Install)),
    };
    match as_written {
        Ok(package) => Ok((package, Sense::Install)),
        Err(_) => Ok((find_package(graph, without_sign)?, sense)),
    }
}

fn find_package(graph: &mut Graph<'_>, text: &str) -> Result<PackageId, NameError> {
    let refuse = || NameError::Form { text: text.to_owned() };
    let (head, wanted_version) = match text.split_once('=') {
        Some((head, version)) if version::is_valid(version.as_bytes()) => (head, Some(version)),
        Some(_) => return Err(refuse()),
        None => (text, None),
    };
    let (name, arch) = match head.split_once(':') {
        Some((name, arch)) => (name, Some(arch)),
        None => (head, None),
    };
    if !super::super::relation::is_name(name.as_bytes()) {
        return Err(refuse());
    }
    let package = find_named(graph, name, arch)?;
    match wanted_version {
        Some(version) => find_version(graph, package, version),
        None => Ok(package),
    }
}

fn find_named(graph: &Graph<'_>, name: &str, arch: Option<&str>) -> Result<PackageId, NameError> {
    let universe = graph.universe;
    let native = universe.archs()[0].as_str();
    let arch = arch.map(|arch| if arch == "native" { native } else { arch });
    let view = |id: &PackageId| universe.package(*id);
    // The architectures come in order of preference, so that the first that has the package counts.
    let mut named = graph.candidates_named(name).collect::<Vec<_>>().into_iter();
    let exact = |id: &PackageId| arch.is_none_or(|arch| view(id).slot_arch() == arch);
    let standing_in = |id: &PackageId| arch.is_none_or(|arch| view(id).serves(arch));
    if let Some(package) = named.clone().find(exact).or_else(|| named.find(standing_in)) {
        return Ok(package);
    }
    let arch_or_native = arch.unwrap_or(native);
    let mut providers: Vec<_> = universe
        .providers(name)
        .map(|(owner, _)| owner)
        .filter(|&owner| {
            graph.is_candidate(owner) && universe.package(owner).serves(arch_or_native)
        })
        .collect();
    providers.sort_by_key(|&id| (universe.package(id).name(), universe.package(id).arch_rank()));
    providers.dedup_by_key(|id| universe.package(*id).name());
    let name = name.to_owned();
    match (&providers[..], arch) {
        (&[only], _) => Ok(only),
        ([], Some(arch)) if graph.candidates_named(&name).next().is_some() => {
            Err(NameError::Arch { name, arch: arch.to_owned() })
        }
        ([], _) => {
            let similar = solver::similar(&name, names(universe));
            Err(NameError::Unknown { name, similar })
        }
        (providers, _) => {
            let name_of = |&id: &PackageId| universe.package(id).name().to_owned();
            Err(NameError::Virtual { name, providers: providers.iter().map(name_of).collect() })
        }
    }
}

fn find_version(
    graph: &mut Graph<'_>,
    package: PackageId,
    wanted: &str,
) -> Result<PackageId, NameError> {
    let universe = graph.universe;
    let view = universe.package(package);
    let versions = universe.named(view.name());
    let versions: Vec<_> =
        versions.filter(|&id| universe.package(id).slot_arch() == view.slot_arch()).collect();
    let found = versions.iter().find(|&&id| universe.package(id).version() == wanted);
    match found {
        Some(&found) => {
            graph.set_candidate(found);
            Ok(found)
        }
        None => Err(NameError::Version {
            name: view.name().to_owned(),
            version: wanted.to_owned(),
            available: versions
                .iter()
                .map(|&id| universe.package(id).version().to_owned())
                .collect(),
        }),
    }
}

fn names(universe: &Universe) -> impl Iterator<Item = &str> {
    universe.candidates().map(|id| universe.package(id).name())
}

fn did_you_mean(similar: &[String]) -> String {
    match similar {
        [] => String::new(),
        _ => format!("; did you mean {}?", similar.join(", ")),
    }
}
