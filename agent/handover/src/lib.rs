//! The first process of a boot initrd: loads modules, mounts the root and starts its init.
//!
//! `initrd-builder` writes the [`Configuration`], and this crate obeys it inside the guest, without a
//! standard library. Whatever fails is said in one sentence on the console, and the guest goes off:
//! nobody waits for a guest that cannot boot.

#![cfg_attr(not(test), no_std)]
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

extern crate alloc;

mod configuration;
mod device;
mod execute;
mod failure;
mod mapper;
mod modules;
mod options;
mod report;
mod root;
mod switch;

use alloc::format;
use alloc::string::String;

use rustix::fs::{Mode, OFlags, open};
use rustix::system::{RebootCommand, reboot};

pub use configuration::{BadLine, Configuration, Module, Root, Verity};

use crate::failure::Failure;
use crate::report::Report;

/// Where everything of the boot initrd is that does not belong to the guest.
pub const DIRECTORY: &str = "/osb-boot";
/// Where the configuration is.
pub const CONFIGURATION: &str = "/osb-boot/config";
/// Longer configurations are a mistake.
const CONFIGURATION_BYTES_MAX: usize = 1 << 20;

/// Hands over to the guest's init, with the arguments and environment that the kernel gave.
///
/// It returns only if the guest cannot even be powered off.
pub fn run(arguments: &[&[u8]], environment: &[&[u8]]) -> i32 {
    let mut report = Report::default();
    let failure = hand_over(arguments, environment, &mut report);
    report.failure(&failure);
    rustix::fs::sync();
    // There is nothing more to do if this fails, too: the kernel then says that its init ended.
    let _ = reboot(RebootCommand::PowerOff);
    1
}

fn hand_over(arguments: &[&[u8]], environment: &[&[u8]], report: &mut Report) -> Failure {
    match prepare(report) {
        Ok(init) => {
            report.milestone(&format!("starting {init}"));
            Failure::Start {
                init: init.clone(),
                cause: execute::start(&init, arguments, environment),
            }
        }
        Err(failure) => failure,
    }
}

/// Does all that comes before the guest's init; returns which one that is.
fn prepare(report: &mut Report) -> Result<String, Failure> {
    // The archive of the guest, when there is one, is not to find anything mounted.
    let devices = format!("{DIRECTORY}/dev");
    root::mount_system("devtmpfs", &devices)?;
    report.open(&devices);
    let configuration = configuration()?;
    modules::load(&configuration.modules, report)?;
    report.milestone("modules loaded");
    let Some(root) = &configuration.root else {
        switch::leave_archive(&devices)?;
        return Ok(configuration.init);
    };
    root::mount_system("proc", "/proc")?;
    root::mount_system("sysfs", "/sys")?;
    switch::move_devices(&devices)?;
    let kind = root::mount_root(root)?;
    report.milestone(&format!("root mounted ({kind})"));
    switch::switch()?;
    Ok(configuration.init)
}

fn configuration() -> Result<Configuration, Failure> {
    let unreadable = |cause| Failure::Configuration { cause };
    let file = open(CONFIGURATION, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
    let file = file.map_err(unreadable)?;
    let mut bytes = alloc::vec![0; CONFIGURATION_BYTES_MAX];
    let mut length = 0;
    while length < bytes.len() {
        match rustix::io::read(&file, &mut bytes[length..]).map_err(unreadable)? {
            0 => break,
            count => length += count,
        }
    }
    let text = String::from_utf8_lossy(&bytes[..length]);
    text.parse().map_err(Failure::BadLine)
}
