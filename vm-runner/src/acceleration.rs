//! Chooses between the host's processor and an emulated one.
//!
//! That `/dev/kvm` opens proves nothing: on some hosts it opens and the first machine hangs, on
//! others it is the opening that hangs. So only a child ever touches it, and only for a moment.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use rustix::fs::{Access, Mode, OFlags};

use crate::error::Error;
use crate::hypervisor::Hypervisor;
use crate::machine::Architecture;
use crate::process::{End, Process};

/// How it is found out whether KVM works.
#[derive(Debug, Clone)]
pub struct KvmTest {
    /// Where Linux offers its processor to machines.
    pub device: PathBuf,
    /// How long the self-test may take; it takes 0.2 s where KVM works.
    pub limit: Duration,
}

impl Default for KvmTest {
    fn default() -> Self {
        KvmTest { device: "/dev/kvm".into(), limit: Duration::from_secs(2) }
    }
}

/// What the caller wants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Acceleration {
    /// KVM if it works, else emulation.
    #[default]
    Detect,
    /// KVM, or nothing.
    Kvm,
    /// Emulation, even where KVM works.
    Emulation,
}

/// What executes the guest's instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accelerator {
    /// The host's processor.
    Kvm,
    /// A program.
    Emulation,
}

/// A choice and its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// What executes the guest's instructions.
    pub accelerator: Accelerator,
    /// Why, in a few words for people.
    pub why: String,
}

/// Chooses what machines of an architecture run on.
///
/// A program that starts many machines asks once, and keeps the answer.
///
/// # Errors
///
/// If KVM is asked for and does not work, or if the hypervisor is missing.
pub fn choose(
    wanted: Acceleration,
    hypervisor: &dyn Hypervisor,
    architecture: Architecture,
    test: &KvmTest,
) -> Result<Chosen, Error> {
    let emulation = |why: String| Ok(Chosen { accelerator: Accelerator::Emulation, why });
    match wanted {
        Acceleration::Emulation => emulation("emulation was asked for".into()),
        Acceleration::Detect | Acceleration::Kvm => {
            match find_obstacle(hypervisor, architecture, test)? {
                None => {
                    let why = "kvm passed its self-test".into();
                    Ok(Chosen { accelerator: Accelerator::Kvm, why })
                }
                Some(why) if wanted == Acceleration::Kvm => Err(Error::NoKvm { why }),
                Some(why) => emulation(why),
            }
        }
    }
}

/// Returns why KVM cannot be used, if so.
fn find_obstacle(
    hypervisor: &dyn Hypervisor,
    architecture: Architecture,
    test: &KvmTest,
) -> Result<Option<String>, Error> {
    let name = architecture.name();
    if !architecture.is_host() {
        return Ok(Some(format!("this host's processor is not {name}")));
    }
    // This asks about the file without opening the device.
    let device = &test.device;
    match rustix::fs::access(device, Access::READ_OK | Access::WRITE_OK) {
        Ok(()) => self_test(hypervisor, architecture, test),
        Err(rustix::io::Errno::ACCESS) => {
            Ok(Some(format!("this user may not open {}", device.display())))
        }
        Err(_) => Ok(Some(format!("there is no {}", device.display()))),
    }
}

fn self_test(
    hypervisor: &dyn Hypervisor,
    architecture: Architecture,
    test: &KvmTest,
) -> Result<Option<String>, Error> {
    let program = hypervisor.program(architecture);
    let KvmTest { device, limit } = test;
    let test = hypervisor.self_test(architecture);
    let start = |source| Error::Start { program: program.clone(), source };
    let firmware = in_memory(&test.firmware).map_err(start)?;
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty());
    let null = null.map_err(|errno| start(errno.into()))?;
    let process = Process::start(&program, &test.arguments, (firmware, null), Box::new(|| false))
        .map_err(start)?;
    let end = process.wait(Some(*limit));
    // If it hangs in the kernel even this does not end it, so nobody waits for it.
    process.kill();
    let device = device.display();
    match end {
        None => Ok(Some(format!("{device} hangs: its self-test did not end in time"))),
        Some(End { code: Some(code), .. }) if code == test.status => Ok(None),
        Some(end) if end.is_missing() => {
            Err(Error::Missing { program, package: hypervisor.package(architecture) })
        }
        Some(end) => {
            let said = process.errors().0.pop().unwrap_or_else(|| end.to_string());
            Ok(Some(format!("{device} does not work: {said}")))
        }
    }
}

/// A file without a name that holds these bytes.
fn in_memory(bytes: &[u8]) -> std::io::Result<OwnedFd> {
    let flags = rustix::fs::MemfdFlags::CLOEXEC;
    let mut file = std::fs::File::from(rustix::fs::memfd_create("firmware", flags)?);
    file.write_all(bytes)?;
    Ok(file.into())
}
