//! Loads kernel modules.

use alloc::ffi::CString;
use alloc::format;
use alloc::string::String;

use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, Result};
use rustix::system::finit_module;

use crate::configuration::Module;
use crate::failure::{Failure, words};
use crate::report::Report;

/// Loads modules in their order. One that is there already is as good as loaded.
pub(crate) fn load(
    modules: &[Module],
    command_line: &str,
    report: &Report,
) -> core::result::Result<(), Failure> {
    for module in modules {
        match load_one(module, command_line) {
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

fn load_one(module: &Module, command_line: &str) -> Result<()> {
    let arguments = arguments(module, command_line);
    let arguments = CString::new(arguments).map_err(|_| Errno::INVAL)?;
    let file = open(module.path.as_str(), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    finit_module(&file, &arguments, 0)
}

/// The parameters of a module: its own, then those on the kernel's command line, such as
/// `virtio_mmio.device=...`, which the kernel itself gives only to what is built in.
fn arguments(module: &Module, command_line: &str) -> String {
    let mut arguments = module.arguments.clone();
    let file = module.path.rsplit('/').next().unwrap_or_default();
    let name = file.split('.').next().unwrap_or_default();
    for word in command_line.split_ascii_whitespace() {
        let Some((of, parameter)) = word.split_once('.') else { continue };
        if of.replace('-', "_") == name.replace('-', "_") {
            if !arguments.is_empty() {
                arguments.push(' ');
            }
            arguments.push_str(parameter);
        }
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_has_parameters_of_modules() {
        let line =
            "quiet virtio-mmio.device=512@0xd0:5 virtio_mmio.device=1@2:3 ext4.x=1 root=a.b\n";
        check("/m/virtio_mmio.ko", "", line, "device=512@0xd0:5 device=1@2:3");
        check("/m/virtio_mmio.ko", "a=b", "", "a=b");
        check("/m/ext4.ko", "a", line, "a x=1");
        check("/m/xfs.ko", "", line, "");
    }

    fn check(path: &str, own: &str, line: &str, expected: &str) {
        let module = Module { path: path.into(), arguments: own.into(), is_required: true };
        assert_eq!(arguments(&module, line), expected);
    }
}
