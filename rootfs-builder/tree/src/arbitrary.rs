//! Arbitrary trees for property tests.

#![allow(clippy::unwrap_used)]

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use crate::{Content, GuestPath, Kind, Meta, Node, Timestamp, Tree};

/// What the place where a tree is to be stored can hold.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// Owners to choose from.
    pub(crate) owners: Vec<(u32, u32)>,
    /// Bits that modes must have.
    pub(crate) mode_bits: u16,
    /// The earliest and latest second.
    pub(crate) seconds: (i64, i64),
    /// Whether links and devices can have any meta.
    pub(crate) is_meta_free: bool,
}

/// Trees of up to forty nodes, whose names make every shape of collision likely.
pub(crate) fn trees(limits: Limits) -> impl Strategy<Value = Tree> {
    let is_meta_free = limits.is_meta_free;
    vec((paths(), metas(limits), kinds()), 0..40).prop_map(move |nodes| {
        let mut tree = Tree::new();
        for (path, mut meta, kind) in nodes {
            if !matches!(kind, Kind::Directory | Kind::File(_)) && !is_meta_free {
                meta.xattrs.clear();
            }
            if matches!(kind, Kind::Symlink(_)) {
                meta.mode = 0o777;
            }
            let symlink_free = tree.resolve_parents(&path);
            // Nodes that do not fit to the ones before are left out.
            if symlink_free.is_ok_and(|resolved| resolved == path) {
                let _ = tree.insert(path, Node { meta, kind });
            }
        }
        tree
    })
}

fn paths() -> impl Strategy<Value = GuestPath> {
    let name = prop_oneof![
        4 => "[abc]".prop_map(String::into_bytes),
        1 => Just(b"a.b".to_vec()),
        1 => Just(b"with space\n".to_vec()),
        1 => Just(b"\xff\x80".to_vec()),
        1 => "[xy]{90,255}".prop_map(String::into_bytes),
    ];
    vec(name, 0..5).prop_map(|names| GuestPath::new(names.join(&b'/')).unwrap())
}

fn metas(limits: Limits) -> impl Strategy<Value = Meta> {
    let (from, to) = limits.seconds;
    let seconds = prop_oneof![Just(0), -3i64..3, from..to];
    let nanoseconds = prop_oneof![Just(0), Just(500_000_000), 0u32..1_000_000_000];
    let value = vec(any::<u8>(), 0..40);
    let xattrs = prop_oneof![
        3 => Just(Vec::new()),
        1 => btree_map("user\\.[a-z=%]{1,4}", value, 1..3).prop_map(Vec::from_iter),
    ];
    let owner = proptest::sample::select(limits.owners);
    let bits = limits.mode_bits;
    (0u16..0o10000, owner, (seconds, nanoseconds), xattrs).prop_map(
        move |(mode, (uid, gid), (seconds, nanoseconds), xattrs)| Meta {
            mode: mode | bits,
            uid,
            gid,
            mtime: Timestamp { seconds, nanoseconds },
            xattrs: xattrs
                .into_iter()
                .map(|(name, value)| (name.into_bytes().into(), value.into()))
                .collect(),
        },
    )
}

fn kinds() -> impl Strategy<Value = Kind> {
    let content = prop_oneof![
        vec(any::<u8>(), 0..40),
        (500usize..530).prop_map(|length| vec![b'x'; length]),
        Just(vec![b'y'; 70_000]),
    ];
    let target = prop_oneof!["[abc./]{1,6}", "[ab/]{95,105}", "[t]{300}"];
    prop_oneof![
        3 => Just(Kind::Directory),
        4 => content.prop_map(|bytes| Kind::File(Content::from(bytes))),
        1 => target.prop_map(|target| Kind::Symlink(target.into_bytes().into())),
        2 => paths().prop_map(Kind::HardLink),
        1 => Just(Kind::Fifo),
        1 => (0u32..4096, 0u32..1_000_000)
            .prop_map(|(major, minor)| Kind::CharDevice { major, minor }),
        1 => Just(Kind::BlockDevice { major: 8, minor: 1 }),
    ]
}
