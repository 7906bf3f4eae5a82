//! Where two trees are not the same.

use std::collections::BTreeSet;
use std::fmt;

use super::listing::{Kind, Listing, Node};

/// In what respect two trees differ at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    OnlyOurs,
    OnlyTheirs,
    Type,
    Mode,
    /// The owners have other names, or none.
    Owner,
    /// The owners have the same names with other numbers.
    OwnerNumber,
    Content,
    /// The same lines in another order.
    LineOrder,
    Target,
    Links,
    Xattrs,
}

/// The aspects and their names in the written list.
pub const ASPECTS: [(&str, Aspect); 11] = [
    ("only-ours", Aspect::OnlyOurs),
    ("only-theirs", Aspect::OnlyTheirs),
    ("type", Aspect::Type),
    ("mode", Aspect::Mode),
    ("owner", Aspect::Owner),
    ("owner-number", Aspect::OwnerNumber),
    ("content", Aspect::Content),
    ("line-order", Aspect::LineOrder),
    ("target", Aspect::Target),
    ("links", Aspect::Links),
    ("xattrs", Aspect::Xattrs),
];

/// One respect in which the trees differ at one path.
#[derive(Debug)]
pub struct Difference {
    pub path: String,
    pub aspect: Aspect,
    detail: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = ASPECTS.iter().find(|(_, aspect)| *aspect == self.aspect).unwrap().0;
        write!(formatter, "{} | {word} | {}", self.path, self.detail)
    }
}

/// Everything in which two trees differ, by path.
pub fn differences(ours: &Listing, theirs: &Listing) -> Vec<Difference> {
    let paths: BTreeSet<_> = ours.nodes.keys().chain(theirs.nodes.keys()).collect();
    let mut found = Vec::new();
    for path in paths {
        let aspects = match (ours.nodes.get(path), theirs.nodes.get(path)) {
            (Some(our), Some(their)) => aspects((ours, our), (theirs, their)),
            (Some(our), None) => vec![(Aspect::OnlyOurs, describe(our))],
            (None, Some(their)) => vec![(Aspect::OnlyTheirs, describe(their))],
            (None, None) => unreachable!(),
        };
        let difference = |(aspect, detail)| Difference { path: path.clone(), aspect, detail };
        found.extend(aspects.into_iter().map(difference));
    }
    found
}

fn aspects(
    (ours, our): (&Listing, &Node),
    (theirs, their): (&Listing, &Node),
) -> Vec<(Aspect, String)> {
    let mut found = Vec::new();
    let mut note = |aspect, our: String, their: String| {
        found.push((aspect, format!("ours {our}, theirs {their}")));
    };
    match (&our.kind, &their.kind) {
        (Kind::File(ours), Kind::File(theirs)) if ours != theirs => {
            let is_reordered =
                ours.unordered_lines.is_some() && ours.unordered_lines == theirs.unordered_lines;
            let aspect = if is_reordered { Aspect::LineOrder } else { Aspect::Content };
            note(aspect, describe(our), describe(their));
        }
        (Kind::Symlink { .. }, Kind::Symlink { .. }) if our.kind != their.kind => {
            note(Aspect::Target, describe(our), describe(their));
        }
        (a, b) if a != b => note(Aspect::Type, describe(our), describe(their)),
        _ => {}
    }
    // The mode of a symbolic link means nothing.
    if our.mode != their.mode && !matches!(our.kind, Kind::Symlink { .. }) {
        note(Aspect::Mode, format!("{:o}", our.mode), format!("{:o}", their.mode));
    }
    let (our_names, their_names) = (ours.owner_names(our), theirs.owner_names(their));
    if (our.user, our.group) != (their.user, their.group) || our_names != their_names {
        let has_names = our_names.0.is_some() && our_names.1.is_some();
        let is_same_name = our_names == their_names && has_names;
        let aspect = if is_same_name { Aspect::OwnerNumber } else { Aspect::Owner };
        let text = |node: &Node, names| format!("{}:{} {names:?}", node.user, node.group);
        note(aspect, text(our, our_names), text(their, their_names));
    }
    if our.links != their.links {
        note(Aspect::Links, format!("{:?}", our.links), format!("{:?}", their.links));
    }
    if our.xattrs != their.xattrs {
        note(Aspect::Xattrs, format!("{:?}", our.xattrs), format!("{:?}", their.xattrs));
    }
    found
}

fn describe(node: &Node) -> String {
    match &node.kind {
        Kind::Directory => format!("directory {:o} {}:{}", node.mode, node.user, node.group),
        Kind::File(content) => format!("{} bytes {}", content.size, &content.digest[..12]),
        Kind::Symlink { target } => format!("-> {target}"),
        kind => format!("{kind:?}"),
    }
}

#[test]
fn every_aspect_is_seen_and_nothing_else() {
    use test_support::Entry;
    let accounts =
        |id: u32| Entry::file("./etc/passwd", format!("a:x:{id}:0::/:\nr:x:0:0::/:\n"), 0o644);
    let group = || Entry::file("./etc/group", "r:x:0:\nb:x:5:\n", 0o644);
    let ours = [
        accounts(100),
        group(),
        Entry::file("./first", "", 0o644),
        Entry::hard_link("./second", "./first"),
        Entry::file("./content", "a", 0o644),
        Entry::file("./etc/order", "a\nb\n", 0o644),
        Entry::file("./mode", "", 0o755),
        Entry::symlink("./target", "a"),
        Entry::fifo("./type"),
        Entry::file("./number", "", 0o644).owner(100, 0),
        Entry::file("./owner", "", 0o644).owner(0, 5),
        Entry::file("./nobody", "", 0o644).owner(7, 7),
        Entry::file("./xattr", "", 0o644).xattr("security.capability", b"a\0b"),
        Entry::directory("./ours/", 0o755),
    ];
    let theirs = [
        accounts(101),
        group(),
        Entry::file("second", "", 0o644),
        Entry::hard_link("third", "second"),
        Entry::hard_link("first", "third"),
        Entry::file("content", "b", 0o644),
        Entry::file("etc/order", "b\na\n", 0o644),
        Entry::file("mode", "", 0o4755),
        Entry::symlink("target", "b"),
        Entry::file("type", "", 0o644),
        Entry::file("number", "", 0o644).owner(101, 0),
        Entry::file("owner", "", 0o644),
        Entry::file("nobody", "", 0o644).owner(8, 7),
        Entry::file("xattr", "", 0o644),
        Entry::directory("theirs", 0o755),
    ];
    let file = tempfile::NamedTempFile::new().unwrap();
    let [ours, theirs] = [&ours[..], &theirs].map(|entries| {
        std::fs::write(&file, test_support::tar(entries)).unwrap();
        Listing::of_tar(file.path()).unwrap()
    });
    let found = differences(&ours, &theirs);
    let found: Vec<_> = found.iter().map(|found| (found.path.as_str(), found.aspect)).collect();
    let expected = [
        ("/content", Aspect::Content),
        ("/etc/order", Aspect::LineOrder),
        ("/etc/passwd", Aspect::Content),
        ("/first", Aspect::Links),
        ("/mode", Aspect::Mode),
        ("/nobody", Aspect::Owner),
        ("/number", Aspect::OwnerNumber),
        ("/ours", Aspect::OnlyOurs),
        ("/owner", Aspect::Owner),
        ("/second", Aspect::Links),
        ("/target", Aspect::Target),
        ("/theirs", Aspect::OnlyTheirs),
        ("/third", Aspect::OnlyTheirs),
        ("/type", Aspect::Type),
        ("/xattr", Aspect::Xattrs),
    ];
    assert_eq!(found, expected);
}
