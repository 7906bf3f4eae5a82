#![allow(clippy::unwrap_used, clippy::panic)]

use super::links::hard_link;
use super::*;

fn path(text: &str) -> GuestPath {
    GuestPath::new(text).unwrap()
}

fn file(text: &str) -> Node {
    Node { meta: Meta::default(), kind: Kind::File(Content::from(text.as_bytes().to_vec())) }
}

fn link(target: &str) -> Node {
    hard_link(path(target))
}

fn symlink(target: &str) -> Node {
    Node { meta: Meta::default(), kind: Kind::Symlink(target.as_bytes().into()) }
}

fn directory(mode: u16) -> Node {
    Node { meta: Meta { mode, ..Meta::default() }, kind: Kind::Directory }
}

fn tree(nodes: impl IntoIterator<Item = (&'static str, Node)>) -> Tree {
    let mut tree = Tree::new();
    for (at, node) in nodes {
        tree.insert(path(at), node).unwrap();
    }
    tree
}

fn paths(tree: &Tree) -> String {
    let shown = tree.iter().map(|(path, node)| match &node.kind {
        Kind::HardLink(target) => format!("{path}->{target}"),
        _ => path.to_string(),
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn missing_parents_are_made_as_old_as_the_node() {
    let mut node = file("x");
    node.meta.mtime = Timestamp::from_seconds(7);
    let tree = tree([("a/b/c", node)]);
    assert_eq!(paths(&tree), "/ /a /a/b /a/b/c");
    let made = &tree.get(&path("a/b")).unwrap().meta;
    assert_eq!((made.mode, made.mtime), (0o755, Timestamp::from_seconds(7)));
}

#[test]
fn a_directory_over_a_directory_keeps_the_entries() {
    let tree = tree([("a/b", file("x")), ("a", directory(0o700)), ("", directory(0o711))]);
    assert_eq!(paths(&tree), "/ /a /a/b");
    assert_eq!(tree.get(&path("a")).unwrap().meta.mode, 0o700);
    assert_eq!(tree.get(&path("")).unwrap().meta.mode, 0o711);
}

#[test]
fn a_directory_with_entries_is_not_replaced() {
    let mut tree = tree([("a/b", file("x")), ("c", directory(0))]);
    let error = tree.insert(path("a"), file("y")).unwrap_err();
    assert!(matches!(error, Error::DirectoryInTheWay { .. }), "{error}");
    let error = tree.insert(path("a"), link("c")).unwrap_err();
    assert!(matches!(error, Error::LinkTargetDirectory { .. }), "{error}");
    let error = tree.insert(path("a"), link("a/b")).unwrap_err();
    assert!(matches!(error, Error::DirectoryInTheWay { .. }), "{error}");
    tree.insert(path("c"), file("now a file")).unwrap();
    assert_eq!(paths(&tree), "/ /a /a/b /c");
}

#[test]
fn the_root_stays_a_directory() {
    let mut tree = tree([("a", file("x"))]);
    assert!(tree.insert(path(""), file("x")).is_err());
    assert!(tree.insert(path(""), link("a")).is_err());
    tree.remove(&path("")).unwrap();
    assert_eq!(tree, Tree::new());
}

#[test]
fn nothing_goes_below_a_file_or_a_symlink() {
    let mut tree = tree([("a", file("x")), ("b", symlink("/"))]);
    for at in ["a/x", "b/x", "b/x/y"] {
        let error = tree.insert(path(at), file("x")).unwrap_err();
        assert!(matches!(error, Error::NotDirectory { .. }), "{error}");
    }
    assert_eq!(paths(&tree), "/ /a /b");
}

#[test]
fn hard_links_name_the_first_name_whatever_the_order() {
    let one = tree([("m", file("x")), ("z", link("m")), ("a/a", link("z"))]);
    let other = tree([("a/a", file("x")), ("m", link("a/a")), ("z", link("m"))]);
    assert_eq!(paths(&one), "/ /a /a/a /m->/a/a /z->/a/a");
    assert_eq!(one, other);
    let names: Vec<_> = one.names(&GuestPath::new("m").unwrap()).into_iter().cloned().collect();
    assert_eq!(names, [path("a/a"), path("m"), path("z")]);
}

#[test]
fn removing_the_first_name_promotes_the_next() {
    let mut tree = tree([("a", file("x")), ("b", link("a")), ("c", link("a"))]);
    assert_eq!(tree.remove(&path("a")), Some(file("x")));
    assert_eq!(paths(&tree), "/ /b /c->/b");
    assert_eq!(tree.get(&path("b")), Some(&file("x")));
    tree.remove(&path("c")).unwrap();
    assert_eq!(paths(&tree), "/ /b");
    assert_eq!(tree.names(&path("b")), [&path("b")]);
}

#[test]
fn replacing_a_linked_file_leaves_its_other_names_alone() {
    let mut tree = tree([("a", file("old")), ("b", link("a"))]);
    tree.insert(path("a"), file("new")).unwrap();
    assert_eq!(tree.get(&path("a")), Some(&file("new")));
    assert_eq!(tree.get(&path("b")), Some(&file("old")));
    tree.insert(path("b"), link("a")).unwrap();
    tree.insert(path("b"), link("b")).unwrap();
    tree.insert(path("a"), link("b")).unwrap();
    assert_eq!(paths(&tree), "/ /a /b->/a");
    assert_eq!(tree.inode(&path("b")), Some(&file("new")));
}

#[test]
fn meta_and_content_are_reached_through_hard_links() {
    let mut tree = tree([("a", file("x")), ("b", link("a")), ("c", directory(0))]);
    tree.meta_mut(&path("b")).unwrap().uid = 5;
    *tree.content_mut(&path("b")).unwrap() = Content::from(b"y".to_vec());
    assert_eq!(tree.get(&path("a")).unwrap().meta.uid, 5);
    assert_eq!(tree.get(&path("a")).unwrap().kind, file("y").kind);
    assert_eq!(tree.content_mut(&path("c")), None);
    assert_eq!(tree.metas_mut().count(), 3);
}

#[test]
fn hard_links_to_nothing_are_refused() {
    let error = Tree::new().insert(path("a"), link("b")).unwrap_err();
    assert!(matches!(error, Error::LinkTargetMissing { .. }), "{error}");
    assert!(Tree::new().insert(path("a"), link("a")).is_err());
}

#[test]
fn below_is_exactly_what_is_below() {
    let nodes = ["a", "a.b", "a/b", "a/b/c", "a0", "a-"];
    let mut tree = tree(nodes.map(|at| (at, directory(0))));
    let found = |tree: &Tree, at| {
        tree.below(&path(at)).map(|(path, _)| path.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(found(&tree, "a"), "/a/b /a/b/c");
    assert_eq!(found(&tree, "a/b/c"), "");
    assert_eq!(found(&tree, ""), "/a /a- /a.b /a/b /a/b/c /a0");
    tree.remove_below(&path("a"));
    assert_eq!(paths(&tree), "/ /a /a- /a.b /a0");
}

#[test]
fn removing_a_directory_keeps_files_named_elsewhere() {
    let mut tree =
        tree([("a/x", file("x")), ("a/y", link("a/x")), ("b", link("a/x")), ("c", link("b"))]);
    tree.remove(&path("a")).unwrap();
    assert_eq!(paths(&tree), "/ /b /c->/b");
    assert_eq!(tree.get(&path("b")), Some(&file("x")));
}

#[test]
fn paths_follow_symlinks_in_their_parents() {
    let tree = tree([
        ("bin", symlink("usr/bin")),
        ("usr/bin/sh", symlink("../lib/dash")),
        ("usr/lib/dash", file("x")),
        ("abs", symlink("/usr")),
        ("up", symlink("../../../usr/./bin/")),
        ("escape", symlink("/../../etc")),
        ("missing", symlink("not/there/../here")),
    ]);
    let check = |at: &str, parents: &str, all: &str| {
        assert_eq!(tree.resolve_parents(&path(at)).unwrap(), path(parents), "{at}");
        assert_eq!(tree.resolve(&path(at)).unwrap(), path(all), "{at}");
    };
    check("", "", "");
    check("bin", "bin", "usr/bin");
    check("bin/sh", "usr/bin/sh", "usr/lib/dash");
    check("bin/new", "usr/bin/new", "usr/bin/new");
    check("abs/bin/sh", "usr/bin/sh", "usr/lib/dash");
    check("up/x", "usr/bin/x", "usr/bin/x");
    check("escape/passwd", "etc/passwd", "etc/passwd");
    check("missing/x", "not/here/x", "not/here/x");
    check("usr/lib/dash", "usr/lib/dash", "usr/lib/dash");
}

#[test]
fn symlink_loops_and_files_as_parents_are_refused() {
    let tree = tree([
        ("a", symlink("b")),
        ("b", symlink("/a")),
        ("grow", symlink("grow/grow")),
        ("file", file("x")),
        ("long", symlink(&"x/".repeat(3000))),
    ]);
    for at in ["a/x", "b/x", "grow/x"] {
        let error = tree.resolve_parents(&path(at)).unwrap_err();
        assert!(matches!(error, Error::TooManySymlinks { .. }), "{error}");
    }
    assert!(matches!(tree.resolve(&path("file/x")), Err(Error::NotDirectory { .. })));
    assert!(matches!(tree.resolve(&path("long")), Err(Error::Path(_))));
}

#[test]
fn entries_land_where_earlier_symlinks_lead() {
    let tree = Tree::from_entries([
        (path("bin"), symlink("usr/bin")),
        (path("bin/a"), file("x")),
        (path("usr/bin/b"), link("bin/a")),
        (path("bin/a"), file("y")),
    ])
    .unwrap();
    assert_eq!(paths(&tree), "/ /bin /usr /usr/bin /usr/bin/a /usr/bin/b");
    assert_eq!(tree.get(&path("usr/bin/b")), Some(&file("x")));
}

#[test]
fn a_directory_does_not_take_the_place_of_a_link_to_one() {
    let mut tree = tree([
        ("usr/lib", directory(0o755)),
        ("lib", symlink("usr/lib")),
        ("odd", symlink("nowhere")),
    ]);
    let at = tree.insert_resolved(&path("lib"), directory(0o700)).unwrap();
    assert_eq!(at, path("usr/lib"));
    assert_eq!(tree.get(&path("lib")), Some(&symlink("usr/lib")));
    assert_eq!(tree.get(&path("usr/lib")), Some(&directory(0o755)));
    tree.insert_resolved(&path("odd"), directory(0o700)).unwrap();
    assert_eq!(tree.get(&path("odd")), Some(&directory(0o700)));
    tree.insert(path("lib"), directory(0o700)).unwrap();
    assert_eq!(tree.get(&path("lib")), Some(&directory(0o700)));
}

#[test]
fn small_contents_of_a_directory_are_loaded() {
    let host = tempfile::tempdir().unwrap();
    let span = |name: &str, length| {
        let file = host.path().join(name);
        fs_err::write(&file, vec![b'x'; length]).unwrap();
        let content = Content::Span { file: file.into(), offset: 0, length: length as u64 };
        Node { meta: Meta::default(), kind: Kind::File(content) }
    };
    let mut tree = tree([("small", span("small", 4)), ("large", span("large", 5))]);
    let untouched = tree.clone();
    tree.load_small(Path::new("/other"), 4).unwrap();
    assert_eq!(tree, untouched);
    tree.load_small(host.path(), 4).unwrap();
    assert_eq!(tree.get(&path("small")), Some(&file("xxxx")));
    assert_eq!(tree.get(&path("large")), untouched.get(&path("large")));
}
