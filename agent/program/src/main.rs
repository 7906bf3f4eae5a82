//! `osb-agent`: the guest agent, and in a boot initrd what mounts the root and hands over to it.

#![no_std]
#![no_main]

extern crate alloc;

mod heap;
mod memory;
mod panic;
mod start;

use handover::CONFIGURATION;
use rustix::fs::{Access, access};
use rustix::process::getpid;

/// What the program does, once there are arguments, an environment and a heap.
fn main(arguments: &[&[u8]], environment: &[&[u8]]) -> i32 {
    if getpid().is_init() && access(CONFIGURATION, Access::EXISTS).is_ok() {
        return handover::run(arguments, environment);
    }
    guest_agent::run(arguments, environment)
}
