//! Why the root could not be handed over to, in words for whoever reads the console.

use alloc::string::String;
use core::fmt::{self, Display};

use rustix::io::Errno;

use crate::configuration::BadLine;

/// Why the root could not be handed over to.
#[derive(Debug)]
pub(crate) enum Failure {
    Configuration { cause: Errno },
    BadLine(BadLine),
    Module { path: String, cause: Errno },
    NoDevice { purpose: &'static str, device: String, seconds: u32, others: String },
    Verity { step: &'static str, cause: Errno },
    VerityTable { why: &'static str },
    MountSystem { place: String, cause: Errno },
    MountRoot { device: String, filesystem: String, cause: Errno },
    Switch { step: &'static str, cause: Errno },
    Start { init: String, cause: Errno },
}

impl Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration { cause } => {
                write!(formatter, "cannot read {}: {}", crate::CONFIGURATION, words(*cause))
            }
            Self::BadLine(line) => write!(formatter, "{}: {line}", crate::CONFIGURATION),
            Self::Module { path, cause } => {
                write!(formatter, "cannot load the module {path}: {}", words(*cause))
            }
            Self::NoDevice { purpose, device, seconds, others } => {
                write!(formatter, "no {purpose} {device} after {seconds} s; {others}")
            }
            Self::Verity { step, cause } => {
                write!(formatter, "cannot {step} with dm-verity: {}", words(*cause))
            }
            Self::VerityTable { why } => {
                write!(formatter, "the values for dm-verity are wrong: {why}")
            }
            Self::MountSystem { place, cause } => {
                write!(formatter, "cannot mount {place}: {}", words(*cause))
            }
            Self::MountRoot { device, filesystem, cause } => {
                write!(formatter, "cannot mount {device} as {filesystem}: {}", words(*cause))?;
                match *cause {
                    Errno::NODEV => formatter.write_str("; the kernel has no such file system"),
                    Errno::INVAL => {
                        formatter.write_str("; another file system, or other options, or damaged")
                    }
                    _ => Ok(()),
                }
            }
            Self::Switch { step, cause } => {
                write!(formatter, "cannot {step}: {}", words(*cause))
            }
            Self::Start { init, cause } => {
                write!(formatter, "cannot start {init}: {}", words(*cause))?;
                match *cause {
                    Errno::NOENT => {
                        formatter.write_str("; it, or what it is loaded by, is missing")
                    }
                    Errno::NOEXEC => formatter.write_str("; it is for another machine"),
                    _ => Ok(()),
                }
            }
        }
    }
}

/// An error of the kernel as a user knows it.
pub(crate) struct Words(Errno);

pub(crate) fn words(errno: Errno) -> Words {
    Words(errno)
}

impl Display for Words {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
            Errno::ACCESS => "permission denied",
            Errno::BUSY => "device or resource busy",
            Errno::INVAL => "invalid argument",
            Errno::IO => "input/output error",
            Errno::ISDIR => "is a directory",
            Errno::LOOP => "too many symbolic links",
            Errno::NODEV => "no such device",
            Errno::NOENT => "no such file or directory",
            Errno::NOEXEC => "exec format error",
            Errno::NOMEM => "out of memory",
            Errno::NOTBLK => "not a block device",
            Errno::NOTDIR => "not a directory",
            Errno::NXIO => "no such device or address",
            Errno::OPNOTSUPP => "operation not supported",
            Errno::PERM => "operation not permitted",
            Errno::ROFS => "read-only file system",
            other => return write!(formatter, "error {}", other.raw_os_error()),
        };
        formatter.write_str(text)
    }
}
