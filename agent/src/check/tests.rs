#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

use tree::{Content, GuestPath, Kind, Meta, Node, Tree};

use super::{Reason, check};
use crate::machine::Machine;

/// A place where a compiler makes programs, and the guest that they are put into.
struct Bench {
    directory: tempfile::TempDir,
    tree: Tree,
}

impl Bench {
    /// None where there is no compiler.
    fn new() -> Option<Self> {
        test_support::needs(&[("cc", "gcc")])
            .then(|| Self { directory: tempfile::tempdir().unwrap(), tree: Tree::new() })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Compiles a text to a file.
    fn make(&self, name: &str, text: &str, flags: &[&str]) -> PathBuf {
        let source = self.path(&format!("{name}.c"));
        fs_err::write(&source, text).unwrap();
        let mut call = Command::new("cc");
        call.current_dir(self.directory.path()).args(["-o", name]).arg(&source).args(flags);
        assert!(call.status().unwrap().success());
        self.path(name)
    }

    fn put(&mut self, place: &str, file: &Path) {
        let content = Content::from(fs_err::read(file).unwrap());
        self.put_content(place, content);
    }

    fn put_content(&mut self, place: &str, content: Content) {
        let meta = Meta { mode: 0o755, ..Meta::default() };
        let node = Node { meta, kind: Kind::File(content) };
        self.tree.insert_resolved(&path(place), node).unwrap();
    }

    fn put_link(&mut self, place: &str, target: &str) {
        let meta = Meta { mode: 0o777, ..Meta::default() };
        let node = Node { meta, kind: Kind::Symlink(target.as_bytes().into()) };
        self.tree.insert_resolved(&path(place), node).unwrap();
    }

    /// Puts the C library and its loader where this machine's programs look for them.
    fn put_c_library(&mut self) {
        let which = Command::new("cc").arg("-print-file-name=libc.so.6").output().unwrap().stdout;
        let library = PathBuf::from(String::from_utf8(which).unwrap().trim());
        self.put("lib/libc.so.6", &library);
        let program = self.make("plain", "int main(void) { return 0; }", &[]);
        let content = Content::from(fs_err::read(program).unwrap());
        let facts = super::elf::facts(&content, &mut super::elf::Budget::new());
        let loader = facts.unwrap().unwrap().interpreter.unwrap();
        let loader = String::from_utf8(loader).unwrap();
        self.put(&loader, Path::new(&loader));
    }

    fn reasons(&self, program: &str) -> Vec<String> {
        self.reasons_on(program, host())
    }

    fn reasons_on(&self, program: &str, machine: Machine) -> Vec<String> {
        let reasons = check(&self.tree, &path(program), machine).unwrap();
        reasons.iter().map(ToString::to_string).collect()
    }
}

fn path(text: &str) -> GuestPath {
    GuestPath::new(text).unwrap()
}

fn host() -> Machine {
    Machine::named(std::env::consts::ARCH).unwrap()
}

const MAIN: &str = "int outer(void); int main(void) { return outer(); }";
const OUTER: &str = "int inner(void); int outer(void) { return inner(); }";
const INNER: &str = "int inner(void) { return 0; }";

#[test]
fn a_static_program_needs_nothing_and_its_processor_counts() {
    let Some(mut bench) = Bench::new() else { return };
    let program = bench.make("static", "int main(void) { return 0; }", &["-static"]);
    bench.put("usr/bin/agent", &program);
    assert_eq!(bench.reasons("usr/bin/agent"), Vec::<String>::new());
    let other = if host() == Machine::S390x { Machine::X8664 } else { Machine::S390x };
    let said = format!("/usr/bin/agent is for {} processors, the guest has {other}", host());
    assert_eq!(bench.reasons_on("usr/bin/agent", other), [said]);
}

#[test]
fn everything_that_is_missing_is_said_at_once() {
    let Some(mut bench) = Bench::new() else { return };
    let program = bench.make("plain", "int main(void) { return 0; }", &[]);
    bench.put("usr/bin/agent", &program);
    let reasons = bench.reasons("usr/bin/agent");
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons[0].starts_with("interpreter /lib"), "{reasons:?}");
    assert_eq!(reasons[1], "library libc.so.6 is missing (needed by /usr/bin/agent)");
    bench.put_c_library();
    assert_eq!(bench.reasons("usr/bin/agent"), Vec::<String>::new());
}

/// A program that needs a library that needs a library.
fn chain(bench: &Bench, flags: &[&str]) -> [PathBuf; 3] {
    let inner = bench.make("libinner.so", INNER, &["-shared", "-fPIC", "-Wl,-soname,libinner.so"]);
    let shared = ["-shared", "-fPIC", "-Wl,-soname,libouter.so", "-L.", "-linner"];
    let outer = bench.make("libouter.so", OUTER, &shared);
    let flags = [&["-L.", "-louter", "-Wl,-rpath-link,."][..], flags].concat();
    [bench.make("main", MAIN, &flags), outer, inner]
}

#[test]
fn libraries_of_libraries_are_followed() {
    let Some(mut bench) = Bench::new() else { return };
    let [program, outer, inner] = chain(&bench, &[]);
    bench.put_link("lib", "usr/lib");
    bench.put("usr/bin/agent", &program);
    bench.put_c_library();
    let missing = |library, by| format!("library {library} is missing (needed by {by})");
    assert_eq!(bench.reasons("usr/bin/agent"), [missing("libouter.so", "/usr/bin/agent")]);
    bench.put("usr/lib/libouter.so", &outer);
    assert_eq!(bench.reasons("usr/bin/agent"), [missing("libinner.so", "/usr/lib/libouter.so")]);
    bench.put("opt/deep/libinner.so", &inner);
    bench.put_content("etc/ld.so.conf", Content::from(b"include ld.so.conf.d/*.conf\n".to_vec()));
    let list = b"# folders\ninclude /etc/ld.so.conf\n/opt/deep\n".to_vec();
    bench.put_content("etc/ld.so.conf.d/deep.conf", Content::from(list));
    let said = "/opt/deep/libinner.so is not in /etc/ld.so.cache, without which it is not found \
                (needed by /usr/lib/libouter.so)";
    assert_eq!(bench.reasons("usr/bin/agent"), [said]);
    let cache = b"cache libinner.so\0/opt/deep/libinner.so\0".to_vec();
    bench.put_content("etc/ld.so.cache", Content::from(cache));
    assert_eq!(bench.reasons("usr/bin/agent"), Vec::<String>::new());
}

#[test]
fn folders_beside_the_program_are_found_and_only_old_ones_are_inherited() {
    let Some(mut bench) = Bench::new() else { return };
    for (flag, is_inherited) in
        [("-Wl,--disable-new-dtags", true), ("-Wl,--enable-new-dtags", false)]
    {
        bench.tree = Tree::new();
        bench.put_c_library();
        let [program, outer, inner] = chain(&bench, &[flag, "-Wl,-rpath,$ORIGIN/../lib/agent"]);
        bench.put("opt/bin/agent", &program);
        bench.put("opt/lib/agent/libouter.so", &outer);
        bench.put("opt/lib/agent/libinner.so", &inner);
        bench.put_link("usr/bin/agent", "/opt/bin/agent");
        assert_eq!(bench.reasons("usr/bin/agent").is_empty(), is_inherited, "{flag}");
    }
}

#[test]
fn a_library_that_is_too_old_is_named_with_what_it_lacks() {
    let Some(mut bench) = Bench::new() else { return };
    fs_err::write(bench.path("new.map"), "A_1 { inner; }; A_2 { outer; } A_1;").unwrap();
    fs_err::write(bench.path("old.map"), "A_1 { inner; };").unwrap();
    let flags = |map: &str| {
        let map = format!("-Wl,--version-script={}", bench.path(map).display());
        ["-shared", "-fPIC", "-Wl,-soname,libouter.so", &map].map(str::to_owned)
    };
    let make = |name: &str, text: &str, map: &str| {
        let flags = flags(map);
        bench.make(name, text, &flags.each_ref().map(String::as_str))
    };
    let old = make("libold.so", INNER, "old.map");
    make("libouter.so", &format!("{INNER}\nint outer(void) {{ return 1; }}"), "new.map");
    let program = bench.make("main", MAIN, &["-L.", "-louter"]);
    bench.put_c_library();
    bench.put("usr/bin/agent", &program);
    bench.put("usr/lib/libouter.so", &old);
    let said = "/usr/lib/libouter.so has no A_2 (needed by /usr/bin/agent)";
    assert_eq!(bench.reasons("usr/bin/agent"), [said]);
    bench.put("usr/lib/libouter.so", &bench.path("libouter.so"));
    assert_eq!(bench.reasons("usr/bin/agent"), Vec::<String>::new());
}

#[test]
fn the_other_c_library_is_its_own_loader_and_has_its_own_list() {
    let Some(mut bench) = Bench::new() else { return };
    let alone = ["-shared", "-fPIC", "-nostdlib", "-Wl,-soname,libc.musl-any.so.1"];
    let libc = bench.make("libc.musl-any.so.1", INNER, &alone);
    let inner = bench.make("libinner.so", INNER, &["-shared", "-fPIC", "-nostdlib"]);
    let loader = "-Wl,--dynamic-linker=/lib/ld-musl-any.so.1";
    let flags = [
        "-nostdlib",
        "-fPIE",
        "-pie",
        loader,
        "-Wl,--no-as-needed",
        "-L.",
        "-l:libc.musl-any.so.1",
    ];
    let flags = [&flags[..], &["-l:libinner.so"]].concat();
    let program = bench.make("main", "int _start(void) { return 0; }", &flags);
    bench.put("usr/bin/agent", &program);
    bench.put("lib/ld-musl-any.so.1", &libc);
    bench.put("opt/libinner.so", &inner);
    let said = "library libinner.so is missing (needed by /usr/bin/agent)";
    assert_eq!(bench.reasons("usr/bin/agent"), [said]);
    bench.put_content("etc/ld-musl-any.path", Content::from(b"/lib\n/opt\n".to_vec()));
    assert_eq!(bench.reasons("usr/bin/agent"), Vec::<String>::new());
}

#[test]
fn a_script_needs_its_interpreter_and_what_that_needs() {
    let Some(mut bench) = Bench::new() else { return };
    let shell = bench.make("static", "int main(void) { return 0; }", &["-static"]);
    let script = |text: &str| Content::from(text.as_bytes().to_vec());
    bench.put_content("agent", script("#!/bin/sh -e\nexit\n"));
    let missing = |what| format!("interpreter {what} is missing (needed by /agent)");
    assert_eq!(bench.reasons("agent"), [missing("/bin/sh")]);
    bench.put("bin/busybox", &shell);
    bench.put_link("bin/sh", "busybox");
    assert_eq!(bench.reasons("agent"), Vec::<String>::new());
    bench.put_content("agent", script("#!/usr/bin/env -S python3 -u\n"));
    assert_eq!(bench.reasons("agent"), [missing("/usr/bin/env")]);
    bench.put("usr/bin/env", &shell);
    assert_eq!(bench.reasons("agent"), [missing("python3")]);
    bench.put_content("usr/local/bin/python3", script("#!/usr/local/bin/python3\n"));
    assert_eq!(
        bench.reasons("agent"),
        ["/usr/local/bin/python3 is neither a program nor a script"]
    );
    bench.put_content("agent", script("no program"));
    assert_eq!(bench.reasons("agent"), ["/agent is neither a program nor a script"]);
    bench.put_content("agent", script(""));
    assert_eq!(bench.reasons("agent"), ["/agent is neither a program nor a script"]);
}

/// Numbers that look random and are the same every time.
fn numbers(mut state: u64) -> impl FnMut(usize) -> usize {
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    }
}

#[test]
fn damaged_programs_and_libraries_neither_stop_nor_hold_us() {
    let Some(mut bench) = Bench::new() else { return };
    let [program, outer, inner] = chain(&bench, &["-Wl,-rpath,$ORIGIN"]);
    bench.put_c_library();
    bench.put("lib/libinner.so", &inner);
    let mut number = numbers(7);
    let (program, outer) = (fs_err::read(program).unwrap(), fs_err::read(outer).unwrap());
    for round in 0..4_000 {
        let mut bytes = [program.clone(), outer.clone()];
        let victim = &mut bytes[round % 2];
        // Most tables are at the beginning, and the sections' at the end.
        let length = victim.len();
        for _ in 0..=number(4) {
            let at = match number(3) {
                0 => number(0x400.min(length)),
                1 => length - 1 - number(0xa00.min(length)),
                _ => number(length),
            };
            victim[at] = [0, 0xff, 0x7f, 0x80, number(256) as u8][number(5)];
        }
        if number(8) == 0 {
            victim.truncate(number(length));
        }
        let [program, outer] = bytes;
        bench.put_content("usr/bin/agent", Content::from(program));
        bench.put_content("lib/libouter.so", Content::from(outer));
        check(&bench.tree, &path("usr/bin/agent"), host()).unwrap();
    }
}

#[test]
fn a_library_that_needs_thousands_is_given_up() {
    let Some(mut bench) = Bench::new() else { return };
    bench.put_c_library();
    let rpath = (0..400).map(|number| format!("/n{number}")).collect::<Vec<_>>().join(":");
    let flag = format!("-Wl,-rpath,{rpath}");
    let mut flags = vec!["-Wl,--no-as-needed".to_owned(), "-L.".to_owned(), flag];
    // Without a name of its own, a library is needed by that of its file.
    let nameless = bench.make("nameless.so", "", &["-shared", "-fPIC", "-nostdlib"]);
    for number in 0..300 {
        fs_err::copy(&nameless, bench.path(&format!("lib{number}.so"))).unwrap();
        flags.push(format!("-l{number}"));
    }
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let program = bench.make("main", "int main(void) { return 0; }", &flags);
    bench.put("usr/bin/agent", &program);
    let reasons = check(&bench.tree, &path("usr/bin/agent"), host()).unwrap();
    assert_eq!(reasons.last(), Some(&Reason::TooMany));
}

#[test]
fn lists_that_include_each_other_come_to_an_end() {
    let Some(mut bench) = Bench::new() else { return };
    bench.put_c_library();
    bench.put("usr/bin/agent", &bench.path("plain"));
    let all = |line: &str| Content::from(line.repeat(1_000).into_bytes());
    bench.put_content("etc/ld.so.conf", all("include ld.so.conf.d/*\n"));
    for number in 0..300 {
        let place = format!("etc/ld.so.conf.d/{number}");
        bench.put_content(&place, all("include /etc/ld.so.conf.d/*\n/a /b\n"));
    }
    assert_eq!(bench.reasons("usr/bin/agent"), Vec::<String>::new());
}
