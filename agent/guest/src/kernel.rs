//! System calls that rustix does not offer, each behind a function that is safe to call.

#![allow(unsafe_code)]

use core::arch::asm;
use core::ffi::CStr;

use rustix::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use rustix::io::Errno;

#[cfg(target_arch = "x86_64")]
mod number {
    pub(super) const RT_SIGACTION: usize = 13;
    pub(super) const RT_SIGPROCMASK: usize = 14;
    pub(super) const IOCTL: usize = 16;
    pub(super) const BIND: usize = 49;
    pub(super) const GETPEERNAME: usize = 52;
    pub(super) const SETSOCKOPT: usize = 54;
    pub(super) const CLONE: usize = 56;
    pub(super) const EXECVE: usize = 59;
    pub(super) const KILL: usize = 62;
    pub(super) const EXIT_GROUP: usize = 231;
    pub(super) const SIGNALFD4: usize = 289;
}

#[cfg(target_arch = "aarch64")]
mod number {
    pub(super) const IOCTL: usize = 29;
    pub(super) const SIGNALFD4: usize = 74;
    pub(super) const EXIT_GROUP: usize = 94;
    pub(super) const KILL: usize = 129;
    pub(super) const RT_SIGACTION: usize = 134;
    pub(super) const RT_SIGPROCMASK: usize = 135;
    pub(super) const BIND: usize = 200;
    pub(super) const GETPEERNAME: usize = 205;
    pub(super) const SETSOCKOPT: usize = 208;
    pub(super) const CLONE: usize = 220;
    pub(super) const EXECVE: usize = 221;
}

const SIGCHLD: usize = 17;
const SIGNAL_SET_BYTES: usize = 8;
const LAST_SIGNAL: usize = 64;

/// Which of the two processes this is after a fork.
pub(crate) enum Forked {
    Child,
    Parent(i32),
}

/// Strings and the array of pointers to them that `execve` takes.
pub(crate) struct Pointers<'a> {
    array: alloc::vec::Vec<*const core::ffi::c_char>,
    strings: core::marker::PhantomData<&'a CStr>,
}

impl<'a> Pointers<'a> {
    pub(crate) fn new(strings: impl Iterator<Item = &'a CStr>) -> Self {
        let end = core::iter::once(core::ptr::null());
        let array = strings.map(CStr::as_ptr).chain(end).collect();
        Self { array, strings: core::marker::PhantomData }
    }
}

/// Makes a second process. In a program with threads the child may only make system calls.
pub(crate) fn fork() -> Result<Forked, Errno> {
    // SAFETY: without CLONE_VM the child has its own copy of all memory, its stack included.
    let process = check(unsafe { call(number::CLONE, [SIGCHLD, 0, 0, 0, 0]) })?;
    match i32::try_from(process) {
        Ok(0) => Ok(Forked::Child),
        Ok(process) => Ok(Forked::Parent(process)),
        Err(_) => Err(Errno::OVERFLOW),
    }
}

/// Becomes another program; comes back only if that fails.
pub(crate) fn execute(
    program: &CStr,
    arguments: &Pointers<'_>,
    environment: &Pointers<'_>,
) -> Errno {
    let arguments = arguments.array.as_ptr();
    let environment = environment.array.as_ptr();
    let all = [program.as_ptr().addr(), arguments.addr(), environment.addr(), 0, 0];
    // SAFETY: both arrays end with null and point to strings that they borrow.
    match check(unsafe { call(number::EXECVE, all) }) {
        Ok(_) => Errno::NOSYS,
        Err(errno) => errno,
    }
}

/// Where a program's answers go.
pub(crate) fn standard_output() -> BorrowedFd<'static> {
    // SAFETY: nothing in this crate closes the standard streams.
    unsafe { BorrowedFd::borrow_raw(1) }
}

/// Ends this process at once.
pub(crate) fn exit(status: i32) -> ! {
    loop {
        // SAFETY: the call touches no memory.
        unsafe { call(number::EXIT_GROUP, [status.unsigned_abs() as usize, 0, 0, 0, 0]) };
    }
}

/// Signals every process but the first one and this one.
pub(crate) fn signal_all(signal: rustix::process::Signal) {
    let signal = usize::try_from(signal.as_raw()).unwrap_or(0);
    // SAFETY: the call touches no memory. That there is nobody to signal is no failure.
    unsafe { call(number::KILL, [usize::MAX, signal, 0, 0, 0]) };
}

/// Holds exactly these signals back from this thread.
pub(crate) fn block_signals(set: u64) -> Result<(), Errno> {
    const SIG_SETMASK: usize = 2;
    let all = [SIG_SETMASK, (&raw const set).addr(), 0, SIGNAL_SET_BYTES, 0];
    // SAFETY: the kernel reads eight bytes of `set` and is given no place for the old set.
    check(unsafe { call(number::RT_SIGPROCMASK, all) }).map(drop)
}

/// Gives every signal its usual effect again.
pub(crate) fn reset_signals() {
    // The handler, flags, restorer and mask, all zero: the default.
    let action = [0_usize; 4];
    for signal in 1..=LAST_SIGNAL {
        let all = [signal, (&raw const action).addr(), 0, SIGNAL_SET_BYTES, 0];
        // SAFETY: the kernel reads one `action`; that SIGKILL has none to set is no matter.
        unsafe { call(number::RT_SIGACTION, all) };
    }
}

/// A descriptor from which blocked signals are read.
pub(crate) fn signal_descriptor(set: u64) -> Result<OwnedFd, Errno> {
    const SFD_CLOEXEC_NONBLOCK: usize = 0o2_004_000;
    let place = (&raw const set).addr();
    let all = [usize::MAX, place, SIGNAL_SET_BYTES, SFD_CLOEXEC_NONBLOCK, 0];
    // SAFETY: the kernel reads eight bytes of `set`.
    let descriptor = check(unsafe { call(number::SIGNALFD4, all) })?;
    let descriptor = i32::try_from(descriptor).map_err(|_| Errno::OVERFLOW)?;
    // SAFETY: the kernel just made it, for us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Binds a socket to an address in the kernel's own form.
pub(crate) fn bind(socket: impl AsFd, address: &[u8]) -> Result<(), Errno> {
    let all = [raw(&socket), address.as_ptr().addr(), address.len(), 0, 0];
    // SAFETY: the kernel reads `address` and not beyond its length.
    check(unsafe { call(number::BIND, all) }).map(drop)
}

/// The address of a socket's other end, in the kernel's own form.
pub(crate) fn peer_address(socket: impl AsFd) -> Result<[u8; 16], Errno> {
    let mut address = [0_u8; 16];
    let mut length = 16_u32;
    let all = [raw(&socket), (&raw mut address).addr(), (&raw mut length).addr(), 0, 0];
    // SAFETY: the kernel writes at most `length` bytes of `address`, and `length`.
    check(unsafe { call(number::GETPEERNAME, all) })?;
    Ok(address)
}

/// Ties a socket to one network interface.
pub(crate) fn bind_to_device(socket: impl AsFd, device: &[u8]) -> Result<(), Errno> {
    const SOL_SOCKET: usize = 1;
    const SO_BINDTODEVICE: usize = 25;
    let place = device.as_ptr().addr();
    let all = [raw(&socket), SOL_SOCKET, SO_BINDTODEVICE, place, device.len()];
    // SAFETY: the kernel reads `device` and not beyond its length.
    check(unsafe { call(number::SETSOCKOPT, all) }).map(drop)
}

/// A request about a network interface (`struct ifreq`).
pub(crate) fn interface_request(
    socket: impl AsFd,
    request: InterfaceRequest,
    argument: &mut [u8; 40],
) -> Result<(), Errno> {
    let all = [raw(&socket), request as usize, argument.as_mut_ptr().addr(), 0, 0];
    // SAFETY: these requests read and write one `ifreq`, which is 40 bytes and holds no pointer.
    check(unsafe { call(number::IOCTL, all) }).map(drop)
}

/// What can be asked of an interface.
#[derive(Clone, Copy)]
#[repr(usize)]
pub(crate) enum InterfaceRequest {
    Flags = 0x8913,
    SetFlags = 0x8914,
    SetAddress = 0x8916,
    SetMask = 0x891c,
    HardwareAddress = 0x8927,
}

/// Adds a route (`struct rtentry`, whose device must be null).
pub(crate) fn add_route(socket: impl AsFd, route: &[u8; 120]) -> Result<(), Errno> {
    const SIOCADDRT: usize = 0x890b;
    const DEVICE: core::ops::Range<usize> = 88..96;
    if route.get(DEVICE).is_none_or(|device| device != [0; 8]) {
        return Err(Errno::INVAL);
    }
    let all = [raw(&socket), SIOCADDRT, route.as_ptr().addr(), 0, 0];
    // SAFETY: the kernel reads one `rtentry` of 120 bytes, in which the only pointer is null.
    check(unsafe { call(number::IOCTL, all) }).map(drop)
}

/// The bytes of a block device.
pub(crate) fn device_bytes(device: impl AsFd) -> Result<u64, Errno> {
    const BLKGETSIZE64: usize = 0x8008_1272;
    let mut bytes = 0_u64;
    let all = [raw(&device), BLKGETSIZE64, (&raw mut bytes).addr(), 0, 0];
    // SAFETY: the kernel writes eight bytes.
    check(unsafe { call(number::IOCTL, all) })?;
    Ok(bytes)
}

/// Makes a mounted ext4 fill so many blocks.
pub(crate) fn resize_ext4(mount: impl AsFd, blocks: u64) -> Result<(), Errno> {
    const EXT4_IOC_RESIZE_FS: usize = 0x4008_6610;
    let all = [raw(&mount), EXT4_IOC_RESIZE_FS, (&raw const blocks).addr(), 0, 0];
    // SAFETY: the kernel reads eight bytes.
    check(unsafe { call(number::IOCTL, all) }).map(drop)
}

/// Takes no descriptor, lest it be closed before the kernel sees it.
fn raw(descriptor: &impl AsFd) -> usize {
    usize::try_from(descriptor.as_fd().as_raw_fd()).unwrap_or(usize::MAX)
}

/// The kernel answers with a number from -4095 to -1 where it fails.
fn check(answer: isize) -> Result<isize, Errno> {
    match i32::try_from(answer) {
        Ok(error @ -4095..=-1) => Err(Errno::from_raw_os_error(-error)),
        _ => Ok(answer),
    }
}

/// # Safety
///
/// Pointers among the arguments must be what the call asks for.
#[cfg(target_arch = "x86_64")]
unsafe fn call(number: usize, [a, b, c, d, e]: [usize; 5]) -> isize {
    let answer;
    // SAFETY: the registers are those of the kernel's convention; memory is as the caller says.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => answer,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e,
            lateout("rcx") _, lateout("r11") _,
            options(nostack),
        );
    }
    answer
}

/// # Safety
///
/// Pointers among the arguments must be what the call asks for.
#[cfg(target_arch = "aarch64")]
unsafe fn call(number: usize, [a, b, c, d, e]: [usize; 5]) -> isize {
    let answer;
    // SAFETY: the registers are those of the kernel's convention; memory is as the caller says.
    unsafe {
        asm!(
            "svc 0",
            in("x8") number,
            inlateout("x0") a => answer,
            in("x1") b, in("x2") c, in("x3") d, in("x4") e,
            options(nostack),
        );
    }
    answer
}
