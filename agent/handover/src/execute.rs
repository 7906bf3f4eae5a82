//! Becomes another program.

#![allow(unsafe_code)]

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::c_char;
use core::ptr;

use rustix::io::Errno;

/// Starts a program in place of this one, under its own name and with the arguments that follow
/// this one's name. It returns only if that fails, and says why.
pub(crate) fn start(program: &str, arguments: &[&[u8]], environment: &[&[u8]]) -> Errno {
    let strings = |strings: &[&[u8]]| strings.iter().map(|text| CString::new(*text)).collect();
    let own = [program.as_bytes()];
    let rest = arguments.get(1..).unwrap_or_default();
    let arguments: Result<Vec<CString>, _> = strings(&[&own, rest].concat());
    let environment: Result<Vec<CString>, _> = strings(environment);
    let (Ok(arguments), Ok(environment)) = (arguments, environment) else { return Errno::INVAL };
    // The name of the program is always first.
    execute(&pointers(&arguments), &pointers(&environment))
}

/// Pointers to strings, and the null that ends them.
fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
}

fn execute(arguments: &[*const c_char], environment: &[*const c_char]) -> Errno {
    let status: isize;
    // SAFETY: the pointers lead to strings of C and end with a null; they outlive the call, which
    // changes nothing of this program if it returns.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        core::arch::asm!(
            "syscall",
            inlateout("rax") 59_isize => status,
            in("rdi") arguments[0],
            in("rsi") arguments.as_ptr(),
            in("rdx") environment.as_ptr(),
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack)
        );
    }
    // SAFETY: the pointers lead to strings of C and end with a null; they outlive the call, which
    // changes nothing of this program if it returns.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        core::arch::asm!(
            "svc #0",
            in("x8") 221_isize,
            inlateout("x0") arguments[0] => status,
            in("x1") arguments.as_ptr(),
            in("x2") environment.as_ptr(),
            options(nostack)
        );
    }
    // There is no program for other machines, but this crate is part of the host's osb, too.
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        let _ = (arguments, environment);
        status = -38;
    }
    Errno::from_raw_os_error(-status as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_started_says_why() {
        assert_eq!(start("/absent", &[b"old", b"argument"], &[b"A=1"]), Errno::NOENT);
        assert_eq!(start("/", &[], &[]), Errno::ACCESS);
        assert_eq!(start("/bin\0sh", &[], &[]), Errno::INVAL);
    }
}
