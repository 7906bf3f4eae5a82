//! Reads parts of contents, opening the same file only once in a row.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use tree::Content;

/// Reads parts of contents; each thread has its own.
#[derive(Default)]
pub(crate) struct Sources {
    /// The next part often is of the file that the last one came from.
    open: Option<(Arc<Path>, File)>,
}

impl Sources {
    /// Fills the buffer with the bytes at `at`.
    pub(crate) fn read(&mut self, content: &Content, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        let Content::Span { file, offset, length } = content else {
            return content.open()?.read_exact_at(buffer, at);
        };
        let is_within = at.checked_add(buffer.len() as u64).is_some_and(|end| end <= *length);
        let place = offset.checked_add(at).filter(|_| is_within);
        let place = place.ok_or(io::ErrorKind::UnexpectedEof)?;
        self.open(file)?.read_exact_at(buffer, place)
    }

    fn open(&mut self, wanted: &Arc<Path>) -> io::Result<&File> {
        let file = match self.open.take() {
            Some((path, file)) if Arc::ptr_eq(&path, wanted) || path == *wanted => file,
            _ => fs_err::File::open(wanted.as_ref())?.into_file(),
        };
        Ok(&self.open.insert((wanted.clone(), file)).1)
    }
}
