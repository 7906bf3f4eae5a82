//! The three requests to the kernel's device-mapper that make a device.
//!
//! Their form is that of `linux/dm-ioctl.h`: a header, one target, and the target's line.

#![allow(unsafe_code)]

use rustix::fd::AsFd;
use rustix::io::{Errno, Result};
use rustix::ioctl::{Direction, Opcode, Updater, ioctl, opcode};

/// A digest or a salt in hexadecimal may be as long as this.
pub(crate) const WORD_BYTES_MAX: usize = 600;
const LINE_BYTES_MAX: usize = 2048;

const HEADER_BYTES: usize = 312;
const VERSION: [u32; 3] = [4, 0, 0];
const READ_ONLY: u32 = 1;

const CREATE: Opcode = request(3);
const RESUME: Opcode = request(6);
const LOAD: Opcode = request(9);

const fn request(number: u8) -> Opcode {
    opcode::from_components(Direction::ReadWrite, 0xfd, number, HEADER_BYTES)
}

#[repr(C)]
struct Request {
    version: [u32; 3],
    /// Size of all this.
    data_size: u32,
    /// Where the target is.
    data_start: u32,
    target_count: u32,
    open_count: i32,
    flags: u32,
    event_number: u32,
    padding: u32,
    device: u64,
    name: [u8; 128],
    uuid: [u8; 129],
    data: [u8; 7],
    target: Target,
    line: [u8; LINE_BYTES_MAX],
}

#[repr(C)]
struct Target {
    sector_start: u64,
    sectors: u64,
    status: i32,
    next: u32,
    kind: [u8; 16],
}

const _: () = assert!(core::mem::offset_of!(Request, target) == HEADER_BYTES);

/// Makes a device without a table; returns its number.
pub(crate) fn create(control: impl AsFd, name: &str) -> Result<u64> {
    let mut request = Request::new(name)?;
    request.send::<CREATE>(control)?;
    Ok(request.device)
}

/// Gives a device one target of dm-verity that spans it.
pub(crate) fn load(control: impl AsFd, name: &str, sectors: u64, line: &str) -> Result<()> {
    let mut request = Request::new(name)?;
    request.target_count = 1;
    request.flags = READ_ONLY;
    request.target.sectors = sectors;
    put(&mut request.target.kind, "verity")?;
    put(&mut request.line, line)?;
    request.send::<LOAD>(control)
}

/// Lets a device work with the table that it was given.
pub(crate) fn resume(control: impl AsFd, name: &str) -> Result<()> {
    Request::new(name)?.send::<RESUME>(control)
}

impl Request {
    fn new(name: &str) -> Result<Self> {
        let target = Target { sector_start: 0, sectors: 0, status: 0, next: 0, kind: [0; 16] };
        let mut request = Self {
            version: VERSION,
            data_size: size_of::<Self>() as u32,
            data_start: HEADER_BYTES as u32,
            target_count: 0,
            open_count: 0,
            flags: 0,
            event_number: 0,
            padding: 0,
            device: 0,
            name: [0; 128],
            uuid: [0; 129],
            data: [0; 7],
            target,
            line: [0; LINE_BYTES_MAX],
        };
        put(&mut request.name, name)?;
        Ok(request)
    }

    fn send<const OPCODE: Opcode>(&mut self, control: impl AsFd) -> Result<()> {
        // SAFETY: the kernel reads and writes `data_size` bytes of a request, which is its size.
        unsafe { ioctl(control, Updater::<OPCODE, Self>::new(self)) }
    }
}

/// Writes a string of C.
fn put(place: &mut [u8], text: &str) -> Result<()> {
    if text.len() >= place.len() {
        return Err(Errno::NAMETOOLONG);
    }
    place[..text.len()].copy_from_slice(text.as_bytes());
    Ok(())
}
