//! The rungs, tried as the users who stand on them.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use sandbox::{Error, Host, Machine, Rung, Verdict};

use crate::foreign;
use crate::harness::{Guest, Test, has};
use crate::lifetime;
use crate::ownership;
use crate::users::{USER, run_as_user};

pub const TESTS: &[Test] = &[
    ("subordinate_ids_give_a_whole_range", subordinate_ids_give_a_whole_range),
    ("a_single_id_is_root_in_its_world", a_single_id_is_root_in_its_world),
    ("the_exit_status_comes_down_the_ladder", the_exit_status_comes_down_the_ladder),
    ("missing_subordinate_ids_are_explained", missing_subordinate_ids_are_explained),
    ("the_probe_finds_what_works", the_probe_finds_what_works),
];

pub fn rung_of(name: &str) -> Rung {
    Rung::ALL.into_iter().find(|rung| format!("{rung:?}") == name).unwrap()
}

/// Enters a rung and goes on there; what is in the middle of a test.
pub fn climb(rung: &str, root: &str, word: &str) {
    let arguments = ["climbed", rung, root, word].map(OsString::from);
    match sandbox::enter(rung_of(rung), &arguments, &[]) {
        Ok(status) => std::process::exit(status.code().unwrap_or(99)),
        Err(Error::Unavailable { reason, fix, .. }) => {
            println!("{reason}\n{}", fix.unwrap_or_default())
        }
        Err(other) => panic!("{other:?}"),
    }
}

/// What is done on a rung.
pub fn be_on(rung: &str, root: &str, word: &str) {
    if let Ok(code) = word.parse() {
        std::process::exit(code);
    }
    if word == "stay" {
        return lifetime::stay(rung_of(rung), root);
    }
    if word == "foreign" {
        let machine =
            if cfg!(target_arch = "aarch64") { Machine::Riscv64 } else { Machine::Aarch64 };
        return println!("{}", foreign::run_foreign(rung_of(rung), root, machine));
    }
    if word == "give" {
        return ownership::give_on(rung_of(rung), root);
    }
    let guest = Guest { root: PathBuf::from(root) };
    std::fs::write(guest.path("file"), "x").unwrap();
    let rung = rung_of(rung);
    println!("{}", guest.ask(rung, &["chroot?"]));
    println!("{}", guest.ask(rung, &["list", "/"]));
    println!("{}", guest.ask(rung, &["connect"]));
    println!("{}", guest.ask(rung, &["syncfs"]));
    let ids = guest.ask(rung, &["read", "/proc/self/uid_map"]);
    println!("{}", ids.split_whitespace().collect::<Vec<_>>().join(" "));
    if rung == Rung::SubordinateIds {
        println!("{}", guest.ask(rung, &["chown", "/file", "33", "65534"]));
    }
    // The outer test looks at what is left.
    std::mem::forget(guest);
}

pub fn print_report() {
    for report in Host::probe().rungs {
        match report.verdict {
            Verdict::Works => println!("{:?}: works", report.rung),
            Verdict::Missing { reason, fix } => println!("{:?}: {reason} | {fix:?}", report.rung),
        }
    }
}

fn climb_as_user(name: &str, has_ids: bool, rung: &str) -> (Guest, String) {
    let guest = Guest::new(name);
    let root = guest.root.to_str().unwrap().to_owned();
    let output = run_as_user(&guest, has_ids, &["climb", rung, &root, "look"]);
    let (said, complained) = (output.stdout, String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{} {complained}", output.status);
    (guest, String::from_utf8(said).unwrap())
}

/// What every rung with namespaces sees.
fn common() -> String {
    format!("true\ndev file proc tmp tool\nerror {}\ndone\n", libc::ENETUNREACH)
}

fn subordinate_ids_give_a_whole_range() {
    if !has(Rung::Root) {
        return;
    }
    let (guest, said) = climb_as_user("subids", true, "SubordinateIds");
    let ids = format!("0 {USER} 1 1 1000000 65535\n33:65534 100644\n");
    assert_eq!(said, common() + &ids);
    let file = std::fs::metadata(guest.path("file")).unwrap();
    assert_eq!((file.uid(), file.gid()), (1_000_032, 1_065_533));
}

fn a_single_id_is_root_in_its_world() {
    if !has(Rung::Root) {
        return;
    }
    let (guest, said) = climb_as_user("single", false, "SingleId");
    assert_eq!(said, common() + &format!("0 {USER} 1\n"));
    let file = std::fs::metadata(guest.path("file")).unwrap();
    assert_eq!((file.uid(), file.gid()), (USER, USER));
}

fn the_exit_status_comes_down_the_ladder() {
    if !has(Rung::Root) {
        return;
    }
    let guest = Guest::new("ladder");
    for rung in ["SubordinateIds", "SingleId"] {
        let output = run_as_user(&guest, true, &["climb", rung, "/", "42"]);
        assert_eq!(output.status.code(), Some(42), "{output:?}");
    }
}

fn missing_subordinate_ids_are_explained() {
    if !has(Rung::Root) {
        return;
    }
    let (_guest, said) = climb_as_user("none", false, "SubordinateIds");
    let fix = "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 osbtest\n";
    assert!(said.starts_with("osbtest has no 65535 subordinate ids"), "{said}");
    assert!(said.ends_with(fix), "{said}");
}

fn the_probe_finds_what_works() {
    if !has(Rung::Root) {
        return;
    }
    let start = std::time::Instant::now();
    let report = Host::probe();
    println!("  probe took {:?}", start.elapsed());
    assert_eq!(*report.verdict(Rung::Files), Verdict::Works);
    assert_eq!(*report.verdict(Rung::Root), Verdict::Works);
    assert_eq!(*report.verdict(Rung::Chroot), Verdict::Works);
    assert_eq!(report.lowest_for_tools(), Some(Rung::Root));
    let guest = Guest::new("probe");
    let said = |has_ids| {
        let output = run_as_user(&guest, has_ids, &["probe"]);
        String::from_utf8(output.stdout).unwrap()
    };
    let with = said(true);
    assert!(
        with.contains("SubordinateIds: works\nSingleId: works\nRoot: this is not root"),
        "{with}"
    );
    let without = said(false);
    assert!(without.contains("SubordinateIds: osbtest has no"), "{without}");
    assert!(without.contains("SingleId: works"), "{without}");
}
