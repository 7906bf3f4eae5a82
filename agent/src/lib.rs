//! Puts a guest agent into a tree, as its init or as a service, and proves that it can run there.
//!
//! [`build`] makes an agent from its sources on the host; [`install`] does the rest and touches
//! nothing but the tree and its working directory.

#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

mod bring;
mod check;
mod error;
mod guest;
mod init;
mod install;
mod machine;
mod name;
mod service;
mod source;
mod spec;
mod tarball;

pub use check::{Reason, check};
pub use error::Error;
pub use install::{Installed, install};
pub use machine::Machine;
pub use service::Manager;
pub use source::{BuildError, BuildSpec, Built, HostCall, HostOutput, HostTools, Processes, build};
pub use spec::{AgentSpec, Options, Origin, Place};
