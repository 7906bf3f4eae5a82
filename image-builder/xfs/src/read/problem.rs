//! What is wrong with a part of an image, before it is known whose part it is.

use std::io;
use std::path::Path;

use crate::error::Error;

#[derive(Debug)]
pub(super) enum Problem {
    /// It contradicts the format or itself.
    Damaged(&'static str),
    /// It uses a feature that cannot be read.
    Unsupported(&'static str),
    /// It cannot be read from the image's file.
    Io(io::Error),
}

/// Fails with what is wrong unless `is_sound`.
pub(super) fn ensure(is_sound: bool, problem: &'static str) -> Result<(), Problem> {
    if is_sound { Ok(()) } else { Err(Problem::Damaged(problem)) }
}

/// Adds where in which image a problem is.
pub(super) trait At<T> {
    fn at(self, file: &Path, place: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T> At<T> for Result<T, Problem> {
    fn at(self, file: &Path, place: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|problem| {
            let file = file.to_owned();
            match problem {
                Problem::Damaged(problem) => Error::Damaged { file, place: place(), problem },
                Problem::Unsupported(feature) => {
                    Error::Unsupported { file, place: place(), feature }
                }
                Problem::Io(source) => Error::Image { file, source },
            }
        })
    }
}
