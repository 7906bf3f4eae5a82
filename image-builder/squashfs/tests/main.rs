//! What is written is read by others and by ourselves, and what others write is read.
#![allow(clippy::unwrap_used, clippy::disallowed_types, clippy::disallowed_methods)]

mod foreign_readers;
mod foreign_writer;
mod hostile;
mod made;
mod round_trip;
