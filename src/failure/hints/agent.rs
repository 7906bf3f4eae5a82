//! Failures while a guest gets its agent.

use std::error::Error;

use agent::{BuildError, Machine};

use super::{Diagnosis, Kind, as_a};

/// Knows the errors of agents.
pub fn diagnose(layer: &(dyn Error + 'static)) -> Option<Diagnosis> {
    if let Some(error) = as_a::<agent::Error>(layer) {
        return of_agent(error);
    }
    as_a::<BuildError>(layer).map(|_| (Kind::Tool, Vec::new()))
}

fn of_agent(error: &agent::Error) -> Option<Diagnosis> {
    use agent::Error as E;
    match error {
        E::Tree(_) | E::Read { .. } | E::ReadGuest { .. } | E::Template { .. } => None,
        E::CannotRun { .. } => Some((
            Kind::Recipe,
            vec!["add what it needs with -p PACKAGE, or name a static agent".to_owned()],
        )),
        E::NoOwn { machine: machine @ (Machine::X8664 | Machine::Aarch64) } => Some((
            Kind::Recipe,
            vec![format!(
                "osb has one if it is built where `rustup target add {machine}-unknown-linux-musl` \
                 was run"
            )],
        )),
        E::NoServiceManager => {
            Some((Kind::Recipe, vec!["--no-agent builds a guest without one".to_owned()]))
        }
        _ => Some((Kind::Recipe, Vec::new())),
    }
}
