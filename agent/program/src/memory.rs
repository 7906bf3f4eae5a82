//! What the compiler takes for granted in a C library: moving, setting and comparing memory.
//!
//! They are written as instructions, because the compiler would turn loops into calls of themselves.
//! Under names of our own a test can call them, too.

use core::arch::global_asm;

#[cfg(target_arch = "x86_64")]
global_asm!(include_str!("memory/x86_64.s"));

#[cfg(target_arch = "aarch64")]
global_asm!(include_str!("memory/aarch64.s"));

macro_rules! known_as {
    ($($name:literal)*) => {
        global_asm!($(
            concat!(".globl ", $name),
            concat!(".set ", $name, ", osb_", $name),
        )*);
    };
}

known_as!("bcmp" "memcmp" "memcpy" "memmove" "memset" "strlen");
