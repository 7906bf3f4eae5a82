//! Sizes by directory and by package, and the summary.

use super::{guest, json, osb, shell};

#[test]
fn sizes_are_added_up_by_directory_and_by_package() {
    let osb = osb();
    guest(osb.directory());
    shell(osb.directory(), "tar -C guest -cf a.tar .");
    let sizes = json(&osb.run(["inspect", "a.tar", "--sizes", "--json"]).succeeds());
    let packages = sizes["packages"].as_array().unwrap();
    let shown: Vec<_> = packages
        .iter()
        .map(|package| (package["name"].as_str().unwrap(), &package["bytes"]))
        .collect();
    assert_eq!(shown, [("tool", &300_000.into()), ("library", &70_000.into())]);
    let directories = sizes["directories"].as_array().unwrap();
    let of = |path: &str| &directories.iter().find(|found| found["path"] == path).unwrap()["bytes"];
    assert_eq!((of("/usr"), of("/usr/lib")), (&370_000.into(), &70_000.into()));
    assert_eq!(of("/var/cache"), 5000);
    let unowned = sizes["unowned"]["bytes"].as_u64().unwrap();
    assert_eq!(sizes["bytes"].as_u64().unwrap(), 370_000 + unowned);
    let text = osb.run(["inspect", "a.tar", "--sizes"]).succeeds();
    assert!(text.stdout.contains("300.0 kB        1  tool 1.0 all"), "{text}");
    assert!(text.stdout.contains("(of no package)"), "{text}");
    let part = json(&osb.run(["inspect", "a.tar", "usr", "--sizes", "--json"]).succeeds());
    assert_eq!(part["bytes"], 370_000, "{part}");
    assert_eq!(part["directories"][0]["path"], "/usr/bin");
}

#[test]
fn a_guest_without_packages_has_sizes_too() {
    let osb = osb();
    shell(osb.directory(), "mkdir d; echo x > d/x");
    let text = osb.run(["inspect", "d", "--sizes"]).succeeds();
    assert!(text.stdout.contains("there is no package database"), "{text}");
}

#[test]
fn the_summary_is_shown_and_its_absence_is_told() {
    let osb = osb();
    let guest = guest(osb.directory());
    osb.run(["inspect", "guest", "--summary"]).fails_with(2, "holds no summary");
    let place = guest.join("var/lib/osbuilder");
    std::fs::create_dir(&place).unwrap();
    std::fs::write(place.join("osbuilder.yaml"), "---\nosbuilder:\n").unwrap();
    let said = osb.run(["inspect", "guest", "--summary"]).succeeds();
    assert_eq!(said.stdout, "---\nosbuilder:\n");
}
