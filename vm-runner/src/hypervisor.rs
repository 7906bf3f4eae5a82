//! The seam behind which every hypervisor is the same.

use std::ffi::OsString;

use crate::acceleration::Accelerator;
use crate::error::Error;
use crate::machine::{Architecture, Machine};

/// What must be known of a hypervisor to start a machine with it.
///
/// Its program finds the agent's port as a connected socket at its standard input, the console at
/// its standard output, and tells its troubles on its standard error.
pub trait Hypervisor {
    /// Its name, as people say it.
    fn name(&self) -> &'static str;

    /// The program that is this hypervisor for machines of an architecture.
    fn program(&self, architecture: Architecture) -> OsString;

    /// The package that usually holds this program.
    fn package(&self, architecture: Architecture) -> &'static str;

    /// Refuses a machine that it cannot be.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] says what it lacks.
    fn check(&self, machine: &Machine) -> Result<(), Error>;

    /// The arguments that make it this machine.
    fn arguments(&self, machine: &Machine, accelerator: Accelerator) -> Vec<OsString>;

    /// How it proves that KVM works.
    fn self_test(&self, architecture: Architecture) -> SelfTest;
}

/// The smallest machine that executes an instruction.
#[derive(Debug, Clone)]
pub struct SelfTest {
    /// The arguments that make the hypervisor this machine, with KVM.
    pub arguments: Vec<OsString>,
    /// The firmware, which it reads from its standard input.
    pub firmware: Vec<u8>,
    /// The exit status by which the firmware says that it ran.
    pub status: i32,
}
