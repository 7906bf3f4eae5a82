//! Why a `Release` file is not taken.

use crate::utc;

/// A `Release` file is damaged, is of something else, or lacks what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// It is not UTF-8.
    #[error("the release file is not UTF-8")]
    Encoding,
    /// A line is neither a field nor the continuation of one.
    #[error("line {line} of the release file is not a field")]
    Malformed {
        /// The line, counted from 1.
        line: usize,
    },
    /// Something is said twice.
    #[error("the release file says {what} twice")]
    Duplicate {
        /// The field or path.
        what: String,
    },
    /// A field that every archive has is not there.
    #[error("the release file has no field {field}")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A date cannot be read.
    #[error("{field} of the release file, {value:?}, is not a date in UTC")]
    Date {
        /// The field.
        field: &'static str,
        /// What it holds.
        value: String,
    },
    /// A line of the list of files cannot be read.
    #[error("the release file lists {line:?}, which is not a digest, a size and a path")]
    File {
        /// The line.
        line: String,
    },
    /// The list of files is longer than any honest one.
    #[error("the release file lists more than {limit} files")]
    TooManyFiles {
        /// The limit.
        limit: usize,
    },
    /// It is the file of another suite.
    #[error("asked for suite {wanted}, got the release file of {found}")]
    Suite {
        /// What was asked for.
        wanted: String,
        /// What came.
        found: String,
    },
    /// It does not hold any more.
    #[error(
        "the release file expired {} ago, on {}; this machine's clock says {}",
        utc::format_span(now - until), utc::format(*until), utc::format(*now)
    )]
    Expired {
        /// Until when it held, in seconds since 1970.
        until: i64,
        /// The time it was checked for.
        now: i64,
    },
    /// It does not hold yet.
    #[error(
        "the release file is of {}, {} from now; this machine's clock says {}",
        utc::format(*date), utc::format_span(date - now), utc::format(*now)
    )]
    FromFuture {
        /// Its date, in seconds since 1970.
        date: i64,
        /// The time it was checked for.
        now: i64,
    },
    /// The suite has no such component.
    #[error("there is no component {component}; there are: {known}")]
    NoComponent {
        /// What was asked for.
        component: String,
        /// What there is.
        known: String,
    },
    /// The suite is not made for the architecture.
    #[error("there is no architecture {arch}; there are: {known}")]
    NoArchitecture {
        /// What was asked for.
        arch: String,
        /// What there is.
        known: String,
    },
    /// The index is not listed.
    #[error("the release file does not list {path}")]
    NoIndex {
        /// The index.
        path: String,
    },
}
