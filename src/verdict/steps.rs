//! The steps of a boot, from what the console and the agent told of it.

use vm_runner::{Milestone, Milestones};

use super::{Mark, Outcome, Step};

/// Where the guest's root is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootPlace {
    /// On a disk, which is mounted.
    Disk,
    /// In the initrd, which is the root.
    Initrd,
}

/// All that is known of a boot that is over.
#[derive(Debug)]
pub struct Facts<'a> {
    /// What the console told.
    pub told: &'a Milestones,
    /// The steps that the agent told of.
    pub asked: Vec<Mark>,
    /// Where the root is.
    pub root: RootPlace,
    /// Why nobody in the guest is spoken to, if so.
    pub silence: Option<&'a str>,
    /// Why the boot ended early, if it did.
    pub failure: Option<String>,
}

/// Marks every step; the first that is missing is the one that failed.
pub fn steps(facts: Facts<'_>) -> Vec<Mark> {
    let Facts { told, asked, root, silence, failure } = facts;
    let mut failure = failure;
    let mark = |step: Step| {
        if let Some(mark) = asked.iter().find(|mark| mark.step == step) {
            return mark.clone();
        }
        let mark = match (silence, &failure) {
            _ if step == Step::Root && root == RootPlace::Initrd => {
                Mark::skipped(step, "the initrd is the root")
            }
            _ if step <= Step::Init && (!asked.is_empty() || is_told(told, step)) => {
                Mark::new(step, Outcome::Passed)
            }
            (Some(silence), None) => Mark::skipped(step, silence),
            (None, None) => Mark::new(step, Outcome::Passed),
            (_, Some(why)) if why.is_empty() => Mark::new(step, Outcome::Unreached),
            (_, Some(why)) => {
                let mark = Mark::new(step, Outcome::Failed { why: why.clone() });
                failure = Some(String::new());
                mark
            }
        };
        match mark.outcome {
            Outcome::Unreached => mark,
            _ => timed(mark, milestone(told, step)),
        }
    };
    Step::ALL.into_iter().map(mark).collect()
}

/// Whether the console told of a step, or of one that only comes after it.
fn is_told(told: &Milestones, step: Step) -> bool {
    Step::ALL
        .into_iter()
        .any(|later| later >= step && later <= Step::Init && milestone(told, later).is_some())
}

/// When the guest's own init was started: the boot initrd has one, too, which comes first.
pub fn init(told: &Milestones) -> Option<&Milestone> {
    told.init.as_ref().filter(|milestone| milestone.line.starts_with("osb: starting "))
}

fn milestone(told: &Milestones, step: Step) -> Option<&Milestone> {
    match step {
        Step::Kernel => told.kernel.as_ref(),
        Step::Root => told.root.as_ref(),
        Step::Init => init(told),
        Step::PowerOff => told.power_down.as_ref(),
        Step::Agent | Step::Units => None,
    }
}

fn timed(mark: Mark, milestone: Option<&Milestone>) -> Mark {
    Mark {
        guest_seconds: milestone.and_then(|milestone| Some(milestone.guest?.as_secs_f64())),
        host_seconds: milestone.map(|milestone| milestone.host.as_secs_f64()),
        ..mark
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn said(line: &str) -> Option<Milestone> {
        let guest = Some(Duration::from_millis(1500));
        Some(Milestone { line: line.to_owned(), guest, host: Duration::from_secs(2) })
    }

    fn facts(told: &Milestones) -> Facts<'_> {
        Facts { told, asked: Vec::new(), root: RootPlace::Disk, silence: None, failure: None }
    }

    /// One letter for each step: passed, skipped, failed, unreached.
    fn letters(facts: Facts<'_>) -> String {
        let letter = |mark: Mark| match mark.outcome {
            Outcome::Passed => 'p',
            Outcome::Skipped { .. } => 's',
            Outcome::Failed { .. } => 'F',
            Outcome::Unreached => '-',
        };
        steps(facts).into_iter().map(letter).collect()
    }

    #[test]
    fn the_first_step_that_is_missing_has_failed() {
        let why = || Some("why".to_owned());
        let mut told = Milestones::default();
        assert_eq!(letters(Facts { failure: why(), ..facts(&told) }), "F-----");
        told.kernel = said("Linux version 6");
        told.init = said("Run /init as init process");
        assert_eq!(letters(Facts { failure: why(), ..facts(&told) }), "pF----");
        let initrd = Facts { failure: why(), root: RootPlace::Initrd, ..facts(&told) };
        assert_eq!(letters(initrd), "psF---");
        told.root = said("osb: root mounted (ext4)");
        told.init = said("osb: starting /sbin/init");
        assert_eq!(letters(Facts { failure: why(), ..facts(&told) }), "pppF--");
        let silent = Facts { silence: Some("no agent"), ..facts(&told) };
        assert_eq!(letters(silent), "pppsss");
    }

    #[test]
    fn an_agent_that_answers_proves_what_a_quiet_console_does_not_tell() {
        let told = Milestones { power_down: said("reboot: Power down"), ..Milestones::default() };
        let asked = vec![
            Mark::new(Step::Agent, Outcome::Passed),
            Mark::new(Step::Units, Outcome::Failed { why: "a.service".to_owned() }),
        ];
        let marks = steps(Facts { asked: asked.clone(), ..facts(&told) });
        assert_eq!(marks[5].guest_seconds, Some(1.5));
        assert_eq!(letters(Facts { asked: asked.clone(), ..facts(&told) }), "ppppFp");
        let failure = Some("too slow".to_owned());
        assert_eq!(letters(Facts { asked, failure, ..facts(&told) }), "ppppFF");
    }
}
