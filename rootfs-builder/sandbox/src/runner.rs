//! The one method that users of tools know, and the double that tests use.

use std::sync::Mutex;

use crate::call::{ToolCall, ToolOutput, ToolStatus};
use crate::error::Error;

/// Runs tools.
pub trait ToolRunner {
    /// Runs `call` to its end and gives each line that it writes to `line`.
    ///
    /// A tool that ends badly is not an error here: its status says so.
    fn run(&self, call: &ToolCall, line: &dyn Fn(&str)) -> Result<ToolOutput, Error>;
}

/// Runs nothing, remembers every call, and answers that all went well.
#[derive(Debug, Default)]
pub struct Recorder {
    calls: Mutex<Vec<ToolCall>>,
}

impl Recorder {
    /// Returns a recorder that has seen nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the calls seen so far.
    pub fn calls(&self) -> Vec<ToolCall> {
        self.calls.lock().map(|calls| calls.clone()).unwrap_or_default()
    }
}

impl ToolRunner for Recorder {
    fn run(&self, call: &ToolCall, _line: &dyn Fn(&str)) -> Result<ToolOutput, Error> {
        if let Ok(mut calls) = self.calls.lock() {
            calls.push(call.clone());
        }
        let owners = call.owners.clone();
        Ok(ToolOutput { status: ToolStatus::Exited(0), tail: Vec::new(), owners })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_recorder_remembers_calls_in_order_and_runs_none() {
        let recorder = Recorder::new();
        for program in ["/bin/a", "/bin/b"] {
            let output = recorder.run(&ToolCall::new("/none", program), &|_| {}).unwrap();
            assert!(output.status.is_success());
        }
        let programs: Vec<_> = recorder.calls().into_iter().map(|call| call.program).collect();
        assert_eq!(programs, ["/bin/a", "/bin/b"]);
    }
}
