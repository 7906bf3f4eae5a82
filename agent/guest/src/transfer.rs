//! Files copied into the guest and out of it.

use alloc::ffi::CString;
use alloc::vec::Vec;

use agent_protocol::{Data, Get, GuestFrame, INITIAL_CREDIT, Put};
use rustix::fd::OwnedFd;
use rustix::fs::{self, FileType, Mode, OFlags};
use rustix::io::{self, Errno};

use crate::command::Course;
use crate::inlet::{Allowance, Overrun};
use crate::outgoing::Outgoing;
use crate::spawn::Refusal;

/// A file that comes in, under another name until it is complete.
pub(crate) struct Incoming {
    file: OwnedFd,
    path: CString,
    temporary: CString,
    mode: Mode,
    size: u64,
    written: u64,
    allowance: Allowance,
    is_named: bool,
}

/// A file that goes out.
pub(crate) struct Leaving {
    file: OwnedFd,
    path: Vec<u8>,
    credit: u32,
    moved: u64,
}

impl Incoming {
    /// `unique` tells transfers that run at a time apart.
    pub(crate) fn open(put: &Put, unique: &str) -> Result<Self, Refusal> {
        let refusal = |errno| Refusal::new(errno, "cannot write", &put.path);
        let path = c_path(&put.path)?;
        let is_directory =
            |found: fs::Stat| FileType::from_raw_mode(found.st_mode) == FileType::Directory;
        if put.path.ends_with(b"/") || fs::stat(path.as_c_str()).is_ok_and(is_directory) {
            return Err(Refusal::new(Errno::ISDIR, "is a directory", &put.path));
        }
        let temporary = c_path(&[put.path.as_slice(), b".osb-", unique.as_bytes()].concat())?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let private = Mode::from_raw_mode(0o600);
        // One that is there was left by an agent that was killed.
        let _ = fs::unlink(temporary.as_c_str());
        let file = fs::open(temporary.as_c_str(), flags, private).map_err(refusal)?;
        Ok(Self {
            file,
            path,
            temporary,
            mode: Mode::from_raw_mode(put.mode & 0o7777),
            size: put.size,
            written: 0,
            allowance: Allowance::new(),
            is_named: false,
        })
    }

    /// Takes what the host sent; nothing is its end.
    pub(crate) fn push(
        &mut self,
        channel: u32,
        bytes: &[u8],
        outgoing: &mut Outgoing,
    ) -> Result<Course, Overrun> {
        self.allowance.take(bytes.len())?;
        let result = if bytes.is_empty() { self.finish() } else { self.write(bytes) };
        self.allowance.hand_on(bytes.len());
        if let Err(errno) = result {
            outgoing.refused(channel, Refusal::new(errno, "cannot write", self.path.as_bytes()));
            return Ok(Course::IsFree);
        }
        if bytes.is_empty() {
            outgoing.frame(&GuestFrame::Done { channel, bytes: self.written });
            return Ok(Course::IsFree);
        }
        if let Some(bytes) = self.allowance.grant() {
            outgoing.credit(channel, bytes);
        }
        Ok(Course::GoesOn)
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<(), Errno> {
        let coming = u64::try_from(bytes.len()).map_err(|_| Errno::FBIG)?;
        if coming > self.size - self.written {
            return Err(Errno::FBIG);
        }
        while !bytes.is_empty() {
            let count = io::retry_on_intr(|| io::write(&self.file, bytes))?;
            bytes = bytes.get(count..).unwrap_or_default();
        }
        self.written += coming;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Errno> {
        if self.written < self.size {
            return Err(Errno::IO);
        }
        fs::fchmod(&self.file, self.mode)?;
        fs::rename(self.temporary.as_c_str(), self.path.as_c_str())?;
        self.is_named = true;
        Ok(())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.is_named {
            // What cannot be removed any more was removed by someone else.
            let _ = fs::unlink(self.temporary.as_c_str());
        }
    }
}

impl Leaving {
    pub(crate) fn open(get: &Get) -> Result<Self, Refusal> {
        let refusal = |errno| Refusal::new(errno, "cannot read", &get.path);
        let path = c_path(&get.path)?;
        // A pipe would not be opened before someone writes to it.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = fs::open(path.as_c_str(), flags, Mode::empty()).map_err(refusal)?;
        let found = fs::fstat(&file).map_err(refusal)?;
        match FileType::from_raw_mode(found.st_mode) {
            FileType::RegularFile => {}
            FileType::Directory => {
                return Err(Refusal::new(Errno::ISDIR, "is a directory", &get.path));
            }
            _ => return Err(Refusal::new(Errno::INVAL, "is no regular file", &get.path)),
        }
        Ok(Self { file, path: get.path.clone(), credit: INITIAL_CREDIT, moved: 0 })
    }

    pub(crate) fn grant(&mut self, bytes: u32) {
        self.credit = self.credit.saturating_add(bytes);
    }

    pub(crate) fn is_readable(&self) -> bool {
        self.credit > 0
    }

    /// Reads once.
    pub(crate) fn read(
        &mut self,
        channel: u32,
        buffer: &mut [u8],
        outgoing: &mut Outgoing,
    ) -> Course {
        let limit = buffer.len().min(self.credit as usize);
        let room = buffer.get_mut(..limit).unwrap_or_default();
        let count = match io::retry_on_intr(|| io::read(&self.file, &mut *room)) {
            Ok(count) => count,
            Err(errno) => {
                outgoing.refused(channel, Refusal::new(errno, "cannot read", &self.path));
                return Course::IsFree;
            }
        };
        outgoing.data(Data::Output, channel, room.get(..count).unwrap_or_default());
        if count == 0 {
            outgoing.frame(&GuestFrame::Done { channel, bytes: self.moved });
            return Course::IsFree;
        }
        self.credit -= u32::try_from(count).unwrap_or(self.credit);
        self.moved += count as u64;
        Course::GoesOn
    }
}

fn c_path(path: &[u8]) -> Result<CString, Refusal> {
    if path.is_empty() {
        return Err(Refusal::new(Errno::NOENT, "no path", b""));
    }
    CString::new(path).map_err(|_| Refusal::new(Errno::INVAL, "a zero byte in a path", b""))
}
