//! Compares trees with what mmdebstrap makes of the same sources, path by path.
//!
//! The base of one release and one large set on every run; `OSB_TEST_ALL=1` for all.

mod allowed;
mod builds;
mod difference;
mod guest;
mod listing;

use std::fmt::Write;

use test_support::Mirror;

use self::allowed::Allowed;
use self::builds::{Builds, Set};
use self::difference::differences;
use self::listing::Listing;

const EVERY_RUN: &[Set] = &[
    Set { release: "bookworm", packages: &[] },
    Set { release: "bookworm", packages: &["systemd"] },
];

const ALL: &[Set] = &[
    Set { release: "bookworm", packages: &[] },
    Set { release: "trixie", packages: &[] },
    Set { release: "sid", packages: &[] },
    Set { release: "bookworm", packages: &["systemd"] },
    Set { release: "bookworm", packages: &["openssh-server"] },
    Set { release: "bookworm", packages: &["docker.io"] },
    Set { release: "bookworm", packages: &["python3", "build-essential"] },
    Set { release: "bookworm", packages: &["nginx"] },
    Set { release: "bookworm", packages: &["postgresql"] },
];

fn is_full_run() -> bool {
    std::env::var("OSB_TEST_ALL").as_deref() == Ok("1")
}

fn sets() -> &'static [Set] {
    if is_full_run() { ALL } else { EVERY_RUN }
}

#[test]
fn trees_differ_from_those_of_mmdebstrap_only_as_written() {
    let Some(mirror) = Mirror::of_this_machine().filter(|_| builds::can_run_mmdebstrap()) else {
        return;
    };
    let allowed = Allowed::read(include_str!("mmdebstrap-differences.txt"));
    let mut report = String::new();
    for set in sets() {
        let builds = Builds::new(set, &mirror);
        let (ours, theirs) = (builds.ours(), builds.theirs());
        let listings = [&ours, &theirs].map(|path| Listing::of_tar(path).unwrap());
        let found = differences(&listings[0], &listings[1]);
        let refused = allowed.refuse(&found);
        if !refused.is_empty() {
            let ours = builds.keep(&ours);
            writeln!(report, "{set}: {} and {}", ours.display(), theirs.display()).unwrap();
        }
        for difference in refused {
            writeln!(report, "  {difference}").unwrap();
        }
    }
    // A line may be there for one set only, so only all sets together can tell.
    if is_full_run() {
        for line in allowed.unused() {
            writeln!(report, "not needed any more: {line}").unwrap();
        }
    }
    assert!(report.is_empty(), "tests/mmdebstrap-differences.txt does not say so:\n{report}");
}

#[test]
fn guests_own_tools_find_nothing_wrong_and_work() {
    let Some(mirror) = Mirror::of_this_machine().filter(|_| guest::can_enter()) else { return };
    for set in sets() {
        let builds = Builds::new(set, &mirror);
        guest::check(&builds.ours(), set, &builds.sources);
    }
}
