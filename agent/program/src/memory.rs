//! What the compiler takes for granted in a C library: moving, setting and comparing memory.
//!
//! They are written as instructions, because the compiler would turn loops into calls of themselves.

use core::arch::global_asm;

#[cfg(target_arch = "x86_64")]
global_asm!(include_str!("memory/x86_64.s"));

#[cfg(target_arch = "aarch64")]
global_asm!(include_str!("memory/aarch64.s"));
