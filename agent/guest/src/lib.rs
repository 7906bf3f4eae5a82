//! What runs in the guest: its init, and the server of commands that osb talks to.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod accounts;
mod child;
mod clock;
mod command;
mod dying;
mod environment;
mod inlet;
mod kernel;
mod outgoing;
mod outlet;
mod server;
mod session;
mod small_file;
mod spawn;
mod transfer;

pub use server::Server;
pub use session::LinkKind;
