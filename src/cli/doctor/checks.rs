//! What the doctor looks at, one function each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use distros::{Arch, Distro};
use rootfs_builder::mirrors::Mirrors;
use sandbox::{Emulation, Machine, Rung, RungReport, Verdict};
use serde::Serialize;
use vm_runner::{Architecture, Hypervisor as _, Qemu};

use crate::progress::human_bytes;

// A kata guest and its packages, with room for a second one.
const COMFORTABLE_BYTES: u64 = 2_000_000_000;

/// One thing looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What it is.
    pub name: String,
    /// Whether it is there.
    pub state: State,
    /// What was found, or why it does not work.
    pub detail: String,
    /// The one line that changes that, if there is one.
    pub fix: Option<String>,
}

/// Whether something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It works.
    Works,
    /// It does not.
    Missing,
}

impl Check {
    fn works(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { name: name.into(), state: State::Works, detail: detail.into(), fix: None }
    }

    fn missing(name: impl Into<String>, detail: impl Into<String>, fix: Option<String>) -> Self {
        Self { name: name.into(), state: State::Missing, detail: detail.into(), fix }
    }
}

/// One way of having the rights that a build needs.
pub fn of_rung(report: &RungReport) -> Check {
    let name = report.rung.to_string();
    match &report.verdict {
        Verdict::Works => Check::works(name, ""),
        Verdict::Missing { reason, fix } => Check::missing(name, reason, fix.clone()),
    }
}

/// Which architectures' scripts run here; one check for those that work, one for each obstacle.
pub fn of_emulation(rung: Rung) -> Vec<Check> {
    let mut works = Vec::new();
    let mut missing: BTreeMap<(String, Option<String>), Vec<&str>> = BTreeMap::new();
    for arch in Arch::ALL {
        let Some(machine) = Machine::named(arch.name()) else { continue };
        match Emulation::find(machine, rung) {
            Ok(_) => works.push(arch.name()),
            Err(sandbox::Error::Emulation { reason, fix, .. }) => {
                missing.entry((reason, fix)).or_default().push(arch.name());
            }
            Err(error) => {
                missing.entry((error.to_string(), None)).or_default().push(arch.name());
            }
        }
    }
    let name = |names: &[&str]| format!("scripts of {}", names.join(", "));
    let missing =
        missing.into_iter().map(|((reason, fix), names)| Check::missing(name(&names), reason, fix));
    std::iter::once(Check::works(name(&works), "")).chain(missing).collect()
}

/// Where downloads are kept: whether this user may write there, and how much fits.
pub fn of_cache(directory: &Path) -> Check {
    let name = format!("cache {}", directory.display());
    // Nothing is made here: the nearest directory that is there tells as much.
    let existing = directory.ancestors().find(|ancestor| ancestor.exists());
    let existing = existing.unwrap_or(Path::new("."));
    if !existing.is_dir() {
        let detail = format!("{} is not a directory", existing.display());
        return Check::missing(name, detail, other_cache());
    }
    if rustix::fs::access(existing, rustix::fs::Access::WRITE_OK).is_err() {
        let detail = format!("{} is not writable", existing.display());
        return Check::missing(name, detail, other_cache());
    }
    match rustix::fs::statvfs(existing) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let detail = format!("{} free", human_bytes(free));
            if free < COMFORTABLE_BYTES {
                return Check::missing(name, detail, Some("osb cache prune".to_owned()));
            }
            Check::works(name, detail)
        }
        Err(error) => Check::missing(name, error.to_string(), other_cache()),
    }
}

/// Where a distribution's packages would come from, for its default release.
pub fn of_mirror(distro: &dyn Distro) -> Check {
    let name = format!("mirror of {}", distro.title());
    let release = distro.default_release();
    let arch = Arch::host().filter(|arch| release.architectures.contains(arch));
    let Some(arch) = arch.or_else(|| release.architectures.first().copied()) else {
        return Check::missing(name, "no architecture", None);
    };
    // What apt is told is a convenience: without it the official archive serves as well.
    let host = Mirrors::of_host(Path::new("/"), distro, release, arch).unwrap_or_default();
    let repositories = distro.repositories(release, arch, &release.pockets).unwrap_or_default();
    match (host.host.first(), repositories.first()) {
        (Some((_, mirror)), _) => {
            Check::works(name, format!("{mirror} (this host's apt names it)"))
        }
        (None, Some(official)) => Check::works(name, format!("{} (official)", official.url)),
        (None, None) => Check::missing(name, "no archive is known", None),
    }
}

/// Whether `osb run` can make machines of an architecture.
pub fn of_machine(architecture: Architecture, folders: &[PathBuf]) -> Check {
    let hypervisor = Qemu::default();
    let program = hypervisor.program(architecture);
    let name = format!("machines of {}", architecture.name());
    match folders.iter().map(|folder| folder.join(&program)).find(|path| path.is_file()) {
        Some(path) => Check::works(name, path.display().to_string()),
        None => {
            let detail = format!("no {}", program.display());
            let package = hypervisor.package(architecture);
            Check::missing(name, detail, Some(format!("apt-get install {package}")))
        }
    }
}

/// Whether machines may ask for the processor's own virtualization; whether it works, `osb run` tries.
pub fn of_virtualization(device: &Path) -> Check {
    let name = "virtualization by the processor";
    let wanted = rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK;
    match rustix::fs::access(device, wanted) {
        Ok(()) => Check::works(name, format!("this user may open {}", device.display())),
        Err(rustix::io::Errno::ACCESS) => {
            let fix = "usermod --append --groups kvm $USER, and log in again".to_owned();
            let detail = format!("this user may not open {}", device.display());
            Check::missing(name, detail, Some(fix))
        }
        Err(_) => {
            Check::missing(name, format!("no {}: machines are emulated", device.display()), None)
        }
    }
}

fn other_cache() -> Option<String> {
    Some("export OSB_CACHE_DIR=DIR, a directory that you may write".to_owned())
}

#[cfg(test)]
mod tests {
    use vm_runner::Architecture;

    use super::{State, of_cache, of_machine, of_virtualization};

    #[test]
    fn a_cache_that_is_not_made_yet_is_judged_by_its_parent() {
        let parent = tempfile::tempdir().unwrap();
        let check = of_cache(&parent.path().join("a/b"));
        assert!(check.detail.ends_with(" free"), "{check:?}");
        assert!(!parent.path().join("a").exists());
    }

    #[test]
    fn a_hypervisor_is_looked_for_where_programs_are() {
        let folder = tempfile::tempdir().unwrap();
        let folders = [folder.path().to_owned()];
        let check = of_machine(Architecture::Aarch64, &folders);
        assert_eq!(check.fix.as_deref(), Some("apt-get install qemu-system-arm"));
        fs_err::write(folder.path().join("qemu-system-aarch64"), "").unwrap();
        assert_eq!(of_machine(Architecture::Aarch64, &folders).state, State::Works);
        let check = of_virtualization(&folder.path().join("kvm"));
        assert_eq!(check.state, State::Missing, "{check:?}");
    }

    #[test]
    fn a_cache_below_a_file_is_missing() {
        let check = of_cache(std::path::Path::new("/dev/null/osb"));
        assert_eq!(check.state, State::Missing, "{check:?}");
    }
}
