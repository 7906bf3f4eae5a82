//! What the sandbox processes say to each other.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use crate::call::{ToolCall, ToolStatus};
use crate::error::Failure;
use crate::owners::FileOwner;
use crate::rung::Rung;

/// What the build asks of a sandbox process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) rung: Rung,
    pub(crate) call: ToolCall,
}

/// What comes back.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Report {
    /// The tool ran and ended.
    Finished { status: ToolStatus, owners: Vec<FileOwner> },
    /// The sandbox could not be built, or the tool not be started.
    Failed { step: String, errno: i32 },
    /// The tool took on a second id where there is only one.
    SecondId { program: String, call: String },
}

impl Report {
    /// Returns the report of something that went well.
    pub(crate) fn done() -> Self {
        Report::Finished { status: ToolStatus::Exited(0), owners: Vec::new() }
    }
}

impl From<Failure> for Report {
    fn from(Failure { step, errno }: Failure) -> Self {
        Report::Failed { step, errno }
    }
}

/// Writes one report as one line.
pub(crate) fn send(report: &Report, mut to: impl Write) -> io::Result<()> {
    let mut line = serde_json::to_vec(report)?;
    line.push(b'\n');
    to.write_all(&line)
}

/// Returns the first report in `bytes`: who fails first knows why.
pub(crate) fn first_report(bytes: &[u8]) -> Option<Report> {
    let line = bytes.split(|&byte| byte == b'\n').next()?;
    serde_json::from_slice(line).ok()
}

/// Reads a request up to the end of the stream.
pub(crate) fn receive_request(mut from: impl Read) -> io::Result<Request> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes)?;
    Ok(serde_json::from_slice(&bytes)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_first_of_two_reports_counts() {
        let mut bytes = Vec::new();
        send(&Report::Failed { step: "run /bin/x".into(), errno: 2 }, &mut bytes).unwrap();
        let status = ToolStatus::Exited(127);
        send(&Report::Finished { status, owners: Vec::new() }, &mut bytes).unwrap();
        assert!(matches!(first_report(&bytes), Some(Report::Failed { errno: 2, .. })));
        assert!(first_report(b"").is_none());
    }
}
