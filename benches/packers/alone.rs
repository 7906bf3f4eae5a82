//! A directory to one filesystem, by our crates alone: what `mke2fs -d` and its like do.

use std::num::NonZeroUsize;
use std::path::Path;

use volume::Region;

/// Packs what the arguments say: a filesystem's name, a directory, a file and its size in MiB.
pub fn pack(arguments: &[String]) {
    let [filesystem, directory, output, size] = arguments else { panic!("four arguments") };
    let tree = tree::directory::read(Path::new(directory), None, &|_| None).unwrap();
    let file = fs_err::File::create(output).unwrap();
    let size = size.parse::<u64>().unwrap() << 20;
    file.set_len(size).unwrap();
    let region = Region::new(&file, 0);
    let threads = std::thread::available_parallelism().unwrap();
    match filesystem.as_str() {
        "ext4" => ext4::Plan::new(&tree, &ext4(size, threads)).unwrap().write(&region).unwrap(),
        "erofs" => {
            let written = erofs::write(&tree, &erofs(threads), &region).unwrap();
            file.set_len(written).unwrap();
        }
        "squashfs" => {
            let written = squashfs::write(&tree, &squashfs::Options::new(0), &region).unwrap();
            file.set_len(written).unwrap();
        }
        other => panic!("no filesystem is called {other}"),
    }
}

/// What `mke2fs -t ext4` makes, too: a journal, and room to grow.
fn ext4(size: u64, threads: NonZeroUsize) -> ext4::Options {
    ext4::Options {
        uuid: [1; 16],
        hash_seed: [2; 16],
        time: 0,
        label: Vec::new(),
        journal: true,
        growable: true,
        size: ext4::Size::Exact(size),
        reserved_percent: 5,
        threads,
    }
}

fn erofs(threads: NonZeroUsize) -> erofs::Options {
    erofs::Options {
        uuid: [1; 16],
        time: 0,
        volume_name: String::new(),
        compression: None,
        inline_tails: true,
        threads,
    }
}
