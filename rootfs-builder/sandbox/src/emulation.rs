//! How programs of a guest's machine run on this host.

use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::{MemfdFlags, Mode, OFlags};
use rustix::mount::MountAttrFlags;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Failure, Step};
use crate::machine::Machine;
use crate::rung::Rung;
use crate::view::new_mount;

/// How programs of a guest's machine run on this host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Emulation {
    /// The processor runs them, or the host's own registration of an emulator does.
    Native,
    /// An emulator, registered for the sandbox alone.
    Private {
        /// The machine of the programs.
        machine: Machine,
        /// The static emulator on the host.
        interpreter: PathBuf,
    },
}

/// The first Linux whose registrations can be private to a user namespace.
const PRIVATE_SINCE: (u32, u32) = (6, 7);

impl Emulation {
    /// Decides how tools on `rung` run programs for `machine`.
    pub fn find(machine: Machine, rung: Rung) -> Result<Self, Error> {
        if Machine::host() == Some(machine) || runs_as_it_is(machine, rung) {
            return Ok(Emulation::Native);
        }
        let name = machine.format().emulator;
        let refuse = |reason: &str, fix: &str| Error::Emulation {
            architecture: name.to_owned(),
            reason: reason.to_owned(),
            fix: Some(fix.to_owned()),
        };
        let Some(interpreter) = installed_emulator(name) else {
            return Err(refuse("no static emulator is installed", "apt install qemu-user-static"));
        };
        if rung.has_namespaces() && kernel_release() >= PRIVATE_SINCE {
            return Ok(Emulation::Private { machine, interpreter });
        }
        // Not the first choice: it works for every program of the host, not just for ours.
        let fix = "apt install binfmt-support qemu-user-static";
        Err(refuse("the emulator is not registered with the kernel", fix))
    }
}

/// Tells whether programs for `machine` run in a guest without anything being done.
fn runs_as_it_is(machine: Machine, rung: Rung) -> bool {
    let has_compatible_processor = matches!(
        (Machine::host(), machine),
        (Some(Machine::X8664), Machine::X86) | (Some(Machine::Aarch64), Machine::Arm)
    );
    // A container's kernel may have a registration that the container cannot look at.
    let is_blind = !rung.has_namespaces();
    (has_compatible_processor || is_blind) && runs_smallest_program(machine).unwrap_or(false)
        || is_registered_with_open_file(machine.format().emulator)
}

/// Runs the smallest program for `machine` from memory.
fn runs_smallest_program(machine: Machine) -> io::Result<bool> {
    let file = rustix::fs::memfd_create("smallest", MemfdFlags::CLOEXEC | MemfdFlags::EXEC)
        .or_else(|_| rustix::fs::memfd_create("smallest", MemfdFlags::CLOEXEC))?;
    rustix::io::write(&file, &machine.smallest_program())?;
    let own = rustix::process::getpid().as_raw_nonzero();
    let path = format!("/proc/{own}/fd/{}", file.as_raw_fd());
    // A file open for writing is busy; this opens it again, and only for reading.
    let reader = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    drop(file);
    let path = format!("/proc/{own}/fd/{}", reader.as_raw_fd());
    let nothing = Stdio::null;
    let status =
        Command::new(path).stdin(nothing()).stdout(nothing()).stderr(nothing()).status()?;
    Ok(status.success())
}

/// Tells whether the host has registered an emulator in the way that works inside any root.
fn is_registered_with_open_file(emulator: &str) -> bool {
    let entry = fs_err::read_to_string(format!("/proc/sys/fs/binfmt_misc/qemu-{emulator}"));
    entry.is_ok_and(|entry| is_usable_entry(&entry))
}

fn is_usable_entry(entry: &str) -> bool {
    let mut lines = entry.lines();
    let is_enabled = lines.next() == Some("enabled");
    let opens_at_once =
        |line: &str| line.strip_prefix("flags:").is_some_and(|flags| flags.contains('F'));
    is_enabled && lines.any(opens_at_once)
}

fn installed_emulator(name: &str) -> Option<PathBuf> {
    let names = [format!("qemu-{name}-static"), format!("qemu-{name}")];
    ["/usr/bin", "/usr/local/bin", "/usr/libexec/qemu-binfmt"]
        .into_iter()
        .flat_map(|folder| names.each_ref().map(|name| Path::new(folder).join(name)))
        .find(|file| is_static_program(file).unwrap_or(false))
}

/// Tells whether a program needs no loader: the guest has none for the host's programs.
fn is_static_program(path: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    fs_err::File::open(path)?.take(4096).read_to_end(&mut start)?;
    Ok(names_no_loader(&start).unwrap_or(false))
}

/// Looks through the segments of a program of the host's own word size and byte order.
fn names_no_loader(start: &[u8]) -> Option<bool> {
    const LOADER_SEGMENT: u32 = 3;
    let half = |at: usize| Some(u16::from_ne_bytes(start.get(at..at + 2)?.try_into().ok()?));
    let word = |at: usize| Some(u32::from_ne_bytes(start.get(at..at + 4)?.try_into().ok()?));
    let is_64_bit = cfg!(target_pointer_width = "64");
    if !start.starts_with(b"\x7fELF") || (start.get(4) == Some(&2)) != is_64_bit {
        return None;
    }
    let (table, size, count) = if is_64_bit { (32, 54, 56) } else { (28, 42, 44) };
    let (table, size, count) = (word(table)? as usize, half(size)? as usize, half(count)?);
    for index in 0..usize::from(count) {
        if word(table + index * size)? == LOADER_SEGMENT {
            return Some(false);
        }
    }
    Some(true)
}

fn kernel_release() -> (u32, u32) {
    let release = rustix::system::uname();
    parse_release(&release.release().to_string_lossy()).unwrap_or_default()
}

fn parse_release(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|character: char| !character.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Registers an emulator in this process's user namespace; it lasts as long as the result.
///
/// Only for a user namespace of our own: elsewhere it would be the host's registration.
pub(crate) fn register(machine: Machine, interpreter: &Path) -> Result<OwnedFd, Failure> {
    let mount = new_mount("binfmt_misc", &[], MountAttrFlags::empty())
        .step("make a place for the emulator's registration")?;
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    let control = rustix::fs::openat(&mount, "register", flags, Mode::empty())
        .step("register the emulator")?;
    match rustix::io::write(&control, rule(machine, interpreter).as_bytes()) {
        // Another tool of this build runs at the same time, and registered it.
        Ok(_) | Err(rustix::io::Errno::EXIST) => Ok(mount),
        Err(error) => Err(error).step("register the emulator"),
    }
}

/// Returns the kernel's rule that has `interpreter` run programs for `machine`.
fn rule(machine: Machine, interpreter: &Path) -> String {
    let format = machine.format();
    let [class, order] = [u8::from(format.is_64_bit) + 1, u8::from(format.is_big_endian) + 1];
    let mut magic = vec![0x7f, b'E', b'L', b'F', class, order, 1];
    // Any operating system's convention will do.
    let mut mask = vec![0xff; 7];
    mask.push(0);
    mask.resize(20, 0xff);
    magic.resize(16, 0);
    // Programs are of type 2, or 3 if they can lie anywhere.
    if format.is_big_endian {
        magic.extend_from_slice(&[0, 2]);
        magic.extend_from_slice(&format.number.to_be_bytes());
        mask[17] = 0xfe;
    } else {
        magic.extend_from_slice(&[2, 0]);
        magic.extend_from_slice(&format.number.to_le_bytes());
        mask[16] = 0xfe;
    }
    let escaped =
        |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect() };
    // F: opened now, so that the guest need not have it. P: programs see the name they were given.
    let (magic, mask) = (escaped(&magic), escaped(&mask));
    format!(":osb-{}:M::{magic}:{mask}:{}:FP", format.emulator, interpreter.display())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::print_stdout)]
    use super::*;

    #[test]
    fn a_rule_has_the_magic_that_the_kernel_documents_for_the_machine() {
        let path = Path::new("/usr/bin/qemu-aarch64-static");
        let ident =
            "\\x7f\\x45\\x4c\\x46\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00";
        let any =
            "\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff";
        let expected = format!(
            ":osb-aarch64:M::{ident}\\x02\\x00\\xb7\\x00:{any}\\xfe\\xff\\xff\\xff:{}:FP",
            path.display()
        );
        assert_eq!(rule(Machine::Aarch64, path), expected);
    }

    #[test]
    fn only_an_enabled_registration_with_an_open_file_serves_a_guest() {
        let entry = |state: &str, flags: &str| {
            format!("{state}\ninterpreter /usr/bin/qemu\nflags: {flags}\noffset 0\nmagic 7f\n")
        };
        assert!(is_usable_entry(&entry("enabled", "OCF")));
        assert!(!is_usable_entry(&entry("enabled", "OC")));
        assert!(!is_usable_entry(&entry("disabled", "OCF")));
    }

    #[test]
    fn releases_compare_as_numbers() {
        assert!(parse_release("6.10.1-generic") > parse_release("6.7.0"));
        assert_eq!(parse_release("5.15"), Some((5, 15)));
        assert_eq!(parse_release("x"), None);
    }

    #[test]
    fn the_smallest_programs_run_in_their_emulators() {
        for machine in Machine::ALL {
            let name = machine.format().emulator;
            let Some(emulator) = installed_emulator(name) else {
                println!("skipped: no emulator for {name}");
                continue;
            };
            let path = std::env::temp_dir().join(format!("smallest-{name}-{}", std::process::id()));
            std::fs::write(&path, machine.smallest_program()).unwrap();
            let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(&path, executable).unwrap();
            let status = Command::new(emulator).arg(&path).status().unwrap();
            std::fs::remove_file(&path).unwrap();
            assert_eq!(status.code(), Some(0), "{name}");
        }
    }

    #[test]
    fn the_smallest_program_is_static_and_runs_on_its_own_machine() {
        let Some(host) = Machine::host() else { return };
        assert_eq!(names_no_loader(&host.smallest_program()), Some(true));
        assert!(runs_smallest_program(host).is_ok_and(|runs| runs));
    }
}
