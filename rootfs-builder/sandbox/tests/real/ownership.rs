//! Owners, recorded and performed: both must look the same from inside and be the same at the end.

use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sandbox::{Error, FileOwner, Rung};

use crate::harness::{Guest, Test, has, run_call};
use crate::users::run_as_user;

pub const TESTS: &[Test] = &[(
    "recorded_owners_are_those_that_root_would_have_given",
    recorded_owners_are_those_that_root_would_have_given,
)];

/// What came of giving files away: what the guest said, and every file's mode and owner.
fn listing(root: &Path, recorded: &[FileOwner]) -> BTreeMap<PathBuf, String> {
    let owners: BTreeMap<_, _> =
        recorded.iter().map(|o| ((o.device, o.inode), (o.user, o.group))).collect();
    let mut listing = BTreeMap::new();
    let mut folders = vec![root.join("tmp")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let found = std::fs::symlink_metadata(&path).unwrap();
            let owner = (found.uid(), found.gid());
            let owner = owners.get(&(found.dev(), found.ino())).copied().unwrap_or(owner);
            let name = path.strip_prefix(root).unwrap().to_owned();
            listing.insert(name, format!("{owner:?} {:o}", found.mode()));
            if found.is_dir() {
                folders.push(path);
            }
        }
    }
    listing
}

/// Gives files away on a rung that this process is on, and says what came of it.
pub fn give_on(rung: Rung, root: &str) {
    let guest = ManuallyDrop::new(Guest { root: PathBuf::from(root) });
    let mut owners = Vec::new();
    for words in [["give"].as_slice(), &["give-32"], &["owner", "/tmp/b"], &["become", "root"]] {
        let mut call = guest.call(words);
        call.owners.clone_from(&owners);
        let (output, lines) = run_call(rung, &call);
        let output = output.unwrap();
        assert!(output.status.is_success(), "{lines:?}");
        owners = output.owners;
        lines.iter().for_each(|line| println!("{line}"));
    }
    println!("{:#?}", listing(&guest.root, &owners));
    if rung == Rung::SingleId {
        let error = run_call(rung, &guest.call(&["become", "another"])).0.unwrap_err();
        let Error::NeedsMoreIds { program, call } = error else { panic!("{error:?}") };
        eprintln!("{program} {call}");
    }
}

fn recorded_owners_are_those_that_root_would_have_given() {
    if !has(Rung::Root) {
        return;
    }
    let [real, recorded] = ["SubordinateIds", "SingleId"].map(|rung| {
        let guest = Guest::new("give");
        let root = guest.root.to_str().unwrap();
        let output = run_as_user(&guest, true, &["climb", rung, root, "give"]);
        let said = String::from_utf8(output.stdout).unwrap();
        let complained = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{rung}: {said}{complained}");
        (said, complained)
    });
    for (expected, said) in real.0.lines().zip(recorded.0.lines()) {
        assert_eq!(said, expected);
    }
    assert_eq!(real.0.lines().count(), recorded.0.lines().count());
    assert!(real.0.contains("fstat 51:61 100644"), "{}", real.0);
    assert_eq!(recorded.1, "/tool setuid(33)\n");
}
