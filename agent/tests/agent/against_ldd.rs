//! What is said of this machine's own programs, beside what its loader says.

use std::path::Path;
use std::process::Command;

use tree::{Content, Kind, Meta, Node, Tree};

use crate::guests::{host, path};

const PROGRAMS: &str = "/usr/bin";
const PROGRAMS_MAX: usize = 150;

/// This machine's programs, its libraries and what its loader reads, as a guest.
fn this_machine() -> Tree {
    let mut tree = Tree::new();
    let put = |tree: &mut Tree, at: &str, mode, kind| {
        let node = Node { meta: Meta { mode, ..Meta::default() }, kind };
        tree.insert(path(at), node).unwrap();
    };
    for folder in ["usr/bin", "usr/lib", "usr/lib64", "usr/local/lib", "etc/ld.so.conf.d"] {
        // Not every machine has all of them.
        let Ok(found) = tree::directory::read(&Path::new("/").join(folder), None, &|_| None) else {
            continue;
        };
        for (at, node) in found.iter().filter(|(at, _)| !at.is_root()) {
            let kind = match &node.kind {
                Kind::HardLink(target) => found.inode(target).unwrap().kind.clone(),
                other => other.clone(),
            };
            put(&mut tree, &format!("{folder}/{}", text(at.as_bytes())), 0o755, kind);
        }
    }
    for folder in ["bin", "lib", "lib64"] {
        if let Ok(target) = std::fs::read_link(Path::new("/").join(folder)) {
            let target = target.to_str().unwrap().as_bytes().into();
            put(&mut tree, folder, 0o777, Kind::Symlink(target));
        }
    }
    for file in ["etc/ld.so.conf", "etc/ld.so.cache"] {
        if let Ok(bytes) = std::fs::read(Path::new("/").join(file)) {
            put(&mut tree, file, 0o644, Kind::File(Content::from(bytes)));
        }
    }
    tree
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What the loader misses; none if it is no program for it.
fn missed_by_loader(program: &Path) -> Option<Vec<String>> {
    let output = Command::new("ldd").arg(program).env("LC_ALL", "C").output().unwrap();
    let said = text(&output.stdout);
    let missing = said.lines().filter_map(|line| line.trim().strip_suffix(" => not found"));
    output.status.success().then(|| missing.map(str::to_owned).collect())
}

#[test]
fn the_loader_of_this_machine_finds_what_we_find() {
    let is_merged = std::fs::read_link("/lib").is_ok() && std::fs::read_link("/bin").is_ok();
    if !is_merged {
        return test_support::skip("/bin and /lib are no links here");
    }
    if !test_support::needs(&[("ldd", "libc-bin")]) {
        return;
    }
    let tree = this_machine();
    let mut names: Vec<_> =
        std::fs::read_dir(PROGRAMS).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let mut compared = 0;
    let step = names.len().div_ceil(PROGRAMS_MAX).max(1);
    for program in names.iter().step_by(step) {
        let Ok(real) = std::fs::canonicalize(program) else { continue };
        let in_tree = path(real.to_str().unwrap());
        let Some(missed) = missed_by_loader(&real).filter(|_| tree.get(&in_tree).is_some()) else {
            continue;
        };
        let reasons = agent::check(&tree, &in_tree, host()).unwrap();
        let said: Vec<String> = reasons.iter().map(ToString::to_string).collect();
        assert_eq!(said.is_empty(), missed.is_empty(), "{program:?}: {said:?}, {missed:?}");
        compared += 1;
    }
    assert!(compared > 5, "there are hardly any programs here");
}
