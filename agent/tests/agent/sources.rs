//! Agents that are built of their sources.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use agent::{
    BuildError, BuildSpec, Built, HostCall, HostOutput, HostTools, Place, Processes, build,
};

use crate::guests::{SYSTEMD, guest, host, installed, path, spec};

/// A directory of sources and one to work in.
struct Bench {
    directory: tempfile::TempDir,
}

impl Bench {
    fn new(files: &[(&str, &str)]) -> Self {
        let bench = Self { directory: tempfile::tempdir().unwrap() };
        std::fs::create_dir(bench.work()).unwrap();
        for (name, text) in files {
            let path = bench.sources().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        bench
    }

    fn sources(&self) -> PathBuf {
        self.directory.path().join("sources")
    }

    fn work(&self) -> PathBuf {
        self.directory.path().join("work")
    }

    fn spec(&self, below: &str) -> BuildSpec {
        BuildSpec {
            directory: self.sources().join(below),
            machine: host(),
            place: Place::Service,
            name: None,
            seccomp: false,
        }
    }

    /// Builds with the host's own tools, and looks at what is left behind.
    fn built(&self, spec: &BuildSpec) -> Result<Built, BuildError> {
        let before = listing(&self.sources());
        let environment: BTreeMap<OsString, OsString> = std::env::vars_os().collect();
        let built = build(spec, &Processes, &environment, &self.work(), &|_| {});
        assert_eq!(listing(&self.sources()), before, "the sources were changed");
        let left = std::fs::read_dir(self.work()).unwrap().count();
        assert_eq!(left, usize::from(built.is_ok()), "something was left behind");
        built
    }
}

fn listing(directory: &Path) -> String {
    let tree = tree::directory::read(directory, None, &|_| None).unwrap();
    tree.iter().map(|(path, node)| format!("{path} {node:?}\n")).collect()
}

const MAIN_C: &str = "int main(void) { return 0; }\n";
const MAKEFILE: &str = "agent: main.c\n\tcc -static -o $@ main.c\n\
    install: agent\n\tinstall -D agent $(DESTDIR)$(PREFIX)/bin/agent\n";

fn has_tools() -> bool {
    test_support::needs(&[("make", "make"), ("cc", "gcc"), ("install", "coreutils")])
}

#[test]
fn a_makefile_installs_what_it_makes() {
    if !has_tools() {
        return;
    }
    let bench = Bench::new(&[("Makefile", MAKEFILE), ("main.c", MAIN_C)]);
    let built = bench.built(&bench.spec("")).unwrap();
    let mut tree = guest(&[SYSTEMD]);
    let found = installed(&mut tree, &spec(built.origin(), Place::Service)).unwrap();
    assert_eq!((found.name.as_str(), &found.program), ("agent", &path("usr/bin/agent")));
    let meta = &tree.get(&path("usr/bin/agent")).unwrap().meta;
    assert_eq!((meta.mode, meta.uid, meta.gid), (0o755, 0, 0));
    assert_eq!(meta.mtime, crate::guests::TIME);
}

#[test]
fn a_build_that_fails_says_its_last_lines() {
    if !has_tools() {
        return;
    }
    let bench = Bench::new(&[("Makefile", "all:\n\t@echo first >&2; echo last; exit 3\n")]);
    let error = bench.built(&bench.spec("")).unwrap_err().to_string();
    assert!(error.starts_with("make PREFIX=/usr prefix=/usr: exit status 2\n"), "{error}");
    assert!(error.contains("first") && error.contains("last"), "{error}");
}

#[test]
fn a_cargo_project_is_built_in_a_copy() {
    if !test_support::needs(&[("cargo", "cargo"), ("cc", "gcc")]) {
        return;
    }
    let manifest = "[package]\nname = \"helper\"\nversion = \"1.2.3\"\nedition = \"2021\"\n\
        [workspace]\n";
    let bench = Bench::new(&[("Cargo.toml", manifest), ("src/main.rs", "fn main() {}")]);
    let built = bench.built(&bench.spec("")).unwrap();
    assert_eq!(built.version.as_deref(), Some("1.2.3"));
    assert!(built.directory.join("usr/bin/helper").is_file());
    let second = [
        ("Cargo.toml", manifest),
        ("src/main.rs", "fn main() {}"),
        ("src/bin/other.rs", "fn main() {}"),
    ];
    let bench = Bench::new(&second);
    let error = bench.built(&bench.spec("")).unwrap_err();
    assert!(error.to_string().contains("helper, other"), "{error}");
    let named = BuildSpec { name: Some("other".into()), ..bench.spec("") };
    let built = bench.built(&named).unwrap();
    assert!(built.directory.join("usr/bin/other").is_file());
}

/// Records what is called, and answers that the host has what is asked for.
struct Recorder {
    calls: std::cell::RefCell<Vec<String>>,
    library_folder: &'static str,
}

impl HostTools for Recorder {
    fn run(&self, call: &HostCall, _line: &dyn Fn(&str)) -> std::io::Result<HostOutput> {
        assert!(call.directory.join("Makefile").is_file(), "{call}");
        self.calls.borrow_mut().push(call.to_string());
        let stdout = self.library_folder.as_bytes().to_vec();
        Ok(HostOutput { failure: None, stdout, tail: Vec::new() })
    }
}

#[test]
fn katas_agent_is_built_with_what_lies_around_it() {
    let files = [
        ("utils.mk", ""),
        ("VERSION", "3.2.0\n"),
        ("src/agent/Makefile", "include ../../utils.mk\n"),
        ("src/agent/Cargo.toml", ""),
        ("src/agent/kata-agent.service.in", ""),
    ];
    let bench = Bench::new(&files);
    for below in ["", "src/agent"] {
        let tools = Recorder { calls: Vec::new().into(), library_folder: "/" };
        let spec = BuildSpec { place: Place::Init, ..bench.spec(below) };
        let built = build(&spec, &tools, &BTreeMap::new(), &bench.work(), &|_| {}).unwrap();
        assert_eq!(built.version.as_deref(), Some("3.2.0"));
        let calls = tools.calls.take();
        assert!(calls[0].starts_with("rustc --print target-libdir --target "), "{calls:?}");
        let made = &calls[calls.len() - 2..];
        assert!(made[0].starts_with("make LIBC="), "{calls:?}");
        assert!(made[0].ends_with(" INIT=yes SECCOMP=no"), "{calls:?}");
        let destination = format!("{} install DESTDIR={}", made[0], built.directory.display());
        assert_eq!(made[1], destination);
        std::fs::remove_dir_all(built.directory).unwrap();
    }
    let tools = Recorder { calls: Vec::new().into(), library_folder: "/nowhere" };
    let error = build(&bench.spec(""), &tools, &BTreeMap::new(), &bench.work(), &|_| {});
    let error = error.unwrap_err().to_string();
    assert!(error.contains("rustup target add "), "{error}");
}

#[test]
fn what_can_be_had_again_is_not_copied() {
    let files = [
        ("Makefile", "all:\n"),
        (".git/config", "x"),
        ("target/CACHEDIR.TAG", "x"),
        ("inner/target/release/main.rs", "x"),
    ];
    struct Looks;
    impl HostTools for Looks {
        fn run(&self, call: &HostCall, _line: &dyn Fn(&str)) -> std::io::Result<HostOutput> {
            let has = |name: &str| call.directory.join(name).exists();
            assert!(!has(".git") && !has("target") && has("inner/target/release/main.rs"));
            Ok(HostOutput { failure: None, stdout: Vec::new(), tail: Vec::new() })
        }
    }
    let bench = Bench::new(&files);
    build(&bench.spec(""), &Looks, &BTreeMap::new(), &bench.work(), &|_| {}).unwrap();
}

#[test]
fn a_copy_does_not_copy_itself() {
    struct Nothing;
    impl HostTools for Nothing {
        fn run(&self, _call: &HostCall, _line: &dyn Fn(&str)) -> std::io::Result<HostOutput> {
            Ok(HostOutput { failure: None, stdout: Vec::new(), tail: Vec::new() })
        }
    }
    let bench = Bench::new(&[("Makefile", "all:\n"), ("work/here", "")]);
    let work = bench.sources().join("work");
    build(&bench.spec(""), &Nothing, &BTreeMap::new(), &work, &|_| {}).unwrap();
}

#[test]
fn a_directory_without_a_project_is_refused() {
    let bench = Bench::new(&[("README", "")]);
    let error = bench.built(&bench.spec("")).unwrap_err();
    assert!(error.to_string().contains("neither a Cargo.toml nor a Makefile"), "{error}");
}
