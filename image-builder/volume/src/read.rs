//! Reads a filesystem where it lies in an image: what is alike in several formats.

mod claims;
mod content;
mod image;
mod problem;

pub use claims::Claims;
pub use content::{Run, content};
pub use image::Image;
pub use problem::{At, Problem, ReadError, ensure};
