//! A distribution's kernel for virtual machines, without the system around it.

use distros::{Arch, Distro, Kernel};
use tree::{GuestPath, Kind, Tree};

use crate::family::opened::OpenedPackage;
use crate::plan::Plan;

/// Where packages put kernels and modules, and where a tree of them has those.
const PLACES: [(&str, &str); 3] =
    [("boot/", "boot/"), ("lib/modules/", "lib/modules/"), ("usr/lib/modules/", "lib/modules/")];

/// Why a kernel cannot be had of its packages.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    /// The distribution has none.
    #[error("{distro} has no kernel for virtual machines on {arch}")]
    None {
        /// The distribution.
        distro: String,
        /// The architecture.
        arch: Arch,
    },
    /// A package's archive is not sound.
    #[error("read a kernel's package")]
    Package(#[source] tree::Error),
}

/// The packages to ask for.
pub fn packages(
    distro: &dyn Distro,
    kernel: Kernel,
    arch: Arch,
) -> Result<Vec<String>, KernelError> {
    let none = || KernelError::None { distro: distro.title().to_owned(), arch };
    Ok(distro.kernel_packages(kernel, arch).ok_or_else(none)?.to_vec())
}

/// Leaves only those packages in a plan that hold a kernel or its modules.
pub fn narrow(plan: &mut Plan, distro: &dyn Distro) {
    let prefixes = &distro.family_facts().kernel_prefixes;
    plan.packages
        .retain(|package| prefixes.iter().any(|prefix| package.name.starts_with(prefix.as_str())));
}

/// What packages hold of kernels and modules: `boot` and `lib/modules`.
pub fn tree(opened: &[OpenedPackage]) -> Result<Tree, KernelError> {
    let mut tree = Tree::new();
    for package in opened {
        for (path, mut node) in
            tree::tar::read_spans(&package.data_tar).map_err(KernelError::Package)?
        {
            let Some(place) = place(&path) else { continue };
            if let Kind::HardLink(target) = &mut node.kind {
                let Some(moved) = self::place(target) else { continue };
                *target = moved;
            }
            tree.insert(place, node).map_err(KernelError::Package)?;
        }
    }
    Ok(tree)
}

/// Where a package's file goes, if it is wanted.
fn place(path: &GuestPath) -> Option<GuestPath> {
    let text = str::from_utf8(path.as_bytes()).ok()?;
    let (from, to) = PLACES.iter().find(|(from, _)| text.starts_with(from))?;
    GuestPath::new(format!("{to}{}", text.strip_prefix(from)?)).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn kernels_and_modules_are_taken_and_nothing_else() {
        let check = |path: &str, expected: Option<&str>| {
            let found = place(&GuestPath::new(path).unwrap());
            assert_eq!(found, expected.map(|path| GuestPath::new(path).unwrap()));
        };
        check("boot/vmlinuz-6.1", Some("boot/vmlinuz-6.1"));
        check("usr/lib/modules/6.1/kernel/a.ko", Some("lib/modules/6.1/kernel/a.ko"));
        check("lib/modules/6.1/modules.order", Some("lib/modules/6.1/modules.order"));
        check("usr/share/doc/linux/copyright", None);
        check("bootstrap", None);
    }
}
