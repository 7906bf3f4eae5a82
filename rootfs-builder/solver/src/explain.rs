//! Says in words why nothing can be chosen.

mod map;

use std::fmt;

use resolvo::SolvableId;
use resolvo::conflict::ConflictGraph;

use crate::Catalogue;
use crate::provider::Provider;
use map::Map;

/// The most reasons that are worth reading.
const REASONS_MAX: usize = 4;

/// Why nothing can be chosen: one line for each thing that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Explanation {
    /// What stands in the way, the simplest first.
    pub reasons: Vec<Reason>,
}

/// One thing that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Something is needed that no package can give.
    Missing {
        /// Who needs what, from a requested package to the one in want.
        chain: Vec<Link>,
        /// What is to be had instead.
        instead: String,
    },
    /// Two packages exclude each other.
    Clash {
        /// The package and what it refuses.
        refusal: String,
        /// Who brings in the package that refuses, from a requested one on.
        chain: Vec<Link>,
        /// Who brings in what is refused.
        refused_chain: Vec<Link>,
    },
}

/// A package and one of its needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The package's name.
    pub who: String,
    /// The need in the family's notation.
    pub what: String,
}

impl fmt::Display for Explanation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.reasons.is_empty() {
            return formatter.write_str("the packages cannot be had together");
        }
        let lines: Vec<String> = self.reasons.iter().map(Reason::to_string).collect();
        formatter.write_str(&lines.join("\n"))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { chain, instead } => {
                write!(formatter, "{}, but {instead}", Sentence(chain))
            }
            Self::Clash { refusal, chain, refused_chain } => {
                formatter.write_str(refusal)?;
                for chain in [chain, refused_chain].into_iter().filter(|chain| !chain.is_empty()) {
                    write!(formatter, "; {}", Sentence(chain))?;
                }
                Ok(())
            }
        }
    }
}

/// Links as one sentence.
struct Sentence<'a>(&'a [Link]);

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before: Option<&Link> = None;
        for link in self.0 {
            match before {
                None => write!(formatter, "{} wants {}", link.who, link.what)?,
                Some(before) if before.is_just(&link.who) => {
                    write!(formatter, ", which wants {}", link.what)?;
                }
                Some(_) => write!(formatter, "; {} wants {}", link.who, link.what)?,
            }
            before = Some(link);
        }
        Ok(())
    }
}

impl Link {
    /// Tells whether a need can only mean the package of that name.
    fn is_just(&self, name: &str) -> bool {
        !self.what.contains('|') && self.what.split([' ', '=']).next() == Some(name)
    }
}

/// Draws the shortest reasons from the graph of everything that took part in the conflict.
pub(crate) fn explain<C: Catalogue>(
    provider: &Provider<'_, C>,
    graph: &ConflictGraph<SolvableId>,
) -> Explanation {
    let map = Map::new(provider, graph);
    let mut found = map.missing();
    found.extend(map.clashes());
    // The chain that leaves the least choice comes first: alone, it already explains everything.
    found.sort_by_cached_key(|(weight, reason)| (*weight, reason.to_string()));
    // Two versions of a package may want the same.
    found.dedup_by(|(_, left), (_, right)| left == right);
    let takes = match found.first() {
        Some(((choices, _), _)) if *choices == 0 => 1,
        _ => REASONS_MAX,
    };
    let reasons = found.into_iter().take(takes).map(|(_, reason)| reason).collect();
    Explanation { reasons }
}
