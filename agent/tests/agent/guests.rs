//! Small guests, and an agent that runs in them.

use std::process::Command;
use std::sync::OnceLock;

use agent::{AgentSpec, Error, Installed, Machine, Options, Origin, Place, install};
use tree::{Content, GuestPath, Kind, Meta, Node, Timestamp, Tree};

pub const TIME: Timestamp = Timestamp { seconds: 1_700_000_000, nanoseconds: 0 };
pub const SYSTEMD: (&str, &str) = ("usr/lib/systemd/systemd", "program");
/// The links of a guest whose `/bin` is `/usr/bin`.
pub const MERGED: [(&str, &str); 3] =
    [("bin", "-> usr/bin"), ("sbin", "-> usr/sbin"), ("lib", "-> usr/lib")];

/// The bytes of a static program; none where there is no compiler.
pub fn program() -> Option<&'static [u8]> {
    static PROGRAM: OnceLock<Option<Vec<u8>>> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        if !test_support::needs(&[("cc", "gcc")]) {
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let (source, program) = (directory.path().join("a.c"), directory.path().join("a"));
        std::fs::write(&source, "int main(void) { return 0; }").unwrap();
        let mut call = Command::new("cc");
        call.args(["-static", "-s", "-o"]).arg(&program).arg(&source);
        assert!(call.status().unwrap().success());
        Some(std::fs::read(program).unwrap())
    });
    program.as_deref()
}

/// A guest of programs, links and directories.
pub fn guest(nodes: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::new();
    for (at, what) in nodes {
        let (mode, kind) = match what.strip_prefix("-> ") {
            Some(target) => (0o777, Kind::Symlink(target.as_bytes().into())),
            None => (0o755, Kind::File(Content::from(what.as_bytes().to_vec()))),
        };
        let node = Node { meta: Meta { mode, ..Meta::default() }, kind };
        tree.insert_resolved(&path(at), node).unwrap();
    }
    tree
}

pub fn path(text: &str) -> GuestPath {
    GuestPath::new(text).unwrap()
}

pub fn host() -> Machine {
    Machine::named(std::env::consts::ARCH).unwrap()
}

pub fn spec(origin: Origin, place: Place) -> AgentSpec {
    AgentSpec { origin, place, name: None }
}

pub fn options(own: Option<&'static [u8]>) -> Options {
    Options { machine: host(), mtime: TIME, own }
}

/// Installs into a guest, with a working directory that outlives this process's tests.
pub fn installed(tree: &mut Tree, spec: &AgentSpec) -> Result<Installed, Error> {
    let work = tempfile::tempdir().unwrap().keep();
    let result = install(tree, spec, &options(program()), &work);
    tree.load_small(&work, 64 << 20).unwrap();
    std::fs::remove_dir_all(work).unwrap();
    result
}

pub fn is_the_program(tree: &Tree, at: &str) -> bool {
    let Some(Node { meta, kind: Kind::File(content) }) = tree.get(&path(at)) else { return false };
    let is_ours = content.read(64 << 20).unwrap() == program().unwrap();
    is_ours && (meta.mode, meta.uid, meta.gid) == (0o755, 0, 0)
}
