//! Writes trees as the archives of one initrd.

use std::io::{self, Write};
use std::num::NonZeroUsize;

use tree::Tree;
use tree::cpio::{self, Xattrs};

use crate::compress::compress;
use crate::compression::{Compression, Compressor};
use crate::error::Error;

/// Where an archive may begin: the kernel wants a multiple of four, block devices of more.
const ALIGNMENT_BYTES: u64 = 512;
/// The kernel takes four zeros for the end of lz4 data, which has none of its own.
const ZEROS_MIN: u64 = 4;

/// One of the archives of an initrd.
#[derive(Debug, Clone, Copy)]
pub struct Archive<'a> {
    /// What it holds. Later archives are unpacked over earlier ones, with the owners and modes of
    /// all their directories, the root too.
    pub tree: &'a Tree,
    /// How it is compressed. The kernel looks for microcode in a first archive that is not.
    pub compressor: Compressor,
}

/// How an initrd is written. Nothing in here but `xattrs` changes its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How many threads compress, as far as memory is not spent on them.
    pub threads: NonZeroUsize,
    /// What becomes of extended attributes.
    pub xattrs: Xattrs,
}

/// Writes archives behind each other. Nothing is written if any node has no form in an archive.
pub fn write(
    archives: &[Archive<'_>],
    options: &Options,
    output: &mut dyn Write,
) -> Result<(), Error> {
    for archive in archives {
        cpio::check(archive.tree, options.xattrs).map_err(Error::Pack)?;
    }
    let mut output = Counted { output, count: 0 };
    for (number, archive) in archives.iter().enumerate() {
        if number > 0 {
            output.separate().map_err(Error::Output)?;
        }
        let fill = |stream: &mut dyn Write| match cpio::write(archive.tree, options.xattrs, stream)
        {
            Ok(()) => Ok(()),
            // What the stream does not accept is not the tree's fault.
            Err(tree::Error::Output(source)) => {
                let compression = archive.compressor.compression();
                Err(match compression {
                    Compression::None => Error::Output(source),
                    _ => Error::Compress { compression, source },
                })
            }
            Err(error) => Err(Error::Pack(error)),
        };
        compress(archive.compressor, options.threads, &mut output, fill)?;
    }
    output.flush().map_err(Error::Output)
}

struct Counted<'a> {
    output: &'a mut dyn Write,
    count: u64,
}

impl Counted<'_> {
    fn separate(&mut self) -> io::Result<()> {
        let end = (self.count + ZEROS_MIN).next_multiple_of(ALIGNMENT_BYTES);
        let zeros = [0; (ALIGNMENT_BYTES + ZEROS_MIN) as usize];
        self.write_all(&zeros[..(end - self.count) as usize])
    }
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.output.write(bytes)?;
        self.count += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
