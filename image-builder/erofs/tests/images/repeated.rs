//! The same tree and options give the same bytes.

use std::num::NonZeroUsize;
use std::sync::Mutex;

use erofs::{Algorithm, Options};
use volume::Volume;

use crate::make::{compressed, options, quick, write};

#[test]
fn any_number_of_threads_writes_the_same_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let tree = quick(directory.path());
    for chosen in [options(), compressed(Algorithm::Zstd(1), 32_768)] {
        let images = [1, 2, 7].map(|threads| {
            let image = directory.path().join(format!("image-{threads}"));
            let threads = NonZeroUsize::new(threads).unwrap();
            write(&tree, &Options { threads, ..chosen.clone() }, &image);
            fs_err::read(image).unwrap()
        });
        assert!(images[0] == images[1] && images[0] == images[2]);
    }
}

/// Remembers which blocks are written.
#[derive(Default)]
struct Seen(Mutex<Vec<(u64, usize)>>);

impl Volume for Seen {
    fn write_at(&self, bytes: &[u8], offset: u64) -> std::io::Result<()> {
        self.0.lock().unwrap().push((offset, bytes.len()));
        Ok(())
    }
}

#[test]
fn every_block_is_written_once_and_whole() {
    let directory = tempfile::tempdir().unwrap();
    let tree = quick(directory.path());
    for chosen in [options(), compressed(Algorithm::Lz4, 65_536)] {
        let seen = Seen::default();
        let size = erofs::write(&tree, &chosen, &seen).unwrap();
        let mut writes = seen.0.into_inner().unwrap();
        writes.sort_unstable();
        let mut end = 0;
        for (offset, length) in writes {
            assert_eq!((offset, length % 4096), (end, 0));
            end += length as u64;
        }
        assert_eq!(end, size);
    }
}
