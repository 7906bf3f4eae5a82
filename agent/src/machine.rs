//! Processor families, and what tells their programs apart.

use std::fmt;

use object::elf;
use serde::{Deserialize, Serialize};

/// A family of processors that guests are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Machine {
    /// 32-bit x86.
    X86,
    /// 64-bit x86.
    X8664,
    /// 32-bit Arm.
    Arm,
    /// 64-bit Arm.
    Aarch64,
    /// 64-bit PowerPC, little end first.
    Powerpc64Le,
    /// 64-bit RISC-V.
    Riscv64,
    /// 64-bit IBM Z.
    S390x,
    /// 64-bit LoongArch.
    Loongarch64,
}

/// The three words of a program's header that say what it runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) machine: u16,
    pub(crate) is_64_bit: bool,
    pub(crate) is_little_endian: bool,
}

impl Machine {
    const ALL: [Machine; 8] = [
        Machine::X86,
        Machine::X8664,
        Machine::Arm,
        Machine::Aarch64,
        Machine::Powerpc64Le,
        Machine::Riscv64,
        Machine::S390x,
        Machine::Loongarch64,
    ];

    /// Finds a machine by any of the names that distributions and kernels give it.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "i386" | "i486" | "i586" | "i686" | "x86" => Machine::X86,
            "amd64" | "x86_64" => Machine::X8664,
            "armel" | "armhf" | "armv6" | "armv6l" | "armv7" | "armv7l" | "armv7hl" | "arm" => {
                Machine::Arm
            }
            "arm64" | "aarch64" => Machine::Aarch64,
            "ppc64el" | "ppc64le" | "powerpc64le" => Machine::Powerpc64Le,
            "riscv64" | "riscv64gc" => Machine::Riscv64,
            "s390x" => Machine::S390x,
            "loongarch64" | "loong64" => Machine::Loongarch64,
            _ => return None,
        })
    }

    pub(crate) fn of_format(format: Format) -> Option<Self> {
        Self::ALL.into_iter().find(|machine| machine.format() == format)
    }

    fn format(self) -> Format {
        let (machine, is_64_bit, is_little_endian) = match self {
            Machine::X86 => (elf::EM_386, false, true),
            Machine::X8664 => (elf::EM_X86_64, true, true),
            Machine::Arm => (elf::EM_ARM, false, true),
            Machine::Aarch64 => (elf::EM_AARCH64, true, true),
            Machine::Powerpc64Le => (elf::EM_PPC64, true, true),
            Machine::Riscv64 => (elf::EM_RISCV, true, true),
            Machine::S390x => (elf::EM_S390, true, false),
            Machine::Loongarch64 => (elf::EM_LOONGARCH, true, true),
        };
        Format { machine: machine.0, is_64_bit, is_little_endian }
    }

    /// The folders of libraries, where each machine has its own.
    pub(crate) fn library_folders(self) -> &'static [&'static str] {
        match self {
            Machine::X86 => &["i386-linux-gnu"],
            Machine::X8664 => &["x86_64-linux-gnu"],
            Machine::Arm => &["arm-linux-gnueabihf", "arm-linux-gnueabi"],
            Machine::Aarch64 => &["aarch64-linux-gnu"],
            Machine::Powerpc64Le => &["powerpc64le-linux-gnu"],
            Machine::Riscv64 => &["riscv64-linux-gnu"],
            Machine::S390x => &["s390x-linux-gnu"],
            Machine::Loongarch64 => &["loongarch64-linux-gnu"],
        }
    }

    pub(crate) fn is_64_bit(self) -> bool {
        self.format().is_64_bit
    }

    /// What Rust calls the machine on Linux with one of the two C libraries.
    pub(crate) fn rust_target(self, libc: &str) -> String {
        let (name, suffix) = match self {
            Machine::X86 => ("i686", ""),
            Machine::X8664 => ("x86_64", ""),
            Machine::Arm => ("armv7", "eabihf"),
            Machine::Aarch64 => ("aarch64", ""),
            Machine::Powerpc64Le => ("powerpc64le", ""),
            Machine::Riscv64 => ("riscv64gc", ""),
            Machine::S390x => ("s390x", ""),
            Machine::Loongarch64 => ("loongarch64", ""),
        };
        format!("{name}-unknown-linux-{libc}{suffix}")
    }
}

/// The kernel's name.
impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Machine::X86 => "i686",
            Machine::X8664 => "x86_64",
            Machine::Arm => "arm",
            Machine::Aarch64 => "aarch64",
            Machine::Powerpc64Le => "ppc64le",
            Machine::Riscv64 => "riscv64",
            Machine::S390x => "s390x",
            Machine::Loongarch64 => "loongarch64",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_found_by_its_own_name_and_format() {
        for machine in Machine::ALL {
            assert_eq!(Machine::named(&machine.to_string()), Some(machine));
            assert_eq!(Machine::of_format(machine.format()), Some(machine));
        }
        assert_eq!(Machine::named("pdp11"), None);
    }
}
