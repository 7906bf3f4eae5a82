//! What runs in the guest: its init, and the server of commands that osb talks to.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod accounts;
mod agent;
mod child;
mod clock;
mod command;
mod command_line;
mod console;
mod dhcp;
mod dying;
mod environment;
mod init;
mod inlet;
mod interface;
mod kernel;
mod link;
mod network;
mod outgoing;
mod outlet;
mod power;
mod server;
mod session;
mod small_file;
mod spawn;
mod transfer;

pub use agent::run;
pub use server::Server;
pub use session::LinkKind;
