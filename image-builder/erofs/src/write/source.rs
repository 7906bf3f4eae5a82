//! Reads contents, and keeps the file of the last one open: the next often is of it too.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use tree::Content;

/// Reads contents at any place.
#[derive(Debug, Default)]
pub(crate) struct Source {
    open: Option<(Arc<Path>, File)>,
}

impl Source {
    /// Fills the buffer with the bytes at `offset` of a content.
    pub(crate) fn read_at(
        &mut self,
        content: &Content,
        offset: u64,
        buffer: &mut [u8],
    ) -> io::Result<()> {
        match content {
            Content::Inline(_) | Content::Made(_) => content.open()?.read_exact_at(buffer, offset),
            Content::Span { file, offset: start, .. } => {
                self.file(file)?.read_exact_at(buffer, start + offset)
            }
        }
    }

    fn file(&mut self, wanted: &Arc<Path>) -> io::Result<&File> {
        let file = match self.open.take() {
            Some((path, file)) if path == *wanted => file,
            _ => fs_err::File::open(wanted.as_ref())?.into_file(),
        };
        Ok(&self.open.insert((wanted.clone(), file)).1)
    }
}
