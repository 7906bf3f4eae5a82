//! What is wrong with a part of an image, before it is known whose part it is.

use std::io;
use std::path::{Path, PathBuf};

/// What is wrong with a part of an image.
#[derive(Debug)]
pub enum Problem {
    /// It contradicts the format or itself.
    Damaged(&'static str),
    /// It uses a feature that cannot be read.
    Unsupported(&'static str),
    /// It cannot be read from the image's file.
    Io(io::Error),
}

/// Why an image cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It cannot be opened or read.
    #[error("read {file}")]
    Image {
        /// The image.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is damaged, or holds another filesystem.
    #[error("{file}: {place}: {problem}")]
    Damaged {
        /// The image.
        file: PathBuf,
        /// Where in it.
        place: String,
        /// What is wrong there.
        problem: &'static str,
    },
    /// It uses a feature that cannot be read.
    #[error("{file}: {place}: {feature} cannot be read")]
    Unsupported {
        /// The image.
        file: PathBuf,
        /// Where in it.
        place: String,
        /// The feature.
        feature: &'static str,
    },
}

/// Fails with what is wrong unless `is_sound`.
pub fn ensure(is_sound: bool, problem: &'static str) -> Result<(), Problem> {
    if is_sound { Ok(()) } else { Err(Problem::Damaged(problem)) }
}

/// Adds where in which image a problem is.
pub trait At<T> {
    /// Names the image, and the place in it.
    fn at(self, file: &Path, place: impl FnOnce() -> String) -> Result<T, ReadError>;
}

impl<T> At<T> for Result<T, Problem> {
    fn at(self, file: &Path, place: impl FnOnce() -> String) -> Result<T, ReadError> {
        self.map_err(|problem| {
            let file = file.to_owned();
            match problem {
                Problem::Damaged(problem) => ReadError::Damaged { file, place: place(), problem },
                Problem::Unsupported(feature) => {
                    ReadError::Unsupported { file, place: place(), feature }
                }
                Problem::Io(source) => ReadError::Image { file, source },
            }
        })
    }
}
