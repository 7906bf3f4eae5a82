//! Makes images and looks at them with foreign tools.

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;

use erofs::{Algorithm, Compression, Options};
use test_support::noise;
use tree::{Content, GuestPath, Kind, Meta, Node, Tree};
use volume::Region;

/// Options that the tests begin with; the time is that of most of the demanding tree.
pub fn options() -> Options {
    Options {
        uuid: *b"0123456789abcdef",
        time: 1_700_000_000,
        volume_name: "demanding".into(),
        compression: None,
        inline_tails: true,
        threads: NonZeroUsize::new(2).unwrap(),
    }
}

/// The same with compression.
pub fn compressed(algorithm: Algorithm, cluster_bytes: u32) -> Options {
    Options { compression: Some(Compression { algorithm, cluster_bytes }), ..options() }
}

/// Writes an image to a new file.
pub fn write(tree: &Tree, options: &Options, image: &Path) -> u64 {
    let file = fs_err::File::create(image).unwrap();
    let size = erofs::write(tree, options, &Region::new(&file, 0)).unwrap();
    assert_eq!(file.metadata().unwrap().len(), size);
    size
}

/// The demanding tree without what takes seconds to compare, and with files that compress
/// differently from place to place and end anywhere.
pub fn quick(directory: &Path) -> Tree {
    let mut tree = test_support::demanding(directory);
    for path in ["holes/5-gib", "many"] {
        assert!(tree.remove(&GuestPath::new(path).unwrap()).is_some());
    }
    let mut put = |name: String, bytes: Vec<u8>| {
        let kind = Kind::File(Content::from(bytes));
        tree.insert(GuestPath::new(name).unwrap(), Node { meta: Meta::default(), kind }).unwrap();
    };
    let text = |lines: u32, times: usize| format!("line {lines}\n").repeat(times).into_bytes();
    let parts = (0..400u32).flat_map(|number| {
        let times = number as usize % 37 * 20;
        [text(number, times), noise(number + 1, number as usize * 31 % 9000)].concat()
    });
    put("compressed/mixed".into(), parts.collect());
    for number in 0..300 {
        let start = text(number, 500 + number as usize * 7 % 1500);
        let end = noise(number, number as usize * 37 % 9000);
        put(format!("compressed/{number}"), [start, end].concat());
    }
    tree
}

/// Runs a tool that must succeed, and returns what it says.
#[track_caller]
pub fn run(tool: &str, arguments: &[&dyn AsRef<std::ffi::OsStr>]) -> String {
    let mut command = Command::new(tool);
    for argument in arguments {
        command.arg(argument);
    }
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{tool}: {said}");
    said
}
