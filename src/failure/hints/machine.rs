//! Failures of virtual machines.

use std::error::Error;

use vm_runner::Error as MachineError;

use super::{Diagnosis, Kind, as_a};
use crate::boot::BootError;

/// Knows the errors of machines, and of artifacts that cannot be booted.
pub fn diagnose(layer: &(dyn Error + 'static)) -> Option<Diagnosis> {
    if let Some(error) = as_a::<BootError>(layer) {
        return Some((Kind::Recipe, error.hints()));
    }
    let (kind, hint) = of_machine(as_a::<MachineError>(layer)?);
    Some((kind, hint.into_iter().collect()))
}

fn of_machine(error: &MachineError) -> (Kind, Option<String>) {
    let some = |hint: &str| Some(hint.to_owned());
    match error {
        MachineError::Unsound(_) => (Kind::Recipe, None),
        MachineError::Missing { package, .. } => {
            (Kind::Machine, Some(format!("where there is apt: apt-get install {package}")))
        }
        MachineError::NoKvm { .. } => {
            (Kind::Machine, some("--accel auto takes emulation where kvm does not work"))
        }
        MachineError::NoKernel { .. } => {
            (Kind::Machine, some("is --kernel a kernel for this guest's processor?"))
        }
        MachineError::NoAgent { .. } => (
            Kind::Machine,
            some("--console shows what the guest does; --boot-timeout gives it more time"),
        ),
        MachineError::Ended { console, .. } if console.0.is_empty() => {
            (Kind::Machine, some("is --memory enough for the kernel and its initrd?"))
        }
        MachineError::TimeLimit { .. } => (Kind::Machine, None),
        MachineError::Unsupported { .. }
        | MachineError::Start { .. }
        | MachineError::Refused { .. }
        | MachineError::NoPort
        | MachineError::Unbootable { .. }
        | MachineError::Panic { .. }
        | MachineError::Ended { .. }
        | MachineError::Stopped
        | MachineError::Session(_) => (Kind::Machine, None),
    }
}
