//! The first instructions: from the stack that the kernel made to `main`.

use alloc::vec::Vec;
use core::arch::{asm, global_asm};
use core::ffi::{CStr, c_char};

#[cfg(target_arch = "x86_64")]
global_asm!(
    ".globl _start",
    "_start:",
    "xor ebp, ebp",
    "mov rdi, rsp",
    "and rsp, -16",
    "call {enter}",
    "ud2",
    enter = sym enter,
);

#[cfg(target_arch = "aarch64")]
global_asm!(
    ".globl _start",
    "_start:",
    "mov x29, xzr",
    "mov x30, xzr",
    "mov x0, sp",
    "bl {enter}",
    "brk #1",
    enter = sym enter,
);

/// Takes the count of arguments, the arguments, a null, the environment and a null.
unsafe extern "C" fn enter(stack: *const usize) -> ! {
    // SAFETY: the kernel puts the count where the stack begins.
    let count = unsafe { *stack };
    // SAFETY: the pointers of the arguments follow, and after a null those of the environment.
    let (arguments, environment) = unsafe {
        let pointers = stack.add(1).cast::<*const c_char>();
        (strings(pointers), strings(pointers.add(count + 1)))
    };
    exit(crate::main(&arguments, &environment))
}

/// Ends the program.
pub(crate) fn exit(status: i32) -> ! {
    // SAFETY: the system call `exit_group` takes a number and does not return.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!("syscall", in("rax") 231, in("rdi") status, options(noreturn, nostack))
    }
    // SAFETY: the system call `exit_group` takes a number and does not return.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!("svc #0", in("x8") 94, in("x0") status, options(noreturn, nostack))
    }
}

/// Reads pointers to strings up to a null.
///
/// # Safety
///
/// The pointers and the strings must stay as they are while the program runs.
unsafe fn strings(mut pointers: *const *const c_char) -> Vec<&'static [u8]> {
    let mut strings = Vec::new();
    loop {
        // SAFETY: the caller says that a null ends them.
        let pointer = unsafe { *pointers };
        if pointer.is_null() {
            return strings;
        }
        // SAFETY: each is a string of C, which nothing changes.
        strings.push(unsafe { CStr::from_ptr(pointer) }.to_bytes());
        // SAFETY: a null has not been seen yet.
        pointers = unsafe { pointers.add(1) };
    }
}
