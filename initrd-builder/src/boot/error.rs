//! Why a boot initrd could not be made.

use std::io;

use tree::GuestPath;

/// Why a boot initrd could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// There is no directory with the modules of a kernel.
    #[error("no kernel modules: no directory lib/modules/RELEASE with a modules.dep")]
    NoKernel,
    /// There are the modules of several kernels.
    #[error("the modules of several kernels: {}", releases.join(", "))]
    Kernels {
        /// The releases.
        releases: Vec<String>,
    },
    /// The kernel has neither a module for a driver, nor the driver built in.
    #[error("the kernel {release} has no driver {driver}, neither as a module nor built in")]
    NoDriver {
        /// What was asked for.
        driver: String,
        /// The kernel.
        release: String,
    },
    /// An index names a module that is not there.
    #[error("{path} is missing")]
    NoFile {
        /// Where it should be.
        path: GuestPath,
    },
    /// An index is not what `depmod` makes.
    #[error("{path}: line {line} is not understood")]
    BadIndex {
        /// The index.
        path: GuestPath,
        /// The line, from 1.
        line: usize,
    },
    /// An index or a module cannot be read.
    #[error("read {path}")]
    Read {
        /// The file.
        path: GuestPath,
        /// Why.
        source: io::Error,
    },
    /// The modules are larger than any that a boot needs.
    #[error("{path}: the modules have more than {limit} bytes")]
    TooLarge {
        /// The module at which it was noticed.
        path: GuestPath,
        /// What is allowed.
        limit: u64,
    },
    /// A module depends on modules in a chain that no kernel has.
    #[error("the modules that {driver} depends on depend on too many others")]
    TooDeep {
        /// The module.
        driver: String,
    },
    /// A path or an option cannot be told to the program.
    #[error("the root or its init cannot be written down: white space, or no path")]
    Configuration,
    /// The tree does not take a file.
    #[error("make the tree of the boot initrd")]
    Tree(#[source] tree::Error),
}
