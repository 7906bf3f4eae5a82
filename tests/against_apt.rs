//! Compares what osb chooses with what apt chooses from the same archives.
//!
//! The requests are in `apt-requests.txt`. Apt only simulates, in a root of its own.

mod peer;
mod requests;

use std::collections::BTreeSet;
use std::fmt::Write;

use test_support::{Mirror, Osb, needs, warm_cache};

use self::peer::Peer;
use self::requests::{ARCH, Section};

/// Everything that tells one chosen package from another: name, version, architecture.
type Package = (String, String, String);

#[test]
fn bookworm_gives_what_apt_gives() {
    compare("bookworm");
}

#[test]
fn trixie_gives_what_apt_gives() {
    compare("trixie");
}

#[test]
fn sid_gives_what_apt_gives() {
    compare("sid");
}

#[test]
fn there_are_sixty_requests_and_some_cannot_be_met() {
    let requests: usize = requests::sections().iter().map(|section| section.requests.len()).sum();
    assert!(requests >= 60, "only {requests} requests in tests/apt-requests.txt");
}

fn compare(release: &str) {
    if !needs(&[("apt-get", "apt"), ("dpkg", "dpkg")]) {
        return;
    }
    let Some(mirror) = Mirror::of_this_machine() else { return };
    let mut report = String::new();
    for section in requests::sections().into_iter().filter(|section| section.release == release) {
        let osb = Osb::new(env!("CARGO_BIN_EXE_osb")).cache(warm_cache().join("osb"));
        // The first question brings the indexes; the others are asked of the same ones.
        let foreign: Vec<String> =
            section.foreign.iter().map(|arch| format!("libc6:{arch}")).collect();
        let base = osb.run(section.plan(&foreign.join(" "))).succeeds();
        let peer = Peer::new(&section, &base.stdout, &mirror);
        for request in &section.requests {
            let ours = choice(&osb, &section, request);
            let theirs = peer.choice(request);
            if ours != theirs {
                writeln!(report, "{section}: {request}: {}", difference(&ours, &theirs)).unwrap();
            }
        }
    }
    assert!(report.is_empty(), "{report}");
}

/// What osb chooses; none if it refuses, as it does for a wrong recipe and for nothing else.
fn choice(osb: &Osb, section: &Section, request: &str) -> Option<BTreeSet<Package>> {
    let mut arguments = section.plan(request);
    arguments.push("--offline".to_owned());
    let outcome = osb.run(arguments);
    if outcome.code == Some(2) {
        return None;
    }
    let plan: serde_json::Value = serde_json::from_str(&outcome.succeeds().stdout).unwrap();
    let text = |package: &serde_json::Value, key: &str| package[key].as_str().unwrap().to_owned();
    let packages = plan["packages"].as_array().unwrap();
    let package =
        |package| (text(package, "name"), text(package, "version"), text(package, "arch"));
    Some(packages.iter().map(package).collect())
}

fn difference(ours: &Option<BTreeSet<Package>>, theirs: &Option<BTreeSet<Package>>) -> String {
    let (Some(ours), Some(theirs)) = (ours, theirs) else {
        return format!("{} refuses", if ours.is_none() { "osb" } else { "apt" });
    };
    let list = |packages: Vec<&Package>| {
        let words = packages.into_iter().map(|(name, version, arch)| {
            let qualifier = if arch == ARCH || arch == "all" { "" } else { arch };
            format!("{name}:{qualifier}={version}").replace(":=", "=")
        });
        words.collect::<Vec<_>>().join(" ")
    };
    let (more, less) =
        (list(ours.difference(theirs).collect()), list(theirs.difference(ours).collect()));
    format!("only osb takes [{more}], only apt [{less}]")
}
