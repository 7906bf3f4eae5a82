//! Reads a module, which may be compressed.

use std::io::{self, BufReader, Read};

use tree::Content;

use crate::error::Fault;

/// With all debugging symbols the largest modules have a few hundred megabytes; guests have none.
const MODULE_BYTES_MAX: u64 = 128 << 20;

/// What the names of modules end with.
const ENDINGS: [(&[u8], Compression); 4] = [
    (b".ko", Compression::None),
    (b".ko.gz", Compression::Gzip),
    (b".ko.xz", Compression::Xz),
    (b".ko.zst", Compression::Zstd),
];

/// How a module is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Xz,
    Zstd,
}

impl Compression {
    /// What the name of a file says; none if it is no module.
    pub(crate) fn of(name: &[u8]) -> Option<Self> {
        let found = ENDINGS.iter().find(|(ending, _)| name.ends_with(ending));
        found.map(|(_, compression)| *compression)
    }
}

/// Reads all bytes of a module.
pub(crate) fn read(content: &Content, compression: Compression) -> Result<Vec<u8>, Fault> {
    let input = BufReader::new(content.open().map_err(Fault::Decompress)?);
    let mut decoder: Box<dyn Read> = match compression {
        Compression::None => Box::new(input),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(input)),
        Compression::Xz => Box::new(liblzma::bufread::XzDecoder::new(input)),
        Compression::Zstd => {
            let decoder = zstd::stream::read::Decoder::with_buffer(input);
            Box::new(decoder.map_err(Fault::Decompress)?)
        }
    };
    read_bounded(&mut decoder, MODULE_BYTES_MAX)
}

fn read_bounded(decoder: &mut dyn Read, limit: u64) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let count = io::copy(&mut decoder.take(limit + 1), &mut bytes).map_err(Fault::Decompress)?;
    if count > limit { Err(Fault::TooLarge(limit)) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn more_than_the_limit_is_refused() {
        assert_eq!(read_bounded(&mut &[1, 2, 3][..], 3).unwrap(), [1, 2, 3]);
        assert!(matches!(read_bounded(&mut &[1, 2, 3][..], 2), Err(Fault::TooLarge(2))));
    }

    #[test]
    fn damaged_bytes_are_refused() {
        let content = Content::from(b"no compressed bytes".to_vec());
        for compression in [Compression::Gzip, Compression::Xz, Compression::Zstd] {
            assert!(matches!(read(&content, compression), Err(Fault::Decompress(_))));
        }
    }

    #[test]
    fn the_name_says_how_a_module_is_compressed() {
        assert_eq!(Compression::of(b"a.ko"), Some(Compression::None));
        assert_eq!(Compression::of(b"a.ko.zst"), Some(Compression::Zstd));
        assert_eq!(Compression::of(b"a.ko.bz2"), None);
        assert_eq!(Compression::of(b"modules.order"), None);
    }
}
