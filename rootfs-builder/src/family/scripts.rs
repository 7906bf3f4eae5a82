//! Runs a guest's own programs while it is installed: in the sandbox, with owners recorded.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use sandbox::{Emulation, FileOwner, ToolCall, ToolOutput, ToolRunner, ToolStatus};

use tree::directory::{Owners, Written};
use tree::{Node, Tree};

use crate::progress::{Event, Progress};

/// How many lines of a failed tool's output are kept for the report.
const REPORTED_LINES: usize = 20;

/// Runs the programs of one guest.
pub(crate) struct Scripts<'a> {
    /// What runs tools.
    pub(crate) runner: &'a dyn ToolRunner,
    /// Who hears of what the scripts write.
    pub(crate) progress: &'a dyn Progress,
    /// How the guest's programs run on this host.
    pub(crate) emulation: Emulation,
    /// Seconds since 1970 that tools which ask for it get.
    pub(crate) timestamp: i64,
    /// Whether files on disk have their owners, or the sandbox records them.
    pub(crate) on_disk: Owners,
    /// Files that do not belong to root, where the sandbox records owners.
    pub(crate) owners: RefCell<Vec<FileOwner>>,
}

/// Why maintainer scripts could not be run to their end.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The sandbox could not run anything.
    #[error("run {program} in the guest")]
    Sandbox {
        /// The program.
        program: String,
        /// Why.
        source: sandbox::Error,
    },
    /// The working directory cannot be looked at.
    #[error("look at the working directory")]
    Directory(#[source] std::io::Error),
    /// A script or the tool that runs it ended badly.
    #[error("{program} in the guest: {status}{}", shown(.tail))]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: ToolStatus,
        /// The last lines that it wrote.
        tail: Vec<String>,
        /// The call, to be run again by hand.
        call: String,
    },
}

impl Scripts<'_> {
    /// Tells the sandbox who owns the files that were just written, where the disk does not.
    pub(crate) fn expect_owners(
        &self,
        root: &Path,
        tree: &Tree,
        written: &Written,
    ) -> Result<(), ScriptError> {
        let device = fs_err::metadata(root).map_err(ScriptError::Directory)?.dev();
        let mut owners = self.owners.borrow_mut();
        let inodes: BTreeSet<u64> = written.inodes().map(|(_, inode)| inode).collect();
        // A number that is used again belongs to the new file.
        owners.retain(|known| known.device != device || !inodes.contains(&known.inode));
        for (path, inode) in written.inodes() {
            let Some(Node { meta, .. }) = tree.inode(path) else { continue };
            if (meta.uid, meta.gid) != (0, 0) {
                owners.push(FileOwner { device, inode, user: meta.uid, group: meta.gid });
            }
        }
        Ok(())
    }

    /// The owners that the sandbox has recorded, by device and inode.
    pub(crate) fn recorded_owners(&self) -> BTreeMap<(u64, u64), (u32, u32)> {
        let owners = self.owners.borrow();
        owners.iter().map(|o| ((o.device, o.inode), (o.user, o.group))).collect()
    }

    /// A call of a program with the variables that make its results repeatable.
    pub(crate) fn call(&self, root: &Path, program: &str) -> ToolCall {
        let mut call = ToolCall::new(root, program)
            .variable("HOME", "/root")
            .variable("LC_ALL", "C.UTF-8")
            .variable("TERM", "dumb")
            // Perl's and Python's hashes are otherwise ordered by chance.
            .variable("PERL_HASH_SEED", "0")
            .variable("PYTHONHASHSEED", "0")
            .variable("SOURCE_DATE_EPOCH", self.timestamp.to_string());
        call.emulation = self.emulation.clone();
        call.owners = self.owners.borrow().clone();
        call
    }

    /// Runs a call; that it ends badly is an error.
    pub(crate) fn run(&self, call: ToolCall) -> Result<(), ScriptError> {
        let line = |line: &str| {
            self.progress.report(Event::ToolLine { tool: &call.program, line });
        };
        let ToolOutput { status, tail, owners } = self
            .runner
            .run(&call, &line)
            .map_err(|source| ScriptError::Sandbox { program: call.program.clone(), source })?;
        self.owners.replace(owners);
        if status.is_success() {
            return Ok(());
        }
        let tail = tail.split_at(tail.len().saturating_sub(REPORTED_LINES)).1.to_vec();
        let program = call.program.clone();
        Err(ScriptError::Failed { program, status, tail, call: call.to_string() })
    }
}

fn shown(tail: &[String]) -> String {
    tail.iter().map(|line| format!("\n  | {line}")).collect()
}
