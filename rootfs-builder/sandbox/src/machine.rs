//! Processor families, as program files name them.

use serde::{Deserialize, Serialize};

/// A family of processors that guests are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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

/// What distinguishes a machine's program files.
pub(crate) struct Format {
    /// What QEMU calls the machine.
    pub(crate) emulator: &'static str,
    /// The number in the program's header.
    pub(crate) number: u16,
    pub(crate) is_64_bit: bool,
    pub(crate) is_big_endian: bool,
    flags: u32,
    /// Ends the process with status 0.
    code: &'static [u8],
}

impl Machine {
    /// Every machine.
    pub const ALL: [Machine; 8] = [
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

    /// Returns the machine that this program was built for.
    pub fn host() -> Option<Self> {
        match std::env::consts::ARCH {
            "powerpc64" if cfg!(target_endian = "big") => None,
            "powerpc64" => Some(Machine::Powerpc64Le),
            other => Machine::named(other),
        }
    }

    pub(crate) fn format(self) -> Format {
        let little = |emulator, number, is_64_bit, flags, code| Format {
            emulator,
            number,
            is_64_bit,
            is_big_endian: false,
            flags,
            code,
        };
        match self {
            Machine::X86 => little("i386", 3, false, 0, b"\xb8\xfc\0\0\0\x31\xdb\xcd\x80"),
            Machine::X8664 => little("x86_64", 62, true, 0, b"\xb8\x3c\0\0\0\x31\xff\x0f\x05"),
            Machine::Arm => {
                // The flags name the calling convention, without which no kernel takes it.
                let code = b"\x01\x70\xa0\xe3\0\0\xa0\xe3\0\0\0\xef";
                little("arm", 40, false, 0x0500_0000, code)
            }
            Machine::Aarch64 => {
                let code = b"\xa8\x0b\x80\xd2\0\0\x80\xd2\x01\0\0\xd4";
                little("aarch64", 183, true, 0, code)
            }
            Machine::Powerpc64Le => {
                let code = b"\x01\0\0\x38\0\0\x60\x38\x02\0\0\x44";
                little("ppc64le", 21, true, 2, code)
            }
            Machine::Riscv64 => {
                let code = b"\x93\x08\xd0\x05\x13\x05\0\0\x73\0\0\0";
                little("riscv64", 243, true, 0, code)
            }
            Machine::S390x => Format {
                is_big_endian: true,
                ..little("s390x", 22, true, 0, b"\xa7\x29\0\0\x0a\x01")
            },
            Machine::Loongarch64 => {
                // The flags name the calling convention, as for Arm.
                let code = b"\x0b\x78\xc1\x02\x04\0\x15\0\0\0\x2b\0";
                little("loongarch64", 258, true, 0x43, code)
            }
        }
    }

    /// Returns a whole program that does nothing, successfully.
    pub(crate) fn smallest_program(self) -> Vec<u8> {
        let format = self.format();
        let mut file = Writer { format, bytes: Vec::new() };
        file.ident();
        file.header();
        file.segment();
        file.bytes.extend_from_slice(file.format.code);
        file.bytes
    }
}

/// Where the smallest program lies in memory.
const ADDRESS: u64 = 0x10000;

/// Writes the parts of a program file.
struct Writer {
    format: Format,
    bytes: Vec<u8>,
}

impl Writer {
    fn headers_size(&self) -> u64 {
        if self.format.is_64_bit { 64 + 56 } else { 52 + 32 }
    }

    fn ident(&mut self) {
        let class = if self.format.is_64_bit { 2 } else { 1 };
        let order = if self.format.is_big_endian { 2 } else { 1 };
        self.bytes.extend_from_slice(&[0x7f, b'E', b'L', b'F', class, order, 1]);
        self.bytes.resize(16, 0);
    }

    fn header(&mut self) {
        let (header, segment) = if self.format.is_64_bit { (64, 56) } else { (52, 32) };
        self.half(2);
        self.half(self.format.number);
        self.word(1);
        self.long(ADDRESS + self.headers_size());
        self.long(header.into());
        self.long(0);
        self.word(self.format.flags);
        [header, segment, 1, 0, 0, 0].into_iter().for_each(|value| self.half(value));
    }

    fn segment(&mut self) {
        const LOAD: u32 = 1;
        const READ_AND_EXECUTE: u32 = 5;
        let size = self.headers_size() + self.format.code.len() as u64;
        self.word(LOAD);
        if self.format.is_64_bit {
            self.word(READ_AND_EXECUTE);
        }
        [0, ADDRESS, ADDRESS, size, size].into_iter().for_each(|value| self.long(value));
        if !self.format.is_64_bit {
            self.word(READ_AND_EXECUTE);
        }
        self.long(0x10000);
    }

    fn half(&mut self, value: u16) {
        let bytes =
            if self.format.is_big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        self.bytes.extend_from_slice(&bytes);
    }

    fn word(&mut self, value: u32) {
        let bytes =
            if self.format.is_big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        self.bytes.extend_from_slice(&bytes);
    }

    /// Writes an address or a size, as wide as the machine's.
    fn long(&mut self, value: u64) {
        if !self.format.is_64_bit {
            return self.word(value as u32);
        }
        let bytes =
            if self.format.is_big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        self.bytes.extend_from_slice(&bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_programs_have_the_sizes_that_their_headers_say() {
        for machine in Machine::ALL {
            let format = machine.format();
            let headers = if format.is_64_bit { 120 } else { 84 };
            assert_eq!(machine.smallest_program().len(), headers + format.code.len());
        }
    }

    #[test]
    fn every_spelling_finds_its_machine() {
        for (name, machine) in [
            ("amd64", Some(Machine::X8664)),
            ("x86_64", Some(Machine::X8664)),
            ("armhf", Some(Machine::Arm)),
            ("armv6", Some(Machine::Arm)),
            ("loong64", Some(Machine::Loongarch64)),
            ("ppc64el", Some(Machine::Powerpc64Le)),
            ("pdp11", None),
        ] {
            assert_eq!(Machine::named(name), machine);
        }
    }
}
