//! Two artifacts, compared.

use std::fs;

use super::{guest, json, osb, shell};

#[test]
fn artifacts_are_compared_by_package_and_by_file() {
    let osb = osb();
    let guest = guest(osb.directory());
    shell(osb.directory(), "tar -C guest -cf old.tar .; cp old.tar same.tar");
    let said = osb.run(["inspect", "old.tar", "same.tar"]).succeeds();
    assert!(said.stdout.starts_with("packages: the same\nfiles: the same"), "{said}");
    let status = fs::read_to_string(guest.join("var/lib/dpkg/status")).unwrap();
    let status = status.replace("Package: library", "Package: other").replace("1.0", "1.1");
    fs::write(guest.join("var/lib/dpkg/status"), status).unwrap();
    fs::write(guest.join("etc/new"), "new").unwrap();
    fs::write(guest.join("etc/os-release"), "NAME=MADE\n").unwrap();
    fs::remove_file(guest.join("var/cache/left")).unwrap();
    shell(osb.directory(), "chmod 600 guest/usr/lib/library.so; tar -C guest -cf new.tar .");

    let said = osb.run(["inspect", "old.tar", "new.tar"]);
    assert_eq!(said.code, Some(1), "{said}");
    for line in [
        "packages: 1 added, 1 removed, 1 changed",
        "  + other 2.0 amd64",
        "  - library 2.0 amd64",
        "  ~ tool 1.0 -> 1.1 all",
        "  + /etc/new  file, 3 B",
        "  - /var/cache/left  file, 5.0 kB",
        "  ~ /usr/lib/library.so  mode 0644 -> 0600",
    ] {
        assert!(said.stdout.lines().any(|found| found == line), "{line}: {said}");
    }
    assert!(said.stdout.contains("~ /etc/os-release  content, time"), "{said}");
    assert!(said.stdout.contains("5.0 kB less"), "{said}");

    let found = osb.run(["inspect", "old.tar", "--against", "new.tar", "--json"]);
    assert_eq!(found.code, Some(1), "{found}");
    let found = json(&found);
    assert_eq!(found["same"], false);
    assert_eq!(found["packages"]["changed"][0]["after"], "1.1");
    assert_eq!(found["files"]["added"][0]["path"], "/etc/new");

    let part = osb.run(["inspect", "old.tar", "usr/bin", "--against", "new.tar"]).succeeds();
    assert!(part.stdout.starts_with("files: the same"), "{part}");
}

#[test]
fn a_form_that_rounds_times_differs_in_nothing_else() {
    if !test_support::needs(&[("mksquashfs", "squashfs-tools")]) {
        return;
    }
    let osb = osb();
    guest(osb.directory());
    let script = "touch -d @1700000000.5 guest/etc/os-release; tar --format=pax -C guest -cf a.tar .; \
                  mksquashfs guest squashfs -quiet -no-progress >/dev/null";
    shell(osb.directory(), script);
    let said = osb.run(["inspect", "a.tar", "squashfs"]).succeeds();
    assert!(said.stdout.contains("times are compared to the second"), "{said}");
}

#[test]
fn what_a_filesystem_makes_by_itself_is_no_difference() {
    if !test_support::needs(&[("mke2fs", "e2fsprogs")]) {
        return;
    }
    let osb = osb();
    guest(osb.directory());
    shell(
        osb.directory(),
        "tar -C guest -cf a.tar .; truncate -s 4M ext4; mke2fs -q -d guest ext4",
    );
    // The root's time is that of the tool.
    let said = osb.run(["inspect", "ext4", "a.tar"]);
    assert!(said.stdout.contains("files: 0 added, 0 removed, 1 changed"), "{said}");
    assert!(said.stdout.contains("/lost+found is left out"), "{said}");
}

#[test]
fn a_place_inside_goes_before_an_artifact_of_that_name() {
    let osb = osb();
    guest(osb.directory());
    shell(osb.directory(), "mkdir etc; tar -C guest -cf a.tar .");
    let said = osb.run(["inspect", "a.tar", "etc"]).succeeds();
    assert!(said.stdout.contains("/etc/os-release"), "{said}");
    assert_eq!(osb.run(["inspect", "a.tar", "--against", "etc"]).code, Some(1));
    osb.run(["inspect", "a.tar", "nowhere"]).fails_with(2, "holds no nowhere");
    osb.run(["inspect", "a.tar", "--against", "nowhere"]).fails_with(2, "nowhere does not exist");
}
