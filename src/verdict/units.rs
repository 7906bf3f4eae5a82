//! What the guest's init could not start, in the init's own words.

use std::time::Duration;

use agent_protocol::{Role, Start};
use vm_runner::Session;
use vm_runner::session::{Error, Exit, Streams};

use super::{Mark, Outcome, Step};
use crate::boot::Said;

/// What the guest's kernel says where a program is not there.
const NO_SUCH_FILE: u32 = 2;

/// Waits until the init has started everything, and asks what failed.
pub fn ask(session: &Session, limit: Duration) -> Result<(Mark, Vec<String>), Error> {
    if session.agent().role == Role::Init {
        return Ok((Mark::skipped(Step::Units, "the agent is the init"), Vec::new()));
    }
    let wait = ["systemctl", "is-system-running", "--wait"];
    let state = run(session, &wait, limit)?.and_then(|(_, lines)| lines.into_iter().next());
    // Where another init runs, the tool may be there all the same.
    let state = state.filter(|state| state != "offline" && state != "unknown");
    let list = match state {
        Some(_) => &["systemctl", "--failed", "--plain", "--no-legend"][..],
        None => &["rc-status", "--crashed"],
    };
    let Some((_, lines)) = run(session, list, limit)? else {
        return Ok((Mark::skipped(Step::Units, "the init keeps no account of them"), Vec::new()));
    };
    let failed = first_words(&lines);
    Ok((judge(state.as_deref(), &failed), failed))
}

fn judge(state: Option<&str>, failed: &[String]) -> Mark {
    let outcome = match (failed, state) {
        ([], None | Some("running")) => Outcome::Passed,
        ([], Some(state)) => Outcome::Failed { why: format!("the system is {state}") },
        (failed, _) => Outcome::Failed { why: failed.join(", ") },
    };
    Mark::new(Step::Units, outcome)
}

/// The names in a list that has more columns.
fn first_words(lines: &[String]) -> Vec<String> {
    let names = lines.iter().filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

/// Runs a command; none if the guest does not have it.
fn run(
    session: &Session,
    words: &[&str],
    limit: Duration,
) -> Result<Option<(Exit, Vec<String>)>, Error> {
    let output = Said::default();
    let start = Start {
        arguments: words.iter().map(|word| word.as_bytes().to_vec()).collect(),
        ..Start::default()
    };
    let streams = Streams {
        input: None,
        output: Box::new(output.clone()),
        errors: Box::new(std::io::sink()),
    };
    match session.run(start, streams, Some(limit)) {
        Ok(exit) => Ok(Some((exit, output.lines()))),
        Err(Error::Refused { errno: NO_SUCH_FILE, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(state: Option<&str>, list: &[&str], expected: Outcome) {
        let lines: Vec<String> = list.iter().map(|line| (*line).to_owned()).collect();
        assert_eq!(judge(state, &first_words(&lines)).outcome, expected);
    }

    #[test]
    fn failed_units_are_named() {
        let failed = |why: &str| Outcome::Failed { why: why.to_owned() };
        check(Some("running"), &[], Outcome::Passed);
        let lines = ["a.service loaded failed failed A", "b.mount loaded failed failed B"];
        check(Some("degraded"), &lines, failed("a.service, b.mount"));
        check(Some("maintenance"), &[], failed("the system is maintenance"));
        check(None, &[], Outcome::Passed);
        check(None, &[" sshd   [ crashed ]"], failed("sshd"));
    }
}
