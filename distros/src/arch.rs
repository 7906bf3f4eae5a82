//! Architectures, by our name and by anyone's.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An architecture, by the name that `uname -m` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Arch {
    /// 64-bit x86, `amd64`.
    X86_64,
    /// 64-bit ARM, `arm64`.
    Aarch64,
    /// 32-bit ARM with floating point, `armhf`.
    Armv7,
    /// 32-bit ARM with the floating point of older processors.
    Armv6,
    /// 32-bit x86, `i386`.
    I686,
    /// 64-bit POWER, little endian, `ppc64el`.
    Ppc64le,
    /// 64-bit RISC-V.
    Riscv64,
    /// IBM Z.
    S390x,
    /// 64-bit LoongArch.
    Loongarch64,
}

/// The text names no architecture that osb knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown architecture {0:?}; known are {known}", known = known())]
pub struct UnknownArch(String);

fn known() -> String {
    crate::distro::list(Arch::ALL.into_iter().map(Arch::name))
}

impl Arch {
    /// All of them, in a fixed order.
    pub const ALL: [Self; 9] = [
        Self::X86_64,
        Self::Aarch64,
        Self::Armv7,
        Self::Armv6,
        Self::I686,
        Self::Ppc64le,
        Self::Riscv64,
        Self::S390x,
        Self::Loongarch64,
    ];

    /// The architecture of this machine, if osb knows it.
    pub fn host() -> Option<Self> {
        std::env::consts::ARCH.parse().ok()
    }

    /// Our name.
    pub fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
            Self::Armv7 => "armv7",
            Self::Armv6 => "armv6",
            Self::I686 => "i686",
            Self::Ppc64le => "ppc64le",
            Self::Riscv64 => "riscv64",
            Self::S390x => "s390x",
            Self::Loongarch64 => "loongarch64",
        }
    }

    /// Whether a machine of this architecture runs `guest` programs without emulation.
    pub fn runs(self, guest: Self) -> bool {
        match (self, guest) {
            (Self::X86_64, Self::I686) | (Self::Armv7, Self::Armv6) => true,
            // Many 64-bit ARM processors do not execute 32-bit code at all, so it is not promised.
            (host, guest) => host == guest,
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Arch {
    type Err = UnknownArch;

    fn from_str(text: &str) -> Result<Self, UnknownArch> {
        match text.to_ascii_lowercase().as_str() {
            "x86_64" | "amd64" | "x86-64" | "x64" => Ok(Self::X86_64),
            "aarch64" | "arm64" => Ok(Self::Aarch64),
            "armv7" | "armhf" | "armv7l" | "armv7hl" | "arm" => Ok(Self::Armv7),
            "armv6" | "armv6l" | "armv6hl" | "armv6hf" => Ok(Self::Armv6),
            "i686" | "i386" | "i486" | "i586" | "x86" => Ok(Self::I686),
            "ppc64le" | "ppc64el" | "powerpc64le" => Ok(Self::Ppc64le),
            "riscv64" | "riscv64gc" => Ok(Self::Riscv64),
            "s390x" => Ok(Self::S390x),
            "loongarch64" | "loong64" => Ok(Self::Loongarch64),
            // Rust says `powerpc64` for both byte orders.
            "powerpc64" if cfg!(target_endian = "little") => Ok(Self::Ppc64le),
            _ => Err(UnknownArch(text.chars().take(80).collect())),
        }
    }
}

impl TryFrom<String> for Arch {
    type Error = UnknownArch;

    fn try_from(text: String) -> Result<Self, UnknownArch> {
        text.parse()
    }
}

impl From<Arch> for String {
    fn from(arch: Arch) -> Self {
        arch.name().to_owned()
    }
}
