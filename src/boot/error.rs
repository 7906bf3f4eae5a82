//! Why an artifact cannot be booted.

use std::path::PathBuf;

use distros::Arch;

/// Why an artifact cannot be booted.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// A directory or a tar archive.
    #[error("{} is neither a disk image nor an initrd", .0.display())]
    NotBootable(PathBuf),
    /// No program tells the processor.
    #[error("{} holds no init and no shell that would say which processor it is for", .0.display())]
    NoPrograms(PathBuf),
    /// The programs are for a processor that is not emulated.
    #[error("{} holds programs for a processor that osb cannot run (number {} in ELF)", .0.display(), .1)]
    Machine(PathBuf, u16),
    /// The packages of a kernel hold none.
    #[error("the kernel's packages of {0} hold no kernel with modules")]
    NoKernel(String),
    /// A hash tree's top is damaged or of an unknown form.
    #[error("the root hash of {} cannot be told", .0.display())]
    RootHash(PathBuf),
    /// Several files beside an image could be its root hash.
    #[error("several files beside {} may hold its root hash", .0.display())]
    RootHashes(PathBuf),
    /// osb carries no program that would start the guest.
    #[error("osb was built without its program for {0}")]
    NoProgram(Arch),
    /// Only files are copied.
    #[error("{} is no regular file", .0.display())]
    NotAFile(PathBuf),
    /// A directory of this machine cannot be mounted in the guest.
    #[error("the guest cannot mount {place}: {said}")]
    Share {
        /// Where it was to be.
        place: String,
        /// What the guest said.
        said: String,
    },
    /// A guest that was to write what it has does not end.
    #[error("the guest did not switch itself off within a minute")]
    NoPowerOff,
    /// The guest has no agent that would run a command.
    #[error("{} has no agent that could run a command", .0.display())]
    NoAgent(PathBuf),
}

impl BootError {
    /// What the person can do about it.
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::NotBootable(_) => "pack it first: osb image --rootfs PATH, or osb initrd",
            Self::NoPrograms(_) => "`osb inspect` shows what is inside",
            Self::Machine(..) => "x86_64 and aarch64 can be run",
            Self::NoKernel(_) => "name another with --kernel FILE --modules DIR",
            Self::RootHash(_) => "`osb inspect --layout` shows what is known of it",
            Self::RootHashes(_) => "leave only its own root_hash_NAME.txt beside it",
            Self::NoProgram(arch) => {
                return vec![format!(
                    "build osb where `rustup target add {arch}-unknown-linux-musl` was run"
                )];
            }
            Self::NotAFile(_) => "share a directory instead: --share HOST:GUEST",
            Self::Share { .. } => {
                "the guest needs the program mount, and its kernel 9p: the distribution's general \
                 kernel has it"
            }
            Self::NoPowerOff => "--console shows what it does",
            Self::NoAgent(_) => {
                "build it with osb's own agent (without --no-agent or --agent), or watch it boot \
                 with --console and no command"
            }
        };
        vec![hint.to_owned()]
    }
}
