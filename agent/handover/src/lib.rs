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
use alloc::vec::Vec;

use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::system::{RebootCommand, reboot};

pub use configuration::{BadLine, Configuration, Module, Root, Verity};

use crate::failure::Failure;
use crate::report::Report;

/// Where everything of the boot initrd is that does not belong to the guest.
pub const DIRECTORY: &str = "/osb-boot";
/// Where the configuration is.
pub const CONFIGURATION: &str = "/osb-boot/config";
/// No configuration and no command line is longer.
const FILE_BYTES_MAX: usize = 1 << 20;

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
    // A guest that is an archive, too, is not to find anything mounted.
    let (devices, processes) = (format!("{DIRECTORY}/dev"), format!("{DIRECTORY}/proc"));
    root::mount_system("devtmpfs", &devices)?;
    report.open(&devices);
    root::mount_system("proc", &processes)?;
    let configuration = configuration()?;
    modules::load(&configuration.modules, &command_line(&processes), report)?;
    report.milestone("modules loaded");
    let Some(root) = &configuration.root else {
        switch::leave_archive([&devices, &processes])?;
        return Ok(configuration.init);
    };
    root::mount_system("sysfs", "/sys")?;
    switch::move_mount(&devices, "/dev")?;
    switch::move_mount(&processes, "/proc")?;
    let kind = root::mount_root(root)?;
    report.milestone(&format!("root mounted ({kind})"));
    switch::switch()?;
    Ok(configuration.init)
}

fn configuration() -> Result<Configuration, Failure> {
    let bytes = read(CONFIGURATION).map_err(|cause| Failure::Configuration { cause })?;
    String::from_utf8_lossy(&bytes).parse().map_err(Failure::BadLine)
}

/// What the kernel was told; nothing if it does not say.
fn command_line(processes: &str) -> String {
    let bytes = read(&format!("{processes}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The bytes of a file, up to a limit.
fn read(path: &str) -> Result<Vec<u8>, Errno> {
    let file = open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    while bytes.len() < FILE_BYTES_MAX {
        match rustix::io::read(&file, &mut buffer)? {
            0 => break,
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    }
    Ok(bytes)
}
