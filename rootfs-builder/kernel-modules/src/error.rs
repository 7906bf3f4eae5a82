//! Why modules could not be put into a tree.

use std::io;
use std::path::PathBuf;

use tree::GuestPath;

/// Why modules could not be put into a tree.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A directory of the host cannot be read.
    #[error("read {directory}")]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A directory holds no modules.
    #[error(
        "{directory} holds no kernel modules: name a directory like /lib/modules/VERSION, or one \
         that holds a single such directory"
    )]
    NoModules {
        /// The directory.
        directory: PathBuf,
    },
    /// A directory holds the modules of several kernels.
    #[error("{directory} holds modules of several kernels, {}: name one of them", .releases.join(", "))]
    Several {
        /// The directory.
        directory: PathBuf,
        /// The kernels' releases.
        releases: Vec<String>,
    },
    /// The directory's files cannot be put into the tree.
    #[error("put the modules into the tree")]
    Tree(#[source] tree::Error),
    /// A file in the directory of modules cannot be read.
    #[error("read {path}")]
    Read {
        /// The file.
        path: GuestPath,
        /// Why.
        source: io::Error,
    },
    /// A module is damaged, or does not fit into any index.
    #[error("{path} is no sound kernel module")]
    Module {
        /// The module.
        path: GuestPath,
        /// What is wrong with it.
        source: Fault,
    },
    /// Modules need each other, so that none can be loaded first.
    #[error("modules need each other in a circle: {}", .modules.join(", "))]
    Circle {
        /// Some of them.
        modules: Vec<String>,
    },
    /// There are more modules, or aliases, than any kernel has.
    #[error("{directory} has more modules or aliases than any kernel")]
    TooMany {
        /// The directory of the modules.
        directory: GuestPath,
    },
}

/// What is wrong with a module.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It cannot be decompressed.
    #[error("decompress")]
    Decompress(#[source] io::Error),
    /// It is larger than any real module.
    #[error("it has more than {0} bytes")]
    TooLarge(u64),
    /// It is no ELF file, or its tables are damaged.
    #[error("read it as ELF")]
    Elf(#[source] object::Error),
    /// It has more aliases or symbols than any real module.
    #[error("it has more than {0} aliases or symbols")]
    TooMany(usize),
    /// A name or an alias holds bytes that no index can hold.
    #[error("{0:?} is too long or holds bytes that no index can hold")]
    Text(String),
}
