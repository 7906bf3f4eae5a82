//! What kind of failure an error is, and what the person can do about it.

mod agent;
mod artifact;
mod decide;
mod fetch;
mod guest;
mod machine;
mod pack;

use std::error::Error;
use std::io;

use super::{Kind, NoRung};
use crate::recipe::RecipeError;

/// A kind of failure and the hints that go with it.
type Diagnosis = (Kind, Vec<String>);

/// What is tried on every layer of an error, in this order.
const DIAGNOSERS: [fn(&(dyn Error + 'static)) -> Option<Diagnosis>; 9] = [
    of_recipe,
    agent::diagnose,
    artifact::diagnose,
    decide::diagnose,
    fetch::diagnose,
    machine::diagnose,
    pack::diagnose,
    guest::diagnose,
    of_machine,
];

/// Tells the kind of an error and what can be done about it.
///
/// The outermost cause that knows its kind decides it; hints come from every layer.
pub fn diagnose(error: &anyhow::Error) -> Diagnosis {
    let mut kind = None;
    let mut hints: Vec<String> = Vec::new();
    for layer in error.chain() {
        let found = DIAGNOSERS.iter().find_map(|diagnoser| diagnoser(layer));
        if let Some((found, more)) = found {
            kind.get_or_insert(found);
            hints.extend(more);
        }
    }
    hints.dedup();
    (kind.unwrap_or(Kind::Machine), hints)
}

/// Returns the layer if it is a `T`, in a box or not.
fn as_a<'a, T: Error + 'static>(layer: &'a (dyn Error + 'static)) -> Option<&'a T> {
    layer.downcast_ref().or_else(|| layer.downcast_ref::<Box<T>>().map(AsRef::as_ref))
}

fn of_recipe(layer: &(dyn Error + 'static)) -> Option<Diagnosis> {
    as_a::<RecipeError>(layer).map(|error| (Kind::Recipe, error.hints()))
}

fn of_machine(layer: &(dyn Error + 'static)) -> Option<Diagnosis> {
    if let Some(NoRung(report)) = as_a::<NoRung>(layer) {
        let fixes = report.rungs.iter().filter_map(|rung| match &rung.verdict {
            sandbox::Verdict::Missing { fix: Some(fix), .. } => Some(fix.clone()),
            _ => None,
        });
        return Some((Kind::Machine, fixes.chain(["`osb doctor` says more".to_owned()]).collect()));
    }
    let hint = match as_a::<io::Error>(layer)?.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Some("the disk is full: free some space, or name another place")
        }
        io::ErrorKind::PermissionDenied => {
            Some("`osb doctor` says what this user may do on this machine")
        }
        _ => None,
    };
    Some((Kind::Machine, hint.map(str::to_owned).into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use std::io;

    use anyhow::Context as _;
    use rootfs_builder::digest::Digest;
    use rootfs_builder::fetch::FetchError;

    use super::{Kind, diagnose};
    use crate::recipe::RecipeError;

    #[test]
    fn a_misspelt_word_is_the_recipes_fault_and_has_a_suggestion() {
        let error = RecipeError::unknown("distribution", "debain", ["debian", "ubuntu"]);
        let (kind, hints) = diagnose(&error.into());
        assert_eq!(kind, Kind::Recipe);
        assert_eq!(hints, ["did you mean \"debian\"?", "known: debian, ubuntu"]);
    }

    #[test]
    fn a_wrong_digest_is_the_sources_fault_however_deep_it_lies() {
        let url = "http://example.org/a.deb".to_owned();
        let (expected, actual) = (Digest::of("a"), Digest::of("b"));
        let cause = FetchError::Digest { url, expected, actual };
        let source = Box::new(cause);
        let error = FetchError::Exhausted { name: "a".into(), addresses: 1, source };
        let (kind, hints) = diagnose(&anyhow::Error::new(error).context("build"));
        assert_eq!((kind, hints.len()), (Kind::Source, 1));
    }

    #[test]
    fn a_full_disk_is_the_machines_fault_and_says_so() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let (kind, hints) = diagnose(&Err::<(), _>(full).context("write").unwrap_err());
        assert_eq!((kind, hints.len()), (Kind::Machine, 1));
    }

    #[test]
    fn an_unknown_error_is_the_machines() {
        let error = Err::<(), _>(io::Error::other("odd")).context("write").unwrap_err();
        assert_eq!(diagnose(&error), (Kind::Machine, Vec::new()));
    }
}
