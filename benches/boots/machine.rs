//! One machine for both sides of a comparison: only its files differ.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use vm_runner::{
    Accelerator, Architecture, Disk, DiskFormat, Launch, Machine, Network, Qemu, Writes, start,
};

const PATIENCE: Duration = Duration::from_secs(600);

/// What a machine boots.
pub struct Files {
    pub kernel: PathBuf,
    pub initrd: PathBuf,
    pub disk: PathBuf,
}

/// When the agent answered: in the guest's clock, and since the machine's start, in seconds.
#[derive(Clone, Copy)]
pub struct Answered {
    pub guest: f64,
    pub wall: f64,
}

/// The value of an option in a command line as `osb run --print` shows it.
pub fn value<'l>(line: &'l str, option: &str) -> &'l str {
    let (_, rest) = line.split_once(&format!(" {option} ")).expect("the option is there");
    match rest.strip_prefix('\'') {
        Some(quoted) => quoted.split('\'').next().unwrap(),
        None => rest.split(' ').next().unwrap(),
    }
}

/// Boots until the agent answers.
pub fn boot(files: &Files, parameters: &str) -> Answered {
    let mut machine = Machine::new(Architecture::X86_64, files.kernel.clone());
    machine.initrd = Some(files.initrd.clone());
    machine.kernel_words = parameters.split(' ').map(str::to_owned).collect();
    machine.network = Network::User(Vec::new());
    machine.disks = vec![disk(&files.disk)];
    let clock = Instant::now();
    let mut running = start(Launch {
        machine: &machine,
        hypervisor: &Qemu::default(),
        accelerator: Accelerator::Emulation,
        live: None,
        limit: Some(PATIENCE),
    })
    .unwrap();
    let session = running.session(PATIENCE).unwrap_or_else(|error| panic!("{error}"));
    let (guest, wall) = (session.agent().uptime.as_secs_f64(), clock.elapsed().as_secs_f64());
    running.stop();
    Answered { guest, wall }
}

fn disk(path: &Path) -> Disk {
    Disk { path: path.to_owned(), format: DiskFormat::Raw, writes: Writes::Forgotten, serial: None }
}
