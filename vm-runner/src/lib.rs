//! Boots an artifact in a virtual machine and speaks with its agent.
//!
//! [`Machine`] says what the machine is, a [`Hypervisor`] makes a process of it, [`Running`] is the
//! process, its console and its end, and a [`Session`] runs commands in the guest.
//!
//! A program that uses this crate calls [`dispatch`] first thing in `main`: a machine is started
//! by that program, run again, so that it ends with its caller however the caller ends.

mod acceleration;
mod console;
mod error;
mod forward;
mod hypervisor;
mod locks;
mod machine;
mod process;
pub mod qemu;
mod running;
pub mod session;
mod text;

pub use acceleration::{Acceleration, Accelerator, Chosen, KvmTest, choose};
pub use console::{Milestone, Milestones};
pub use error::{BadForward, Error, Tail, Unsound};
pub use hypervisor::{Hypervisor, SelfTest};
pub use machine::{
    AGENT_PORT, Architecture, Disk, DiskFormat, Forward, Machine, Network, Share, ShareOwners,
    Transport, Writes,
};
pub use process::dispatch;
pub use qemu::Qemu;
pub use running::{Launch, Running, Stopper, start};
pub use session::Session;
