//! Other distributions of the family, and one of the user's own.

use std::fs;

use test_support::apk::{Key, Repository};
use test_support::{Osb, Server};

use super::made::stub;

/// The smallest file that says what a distribution is.
const MINE: &str = r#"
name = "mine"
title = "Mine"
family = "apk"
default_release = "one"
arch = { x86_64 = "x86_64" }
release = [{ name = "one", arch = ["x86_64"], keys = { release = ["mine"] } }]
repository = [{ pocket = "release", url = "URL/mine" }]
packages = { system = ["tiny"], manager = ["tiny"] }
"#;

#[test]
fn a_file_of_the_users_own_is_a_distribution() {
    let key = Key::new("mine");
    let server = Server::new(Repository::new("mine", &key).package(&stub("tiny")).publish());
    let osb = Osb::new(env!("CARGO_BIN_EXE_osb"));
    let keys = osb.directory().join("keys");
    fs::create_dir(&keys).unwrap();
    fs::write(keys.join(key.file_name()), key.public_pem()).unwrap();
    fs::write(osb.directory().join("mine.toml"), MINE.replace("URL", &server.url())).unwrap();
    let build = ["rootfs", "--distro", "./mine.toml", "--arch", "x86_64", "--profile", "base"];
    osb.run(build.iter().chain(&["-o", "out"])).succeeds();
    let read = |path: &str| fs::read_to_string(osb.directory().join("out").join(path)).unwrap();
    assert_eq!(read("usr/share/tiny/file"), "tiny");
    assert_eq!(read("etc/apk/repositories"), format!("{}/mine\n", server.url()));
    assert_eq!(read("etc/apk/world"), "tiny\n");
    // The lock file says everything: the distribution's own is not needed any more.
    let plan = ["plan", "--distro", "./mine.toml", "--arch", "x86_64", "--profile", "base"];
    osb.run(plan).succeeds();
    fs::remove_file(osb.directory().join("mine.toml")).unwrap();
    osb.run(["rootfs", "--locked", "-o", "locked"]).succeeds();
}

#[test]
fn a_distribution_with_one_rolling_release_builds() {
    let key = Key::new("wolfi-signing");
    let names = ["wolfi-baselayout", "busybox", "apk-tools", "wolfi-keys"].map(stub);
    let server = Server::new(Repository::new("os", &key).packages(&names).publish());
    let osb = Osb::new(env!("CARGO_BIN_EXE_osb"));
    let file = osb.directory().join(key.file_name());
    fs::write(&file, key.public_pem()).unwrap();
    let url = format!("{}/os", server.url());
    let build =
        ["rootfs", "--distro", "wolfi", "--arch", "x86_64", "--profile", "base", "-o", "out"];
    let more = ["--mirror", &url, "--keyring", file.to_str().unwrap()];
    osb.run(build.iter().chain(&more)).succeeds();
    let repositories = fs::read_to_string(osb.directory().join("out/etc/apk/repositories"));
    assert_eq!(repositories.unwrap(), format!("{url}\n"));
}
