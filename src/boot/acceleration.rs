//! Whether machines use the processor's own virtualization, found out once for each boot of the host.

use rootfs_builder::digest::Digest;
use rootfs_builder::store::Shelf;
use vm_runner::{Acceleration, Accelerator, Architecture, Chosen, Hypervisor, KvmTest, choose};

use crate::site::Site;

/// Tells one boot of this machine from another.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// Chooses what executes the guest's instructions.
pub fn acceleration(
    wanted: Acceleration,
    hypervisor: &dyn Hypervisor,
    architecture: Architecture,
    site: &Site,
) -> anyhow::Result<Chosen> {
    let ask = || choose(wanted, hypervisor, architecture, &KvmTest::default());
    // Only what is found to hang or to fail is remembered: asking costs seconds there.
    if wanted != Acceleration::Detect || !architecture.is_host() {
        return Ok(ask()?);
    }
    let user = rustix::process::geteuid().as_raw();
    let key = Digest::of(format!("kvm {user} {}", fs_err::read_to_string(BOOT_ID)?));
    let known = site.store.read_record(Shelf::Outputs, key)?;
    if let Some(why) = known.and_then(|why| String::from_utf8(why).ok()) {
        return Ok(Chosen { accelerator: Accelerator::Emulation, why });
    }
    let chosen = ask()?;
    if chosen.accelerator == Accelerator::Emulation {
        site.store.write_record(Shelf::Outputs, key, chosen.why.as_bytes())?;
    }
    Ok(chosen)
}
