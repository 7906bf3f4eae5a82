//! Loads kernel modules.

use alloc::ffi::CString;
use alloc::format;

use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, Result};
use rustix::system::finit_module;

use crate::configuration::Module;
use crate::failure::{Failure, words};
use crate::report::Report;

/// Loads modules in their order. One that is there already is as good as loaded.
pub(crate) fn load(modules: &[Module], report: &Report) -> core::result::Result<(), Failure> {
    for module in modules {
        match load_one(module) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(cause) if module.is_required => {
                return Err(Failure::Module { path: module.path.clone(), cause });
            }
            // A faster implementation for another processor, for one, finds no device.
            Err(Errno::NODEV) => {}
            Err(cause) => report.milestone(&format!("without {}: {}", module.path, words(cause))),
        }
    }
    Ok(())
}

fn load_one(module: &Module) -> Result<()> {
    let arguments = CString::new(module.arguments.as_str()).map_err(|_| Errno::INVAL)?;
    let file = open(module.path.as_str(), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    finit_module(&file, &arguments, 0)
}
