//! Reading parts of one content after another.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fd::OwnedFd;
use rustix::fs::{CWD, Mode, OFlags, openat};

use super::Content;

/// Reads parts of one content after another; each thread has its own.
///
/// The file that the last part came from stays open, and the directory of that file: the next often
/// is of it too, or beside it.
#[derive(Debug, Default)]
pub struct PartReader {
    open: Option<(Arc<Path>, File)>,
    directory: Option<(PathBuf, OwnedFd)>,
}

impl PartReader {
    /// Fills the buffer with the bytes at `offset`; that there are too few is an error.
    pub fn read_exact_at(
        &mut self,
        content: &Content,
        offset: u64,
        buffer: &mut [u8],
    ) -> io::Result<()> {
        let end = offset.checked_add(buffer.len() as u64);
        if end.is_none_or(|end| end > content.length()) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match content {
            Content::Inline(bytes) => {
                let start = usize::try_from(offset).map_err(io::Error::other)?;
                buffer.copy_from_slice(&bytes[start..start + buffer.len()]);
                Ok(())
            }
            Content::Span { file, offset: start, .. } => {
                self.file(file)?.read_exact_at(buffer, start + offset)
            }
            Content::Made(source) => source.read_at(offset, buffer),
        }
    }

    /// Fills the buffer with the bytes from `offset` on; what lies behind their end is zero.
    pub fn fill(&mut self, content: &Content, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let left = content.length().saturating_sub(offset);
        let count = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let (bytes, behind) = buffer.split_at_mut(count);
        behind.fill(0);
        if bytes.is_empty() { Ok(()) } else { self.read_exact_at(content, offset, bytes) }
    }

    /// Opens `wanted` unless it is open.
    pub(super) fn file(&mut self, wanted: &Arc<Path>) -> io::Result<&File> {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn parts_of_files_side_by_side_are_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        fs_err::create_dir(directory.path().join("below")).unwrap();
        let span = |name: &str| {
            let path = directory.path().join(name);
            fs_err::write(&path, format!("-{name}-")).unwrap();
            Content::Span { file: path.into(), offset: 1, length: name.len() as u64 }
        };
        let mut reader = PartReader::default();
        for name in ["one", "two", "below/one", "below/two", "one"] {
            let content = span(name);
            let mut bytes = vec![0; name.len() - 1];
            reader.read_exact_at(&content, 1, &mut bytes).unwrap();
            assert_eq!(bytes, name.as_bytes()[1..]);
            assert!(reader.read_exact_at(&content, 2, &mut bytes).is_err());
            let mut bytes = [7; 12];
            reader.fill(&content, 2, &mut bytes).unwrap();
            assert_eq!(bytes[..name.len() - 2], name.as_bytes()[2..]);
            assert!(bytes[name.len() - 2..].iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn a_file_that_is_gone_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let file: Arc<Path> = directory.path().join("gone").into();
        let error = PartReader::default().file(&file).unwrap_err();
        assert!(error.to_string().contains("/gone"), "{error}");
    }
}
