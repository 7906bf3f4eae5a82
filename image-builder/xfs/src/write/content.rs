//! Reads contents straight into the place from which they are written.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use tree::Content;

/// The file that the last span came from stays open: the next often is of it too.
#[derive(Debug, Default)]
pub(super) struct ContentSource {
    open: Option<(Arc<Path>, File)>,
}

impl ContentSource {
    /// Fills the buffer with the bytes from `position` on; what lies behind their end is zero.
    pub(super) fn fill(
        &mut self,
        content: &Content,
        position: u64,
        buffer: &mut [u8],
    ) -> io::Result<()> {
        let left = content.length().saturating_sub(position);
        let count = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let (bytes, behind) = buffer.split_at_mut(count);
        behind.fill(0);
        match content {
            Content::Inline(all) => {
                let start = usize::try_from(position).map_err(io::Error::other)?;
                bytes.copy_from_slice(&all[start..start + count]);
                Ok(())
            }
            Content::Span { file, offset, .. } => {
                self.open(file)?.read_exact_at(bytes, offset + position)
            }
            Content::Made(source) => source.read_at(position, bytes),
        }
    }

    fn open(&mut self, wanted: &Arc<Path>) -> io::Result<&File> {
        let file = match self.open.take() {
            Some((path, file)) if Arc::ptr_eq(&path, wanted) || path == *wanted => file,
            _ => fs_err::File::open(wanted.as_ref())?.into_file(),
        };
        let (_, file) = self.open.insert((wanted.clone(), file));
        Ok(file)
    }
}
