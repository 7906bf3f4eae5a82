//! Real packages, scripts and all: the same bytes on every rung.

use std::fs;
use std::process::Command;
use std::sync::LazyLock;

use test_support::{Docker, Osb, User, warm_cache};

const RELEASE: [&str; 6] = ["--release", "bookworm", "--arch", "amd64", "--profile", "base"];

/// Builds what `osb.lock` says.
const LOCKED: [&str; 4] = ["rootfs", "--locked", "--output", "out.tar"];

/// The plan of one build by this user, in the usual environment, and what came of it.
struct Reference {
    lock: Vec<u8>,
    digest: String,
}

static REFERENCE: LazyLock<Reference> = LazyLock::new(|| {
    let osb = Osb::new(env!("CARGO_BIN_EXE_osb")).cache(warm_cache());
    osb.run(["plan"].iter().chain(&RELEASE)).succeeds();
    osb.run(LOCKED).succeeds();
    let lock = fs::read(osb.directory().join("osb.lock")).unwrap();
    Reference { lock, digest: digest(&osb) }
});

fn digest(osb: &Osb) -> String {
    test_support::sha256(&fs::read(osb.directory().join("out.tar")).unwrap())
}

/// The command for the same lock file, elsewhere.
fn other() -> Osb {
    let osb = Osb::new(env!("CARGO_BIN_EXE_osb"));
    fs::write(osb.directory().join("osb.lock"), &REFERENCE.lock).unwrap();
    osb.env("TZ", "Asia/Tokyo").env("LANG", "de_DE.UTF-8")
}

/// An image of what is built.
fn image(docker: &Docker) -> String {
    let osb = other().cache(warm_cache());
    osb.run(LOCKED).succeeds();
    docker.import(&osb.directory().join("out.tar"))
}

#[test]
fn environment_does_not_matter_to_scripts() {
    let osb = other().warmed().umask("077");
    osb.run(LOCKED).succeeds();
    assert_eq!(digest(&osb), REFERENCE.digest);
}

#[test]
fn another_artifact_of_a_plan_runs_no_script_and_has_the_same_bytes() {
    let osb = other().warmed();
    let artifact = osb.directory().join("out.tar");
    let rebuilt = |said: &str| {
        let outcome = osb.run(LOCKED).succeeds();
        assert!(outcome.stderr.contains(said), "{outcome}");
        assert_eq!(digest(&osb), REFERENCE.digest);
        fs::remove_file(&artifact).unwrap();
    };
    rebuilt("scripts run as");
    rebuilt("no script runs");
    let contents = test_support::files_named(&osb.cache_directory().join("trees"), "contents");
    let [contents] = &contents[..] else { panic!("{contents:?}") };
    fs::File::options().write(true).open(contents).unwrap().set_len(100).unwrap();
    rebuilt("scripts run as");
    rebuilt("no script runs");
}

#[test]
fn user_with_subordinate_ids_gets_the_same_bytes() {
    let Some(user) = User::with_subordinate_ids() else { return };
    let osb = other().as_user(&user).warmed();
    let outcome = osb.run(LOCKED).succeeds();
    assert!(outcome.stderr.contains("subordinate ids"), "{outcome}");
    assert_eq!(digest(&osb), REFERENCE.digest);
}

#[test]
fn user_with_one_id_gets_the_same_bytes_or_a_refusal_by_name() {
    let Some(user) = User::plain() else { return };
    let osb = other().as_user(&user).warmed();
    let outcome = osb.run(LOCKED);
    // These scripts give files to several owners: one id carries them soundly or not at all.
    if outcome.code == Some(0) {
        assert_eq!(digest(&osb), REFERENCE.digest);
    } else {
        outcome.fails_with(4, "subordinate ids");
    }
}

#[test]
fn user_with_one_id_is_told_that_a_directory_is_not_for_it() {
    let Some(user) = User::plain() else { return };
    let osb = other().as_user(&user).warmed();
    let outcome = osb.run(["rootfs", "--locked", "--output", "out"]).fails_with(2, "single id");
    assert!(outcome.stderr.contains("name a file ending in .tar"), "{outcome}");
    assert!(!osb.directory().join("out").exists());
}

#[test]
fn user_with_subordinate_ids_is_told_what_a_directory_lacks() {
    let Some(user) = User::with_subordinate_ids() else { return };
    let osb = other().as_user(&user).warmed();
    let outcome = osb.run(["rootfs", "--locked", "--output", "out"]).succeeds();
    assert!(outcome.stderr.contains("device nodes are missing"), "{outcome}");
}

#[test]
fn root_of_an_unprivileged_container_gets_the_same_bytes() {
    let Some(docker) = Docker::start() else { return };
    let osb = other().warmed();
    // What was built is the container's own system: the host's is not in it.
    let image = image(&docker);
    let place = osb.directory().display();
    let output = docker
        .command(["run", "--rm", "--network=none", "--workdir=/build"])
        .args(["--volume", &format!("{place}:/build"), "--volume"])
        .arg(format!("{}:/osb:ro", env!("CARGO_BIN_EXE_osb")))
        .args([&image, "/osb"])
        .args(LOCKED)
        .args(["--cache-dir", "/build/cache"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("without namespaces"), "{said}");
    assert_eq!(digest(&osb), REFERENCE.digest);
}

#[test]
fn artifact_is_a_system_that_runs() {
    let Some(docker) = Docker::start() else { return };
    let image = image(&docker);
    let run = |command: &[&str]| {
        let mut run: Command = docker.command(["run", "--rm", "--network=none", &image]);
        let output = run.args(command).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{command:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(run(&["dpkg", "--audit"]), "");
    assert!(run(&["apt-get", "check"]).contains("Building dependency tree"));
}
