//! Runs one tool that sees only what it was given.
//!
//! The only crate of the workspace that starts processes, mounts, changes its root or holds
//! `unsafe`. Its README tells the story of one call from start to end.
//!
//! A program that uses this crate calls [`dispatch`] first thing in `main`: the sandbox runs that
//! program again as its helper, because namespaces must be entered before any thread exists.

#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

mod call;
mod child;
mod emulation;
mod enter;
mod error;
mod filter;
mod forward;
mod init;
mod machine;
mod numbers;
mod owners;
mod privileges;
mod probe;
mod process;
mod run;
mod rung;
mod runner;
mod scratch;
mod stand_ins;
mod subids;
mod tail;
mod tool;
mod view;
mod wire;
mod workdir;
mod world;

pub use call::{Input, Network, ToolCall, ToolOutput, ToolStatus};
pub use child::dispatch;
pub use emulation::Emulation;
pub use enter::enter;
pub use error::Error;
pub use machine::Machine;
pub use owners::FileOwner;
pub use probe::{Host, HostReport, RungReport, Verdict};
pub use run::Sandbox;
pub use rung::Rung;
pub use runner::{Recorder, ToolRunner};
pub use scratch::{Scratch, mount_scratch};
pub use workdir::WorkDir;
