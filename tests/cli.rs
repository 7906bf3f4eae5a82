//! What the command says when it is asked for help or for something that cannot be.

use test_support::{Osb, Outcome};

fn osb() -> Osb {
    Osb::new(env!("CARGO_BIN_EXE_osb"))
}

#[track_caller]
fn refuses(arguments: &[&str], said: &str) -> Outcome {
    osb().run(arguments).fails_with(2, said)
}

#[test]
fn help_teaches_by_examples() {
    for arguments in [&["--help"][..], &["rootfs", "--help"], &["plan", "--help"]] {
        let said = osb().run(arguments).succeeds();
        assert!(said.stdout.contains("Examples:\n  osb "), "{said}");
        assert!(said.stderr.is_empty(), "{said}");
    }
}

#[test]
fn help_names_the_variables_but_not_their_values() {
    let osb = osb().env("DISTRO", "leaked");
    let said = osb.run(["rootfs", "--help"]).succeeds();
    for name in ["DISTRO", "OS_VERSION", "ARCH", "EXTRA_PKGS", "REPO_URL", "SOURCE_DATE_EPOCH"] {
        assert!(said.stdout.contains(&format!("[env: {name}]")), "{name}: {said}");
    }
    assert!(!said.stdout.contains("leaked"), "{said}");
}

#[test]
fn hidden_commands_make_completions_and_manuals() {
    let osb = osb();
    let completions = osb.run(["completions", "bash"]).succeeds();
    assert!(completions.stdout.contains("--allow-unsigned"), "{completions}");
    osb.run(["man", "pages"]).succeeds();
    let page = std::fs::read_to_string(osb.directory().join("pages/osb-rootfs.1")).unwrap();
    assert!(page.contains("SOURCE_DATE_EPOCH"), "{page}");
}

#[test]
fn a_misspelt_word_gets_a_suggestion() {
    refuses(&["plan", "-d", "debain"], "did you mean \"debian\"?");
    refuses(&["plan", "--release", "bookwrom"], "did you mean \"bookworm\"?");
    refuses(&["plan", "--arch", "amd46"], "did you mean \"amd64\"?");
    refuses(&["plan", "--profile", "bsae"], "did you mean \"base\"?");
    refuses(&["plan", "--pocket", "securty"], "did you mean \"security\"?");
    refuses(&["rotfs"], "rootfs");
}

#[test]
fn a_wrong_variable_is_as_wrong_as_a_wrong_flag() {
    osb().env("DISTRO", "debain").run(["plan"]).fails_with(2, "did you mean \"debian\"?");
    osb().env("SOURCE_DATE_EPOCH", "now").run(["plan"]).fails_with(2, "timestamp \"now\"");
}

#[test]
fn an_output_of_another_kind_is_refused_before_work() {
    refuses(&["rootfs", "-o", "disk.img"], "disk.img: not a kind of output");
}

#[test]
fn a_mirror_that_is_neither_address_nor_directory_is_refused() {
    refuses(&["plan", "--mirror", "ftp://example.org/debian"], "neither an address");
    refuses(&["plan", "--mirror", "example.org/debian"], "neither an address");
}

#[test]
fn a_missing_key_file_is_the_recipes_fault() {
    refuses(&["plan", "--keyring", "none.asc"], "none.asc does not exist");
    let extra = "[signed-by=none.asc] http://example.org/extra stable main";
    refuses(&["plan", "--repo", extra], "none.asc does not exist");
}

#[test]
fn a_missing_lock_file_is_the_recipes_fault() {
    refuses(&["rootfs", "--locked"], "`osb plan` writes one");
}

#[test]
fn a_lock_file_without_locked_is_refused() {
    refuses(&["rootfs", "--lock", "web.lock"], "--locked");
}

#[test]
fn distros_lists_what_can_be_built() {
    let said = osb().run(["distros"]).succeeds();
    assert!(said.stdout.contains("bookworm") && said.stdout.contains("noble"), "{said}");
    let said = osb().run(["distros", "--json"]).succeeds();
    let list: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(list[0]["name"], "debian");
}

#[test]
fn an_empty_cache_has_nothing_to_prune() {
    let osb = osb();
    let said = osb.run(["cache", "info", "--json"]).succeeds();
    let info: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(info["shelves"][0]["entries"], 0, "{said}");
    let said = osb.run(["cache", "prune", "--all"]).succeeds();
    assert_eq!(said.stdout, "removed 0 entries, 0 B\n");
}

#[test]
fn the_inside_of_an_archive_is_shown_without_unpacking() {
    let osb = osb();
    let tree = osb.directory().join("tree");
    std::fs::create_dir_all(tree.join("usr/bin")).unwrap();
    std::fs::write(tree.join("usr/bin/hello"), "hello\n").unwrap();
    std::os::unix::fs::symlink("usr/bin", tree.join("bin")).unwrap();
    for name in ["t.tar", "t.tar.gz", "t.tar.xz"] {
        let made = std::process::Command::new("tar")
            .args(["--auto-compress", "--directory=tree", "-cf", name, "."])
            .current_dir(osb.directory())
            .status();
        assert!(made.unwrap().success(), "{name}");
        let said = osb.run(["inspect", name, "bin/hello"]).succeeds();
        assert_eq!(said.stdout, "hello\n");
        assert_eq!(
            osb.run(["inspect", name]).succeeds().stdout,
            osb.run(["inspect", "tree"]).succeeds().stdout
        );
        osb.run(["inspect", name, "bin/helo"]).fails_with(2, "did you mean \"hello\"?");
    }
}
