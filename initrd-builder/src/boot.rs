//! The initrd that a kernel with its drivers in modules needs before it can mount the guest's root.
//!
//! It holds a program that obeys a [`handover::Configuration`], that configuration, and modules in
//! the order in which they have to be loaded, decompressed: then nobody has to search or unpack while
//! the guest waits.

mod error;
mod index;
mod kernel;
mod order;
mod pattern;

pub use error::BootError;

use handover::{Configuration, DIRECTORY, Module, Root};
use tree::{Content, GuestPath, Kind, Meta, Node, Timestamp, Tree};

use crate::boot::kernel::Kernel;

/// What the kernel must be told where what it unpacks stays the root: start the program, not `/init`.
pub const BOOT_PARAMETER: &str = "rdinit=/osb-boot/init";

/// A driver that the boot may need: the name of a module, or an alias such as `fs-ext4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Driver<'a> {
    /// The name; `-` and `_` are one.
    pub name: &'a str,
    /// Whether the guest cannot boot without it.
    pub is_required: bool,
}

/// What a boot initrd is to do.
#[derive(Debug, Clone)]
pub struct Boot<'a> {
    /// The drivers to load first. Those of the root's file system and of dm-verity come by themselves.
    pub drivers: &'a [Driver<'a>],
    /// The program `osb-agent` for the guest's machine.
    pub program: &'a [u8],
    /// What becomes the root. None: the guest is an initrd, which follows this one and stays the root;
    /// then the kernel needs [`BOOT_PARAMETER`].
    pub root: Option<Root>,
    /// The program that takes over, as a path in the root.
    pub init: &'a str,
    /// The time of all files.
    pub mtime: Timestamp,
}

/// Makes the tree of a boot initrd, for the only kernel that has modules in a tree.
///
/// The modules lie in `lib/modules/RELEASE`, with the indexes that `kernel-modules` makes.
///
/// None: the kernel has everything built in, and nothing is loaded.
pub fn boot_tree(kernel: Option<&Tree>, boot: &Boot<'_>) -> Result<Tree, BootError> {
    let mut tree = Tree::new();
    let modules = match kernel {
        Some(kernel) => put_modules(&mut tree, kernel, boot)?,
        None => Vec::new(),
    };
    let configuration =
        Configuration { modules, root: boot.root.clone(), init: boot.init.to_owned() };
    put_rest(&mut tree, &configuration, boot)?;
    Ok(tree)
}

/// Puts what has to be loaded into the tree; returns it in order.
fn put_modules(tree: &mut Tree, kernel: &Tree, boot: &Boot<'_>) -> Result<Vec<Module>, BootError> {
    let kernel = Kernel::find(kernel)?;
    let index = kernel.index()?;
    let own = own_drivers(boot.root.as_ref());
    let own = own.iter().map(|(name, is_required)| Driver { name, is_required: *is_required });
    let drivers: Vec<Driver<'_>> = boot.drivers.iter().copied().chain(own).collect();
    let ordered = order::order(&index, &drivers, kernel.release())?;
    let mut limit = kernel::BYTES_MAX;
    let mut modules = Vec::new();
    for step in ordered {
        let bytes = match kernel.module(&index.modules[step.module], &mut limit) {
            // A driver that may be missing may be missing in this way, too.
            Err(BootError::NoFile { .. }) if !step.is_required => continue,
            bytes => bytes?,
        };
        let path = format!("{DIRECTORY}/modules/{}.ko", index.modules[step.module].name);
        put(tree, &path, 0o644, Kind::File(bytes.into()), boot.mtime)?;
        modules.push(Module { path, arguments: String::new(), is_required: step.is_required });
    }
    Ok(modules)
}

/// What the root itself needs: names, and whether the guest cannot boot without them.
fn own_drivers(root: Option<&Root>) -> Vec<(String, bool)> {
    let Some(root) = root else { return Vec::new() };
    // These are the aliases by which the kernel itself asks for what it lacks.
    let mut drivers = Vec::new();
    if let Some(verity) = &root.verity {
        drivers.push(("dm-verity".to_owned(), true));
        drivers.push((format!("crypto-{}", verity.algorithm), false));
    }
    drivers.push((format!("fs-{}", root.filesystem), true));
    drivers
}

fn put_rest(
    tree: &mut Tree,
    configuration: &Configuration,
    boot: &Boot<'_>,
) -> Result<(), BootError> {
    let text = configuration.to_string();
    if text.parse().as_ref() != Ok(configuration) {
        return Err(BootError::Configuration);
    }
    let mut put = |path: &str, mode, kind| put(tree, path, mode, kind, boot.mtime);
    put(handover::CONFIGURATION, 0o644, Kind::File(text.into_bytes().into()))?;
    let program = Content::from(boot.program.to_vec());
    match &boot.root {
        Some(_) => {
            put("init", 0o755, Kind::File(program))?;
            // Without it the kernel starts its first process without a console.
            put("dev/console", 0o600, Kind::CharDevice { major: 5, minor: 1 })
        }
        None => put(&format!("{DIRECTORY}/init"), 0o755, Kind::File(program)),
    }
}

fn put(
    tree: &mut Tree,
    path: &str,
    mode: u16,
    kind: Kind,
    mtime: Timestamp,
) -> Result<(), BootError> {
    let path = GuestPath::new(path).map_err(|error| BootError::Tree(error.into()))?;
    let meta = Meta { mode, mtime, ..Meta::default() };
    tree.insert(path, Node { meta, kind }).map_err(BootError::Tree)
}

#[cfg(test)]
mod tests;
