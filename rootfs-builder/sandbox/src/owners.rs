//! Owners of files, where they are recorded rather than performed.
//!
//! With a single id the kernel knows one owner only. A supervisor then answers the system calls
//! that give files away with "done", writes down who was meant, and tells that to those who look.
//! What cannot be told truthfully, such as a process of another user, ends the run with an error.

mod answers;
mod calls;
mod creation;
mod ledger;
mod notifications;
mod shapes;
mod supervisor;
mod tracee;

use serde::{Deserialize, Serialize};

pub(crate) use calls::{OpenFlags, Watch, watched};
pub(crate) use supervisor::{Supervisor, Violation, hand_over};

/// Who owns one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileOwner {
    /// The number of the file's device.
    pub device: u64,
    /// The file's inode number on it.
    pub inode: u64,
    /// The owning user.
    pub user: u32,
    /// The owning group.
    pub group: u32,
}

/// Tells whether owners can be recorded on a host like the one this was built for.
pub(crate) const fn is_supported() -> bool {
    cfg!(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))
}
