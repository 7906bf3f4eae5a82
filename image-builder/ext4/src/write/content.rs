//! Reads contents straight into the place from which they are written.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fd::OwnedFd;
use rustix::fs::{CWD, Mode, OFlags, openat};
use tree::Content;

/// The file that the last span came from stays open, and the directory of that file: the next often
/// is of it too, or beside it.
#[derive(Debug, Default)]
pub(super) struct ContentSource {
    open: Option<(Arc<Path>, File)>,
    directory: Option<(PathBuf, OwnedFd)>,
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
            _ => match self.open_beside(wanted) {
                Some(file) => file,
                // This names the file if it cannot be opened either.
                None => fs_err::File::open(wanted.as_ref())?.into_file(),
            },
        };
        let (_, file) = self.open.insert((wanted.clone(), file));
        Ok(file)
    }

    fn open_beside(&mut self, wanted: &Path) -> Option<File> {
        let (parent, name) = (wanted.parent()?, wanted.file_name()?);
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        if self.directory.as_ref().is_none_or(|(path, _)| path.as_os_str() != parent) {
            let directory = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let handle = openat(CWD, parent, directory, Mode::empty()).ok()?;
            self.directory = Some((parent.to_path_buf(), handle));
        }
        let (_, directory) = self.directory.as_ref()?;
        Some(openat(directory, name, flags, Mode::empty()).ok()?.into())
    }
}
