//! What a volume gets to see.

use std::io;
use std::sync::Mutex;

use ext4::{Error, Options, Plan, Size};
use test_support::demanding;
use tree::{Content, Kind, Meta, Node, Tree};
use volume::Volume;

use crate::image::{MIB, options, path, sealed};

/// Remembers which blocks were written, and which reserved.
#[derive(Default)]
struct Recorder {
    written: Mutex<Vec<(u64, u64)>>,
    reserved: Mutex<Vec<(u64, u64)>>,
}

impl Volume for Recorder {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.written.lock().unwrap().push((offset, bytes.len() as u64));
        Ok(())
    }

    fn reserve(&self, bytes: u64, offset: u64) -> io::Result<()> {
        self.reserved.lock().unwrap().push((offset, bytes));
        Ok(())
    }
}

fn check(tree: &Tree, options: &Options) {
    let plan = Plan::new(tree, options).unwrap();
    let recorder = Recorder::default();
    plan.write(&recorder).unwrap();
    let mut writes = recorder.written.into_inner().unwrap();
    writes.sort_unstable();
    for (offset, length) in &writes {
        assert!(offset % 4096 == 0 && length % 4096 == 0, "{offset} {length}");
    }
    for pair in writes.windows(2) {
        assert!(pair[0].0 + pair[0].1 <= pair[1].0, "{pair:?}");
    }
    let (offset, length) = writes.last().unwrap();
    assert!(offset + length <= plan.size_bytes());
    // Room that nothing is written to would be no hole of the image.
    for (offset, bytes) in recorder.reserved.into_inner().unwrap() {
        let inside = |write: &&(u64, u64)| (offset..offset + bytes).contains(&write.0);
        assert_eq!(writes.iter().filter(inside).map(|write| write.1).sum::<u64>(), bytes);
    }
}

#[test]
fn whole_blocks_are_written_once_each() {
    let holes = tempfile::tempdir().unwrap();
    let tree = demanding(holes.path());
    check(&tree, &sealed());
    check(&tree, &options(Size::Exact(200 * MIB)));
    // Beyond 16 TiB, where block numbers no longer fit 32 bits.
    check(&tree, &options(Size::Exact(20 << 40)));
}

struct Full;

impl Volume for Full {
    fn write_at(&self, _bytes: &[u8], _offset: u64) -> io::Result<()> {
        Err(io::ErrorKind::StorageFull.into())
    }
}

#[test]
fn what_goes_wrong_is_told() {
    let plan = Plan::new(&Tree::new(), &sealed()).map(|plan| plan.write(&Full));
    assert!(matches!(plan.unwrap(), Err(Error::Write(_))));
    let mut tree = Tree::new();
    let content = Content::Span { file: path_of_nothing().into(), offset: 0, length: 5 };
    let node = Node { meta: Meta::default(), kind: Kind::File(content) };
    tree.insert(path("a/file"), node).unwrap();
    let plan = Plan::new(&tree, &sealed()).unwrap();
    let error = plan.write(&Recorder::default()).unwrap_err();
    assert_eq!(error.to_string(), "read content of /a/file");
}

fn path_of_nothing() -> std::path::PathBuf {
    tempfile::tempdir().unwrap().path().join("gone")
}
