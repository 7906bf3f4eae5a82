//! What a boot initrd is to do: lines of text, in this order.
//!
//! ```text
//! module PATH [ARGUMENTS]     load a module, or give up
//! try PATH [ARGUMENTS]        load a module if the machine has a use for it
//! root device=/dev/vda1 type=ext4 options=ro wait=10
//! verity hash=/dev/vda2 data-block=4096 hash-block=4096 blocks=9 start=1 algorithm=sha256 digest=HEX salt=HEX
//! init /sbin/init
//! ```
//!
//! A device is a path below `/dev`, two numbers as in `254:1`, or `PARTUUID=` with what the table of
//! partitions has; anything else is the name that a file system without a device goes by. With `verity` the root's device is checked
//! against the tree of hashes. A line `archive` in place of `root` says that the root stays what the
//! kernel unpacked. Values hold no white space; an empty one is written as `-`.

mod read;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Display};

/// What a boot initrd is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// What to load, in this order.
    pub modules: Vec<Module>,
    /// What becomes the root; none: what the kernel unpacked stays it.
    pub root: Option<Root>,
    /// The program that takes over, as a path in the root.
    pub init: String,
}

/// A kernel module to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Where it is in the initrd.
    pub path: String,
    /// Its parameters, separated by spaces.
    pub arguments: String,
    /// Whether the guest cannot boot without it.
    pub is_required: bool,
}

/// The root of the guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Where it is.
    pub device: String,
    /// Its file system, as `mount` calls it.
    pub filesystem: String,
    /// How it is mounted, as `mount` takes it: `ro,noatime`.
    pub options: String,
    /// How long to wait for the device.
    pub wait_seconds: u32,
    /// What the device must agree with.
    pub verity: Option<Verity>,
}

/// A tree of hashes, with which the kernel checks every block that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verity {
    /// The device that holds the tree.
    pub hash_device: String,
    /// Size of a block of data.
    pub data_block_bytes: u32,
    /// Size of a block of hashes.
    pub hash_block_bytes: u32,
    /// How many blocks of data there are.
    pub data_blocks: u64,
    /// Where the tree begins on its device, in its own blocks.
    pub hash_start_block: u64,
    /// The hash function.
    pub algorithm: String,
    /// The hash of the tree's root, in hexadecimal.
    pub root_hash: String,
    /// What is hashed before every block, in hexadecimal.
    pub salt: String,
}

/// A line that says nothing this program knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Which one, from 1; one past the last if something is missing.
    pub number: usize,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Display for BadLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {} {}", self.number, self.why)
    }
}

impl core::error::Error for BadLine {}

/// The text of the configuration. What is read from it is equal, unless a value cannot be written.
impl Display for Configuration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for module in &self.modules {
            let word = if module.is_required { "module" } else { "try" };
            match module.arguments.as_str() {
                "" => writeln!(formatter, "{word} {}", module.path)?,
                arguments => writeln!(formatter, "{word} {} {arguments}", module.path)?,
            }
        }
        match &self.root {
            Some(root) => root.fmt(formatter)?,
            None => writeln!(formatter, "archive")?,
        }
        writeln!(formatter, "init {}", self.init)
    }
}

impl Display for Root {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (device, filesystem, options) =
            (value(&self.device), value(&self.filesystem), value(&self.options));
        let wait = self.wait_seconds;
        writeln!(
            formatter,
            "root device={device} type={filesystem} options={options} wait={wait}"
        )?;
        match &self.verity {
            Some(verity) => verity.fmt(formatter),
            None => Ok(()),
        }
    }
}

impl Display for Verity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "verity hash={}", value(&self.hash_device))?;
        write!(formatter, " data-block={}", self.data_block_bytes)?;
        write!(formatter, " hash-block={}", self.hash_block_bytes)?;
        write!(formatter, " blocks={} start={}", self.data_blocks, self.hash_start_block)?;
        write!(formatter, " algorithm={}", value(&self.algorithm))?;
        writeln!(formatter, " digest={} salt={}", value(&self.root_hash), value(&self.salt))
    }
}

fn value(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}
