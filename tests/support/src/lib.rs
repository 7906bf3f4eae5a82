//! Makes by code what tests need: packages, signed archives, hostile bytes, a faulty mirror.
//!
//! Everything made is the same on every run: names decide keys, and all dates are fixed.

pub mod apk;
mod ar;
mod archive;
mod compression;
mod demanding;
mod docker;
mod entry;
pub mod hostile;
mod mirror;
mod mounts;
mod needs;
mod osb;
mod package;
mod readers;
mod server;
mod signing;
mod users;

pub use ar::ar;
pub use archive::{Archive, Signatures, Suite};
pub use compression::Compression;
pub use demanding::{acl, assert_same, capability, demanding, noise, read_directory};
pub use docker::Docker;
pub use entry::{Entry, tar, tar_file};
pub use mirror::Mirror;
pub use mounts::{mounted, mounted_with};
pub use needs::{has, needs, skip};
pub use osb::{Osb, Outcome, warm_cache};
pub use package::{Deb, Package};
pub use readers::{HUGE, as_cpio_unpacks, assert_same_with_huge};
pub use server::{Fault, Request, Server};
pub use signing::{SignatureDigest, SigningKey, SubkeyState, sign_inline};
pub use users::{User, is_root};

/// The modification time of everything in made packages: 2024-01-01.
pub const MODIFIED: u64 = 1_704_067_200;

/// The lower-case hexadecimal SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All files of this name below a directory.
pub fn files_named(directory: &std::path::Path, name: &str) -> Vec<std::path::PathBuf> {
    let (mut found, mut pending) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(place) = pending.pop() {
        for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
            if entry.file_type().unwrap().is_dir() {
                pending.push(entry.path());
            } else if entry.file_name() == name {
                found.push(entry.path());
            }
        }
    }
    found
}
