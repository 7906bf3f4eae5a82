//! Answers the watched calls of a tool and all its children.

use std::collections::HashMap;
use std::ffi::CString;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use rustix::process::{Pid, Resource, Rlimit};
use rustix::thread::LinkNameSpaceType;

use super::FileOwner;
use super::answers;
use super::calls::{Watch, watched};
use super::creation::Creations;
use super::ledger::{FileId, Ledger};
use super::notifications::{Answer, Listener};
use super::tracee::{Tracee, open_at};
use crate::error::{Failure, Step};
use crate::numbers;
use crate::view;

/// A call that a single id cannot honour.
#[derive(Debug)]
pub(crate) struct Violation {
    pub(crate) program: String,
    pub(crate) call: String,
}

/// Watches a tool and all its children.
#[derive(Debug)]
pub(crate) struct Supervisor {
    listener: Listener,
    /// The processes as we number them.
    processes: OwnedFd,
    calls: HashMap<(u32, u32), Watch>,
    books: Books,
    device: u64,
}

/// What is known about owners.
#[derive(Debug, Default)]
pub(super) struct Books {
    pub(super) ledger: Ledger,
    pub(super) creations: Creations,
}

impl Supervisor {
    /// Waits for the tool's listener and enters the tool's view, to see its files as it does.
    ///
    /// None if the tool was not started.
    pub(crate) fn meet(
        socket: &UnixStream,
        init: Pid,
        owners: &[FileOwner],
    ) -> Result<Option<Self>, Failure> {
        let Some(listener) = receive(socket).step("take over the tool's calls")? else {
            return Ok(None);
        };
        raise_file_limit().step("raise the limit of open files")?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let processes =
            rustix::fs::openat(CWD, "/proc", flags, Mode::empty()).step("open /proc")?;
        enter_view(&processes, init).step("enter the tool's view")?;
        let device = rustix::fs::stat("/").step("look at the guest's root")?.st_dev;
        let mut books = Books::default();
        pin_all(owners, device, &mut books.ledger).step("find files by inode")?;
        let listener = Listener::new(listener);
        Ok(Some(Supervisor { listener, processes, calls: call_table(), books, device }))
    }

    /// Answers the next waiting call.
    pub(crate) fn serve(&mut self) -> Result<(), Violation> {
        // A failure here is that of a listener whose last process is gone.
        let Ok(Some(call)) = self.listener.receive() else { return Ok(()) };
        let Books { ledger, creations } = &mut self.books;
        creations.settle(call.thread, ledger);
        let tracee = Tracee { processes: &self.processes, call: &call };
        let answer = match self.calls.get(&(call.audit, call.number)) {
            Some(&watch) => answers::answer(&tracee, watch, &mut self.books, &self.listener)?,
            None => Answer::Continue,
        };
        self.listener.answer(&call, answer);
        Ok(())
    }

    /// Returns who owns the guest's files, once all its processes are gone.
    pub(crate) fn owners(mut self) -> Vec<FileOwner> {
        self.books.creations.settle_all(&mut self.books.ledger);
        self.books.ledger.owners_on(self.device)
    }
}

impl AsFd for Supervisor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

/// Hands a listener to the supervisor at the other end.
pub(crate) fn hand_over(listener: &OwnedFd, socket: &UnixStream) -> io::Result<()> {
    let listeners = [listener.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut message = SendAncillaryBuffer::new(&mut space);
    message.push(SendAncillaryMessage::ScmRights(&listeners));
    sendmsg(socket, &[IoSlice::new(b"L")], &mut message, SendFlags::empty())?;
    Ok(())
}

fn receive(socket: &UnixStream) -> io::Result<Option<OwnedFd>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut message = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut message, RecvFlags::CMSG_CLOEXEC)?;
    let rights = message.drain().find_map(|part| match part {
        RecvAncillaryMessage::ScmRights(mut listeners) => listeners.next(),
        _ => None,
    });
    Ok(rights)
}

/// Every file with another owner is kept open.
fn raise_file_limit() -> io::Result<()> {
    let Rlimit { maximum, .. } = rustix::process::getrlimit(Resource::Nofile);
    Ok(rustix::process::setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}

fn enter_view(processes: &OwnedFd, init: Pid) -> io::Result<()> {
    let path = format!("{}/ns/mnt", init.as_raw_nonzero());
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let space = rustix::fs::openat(processes, path, flags, Mode::empty())?;
    rustix::thread::move_into_link_name_space(space.as_fd(), Some(LinkNameSpaceType::Mount))?;
    rustix::process::chroot(view::GUEST)?;
    Ok(rustix::process::chdir("/")?)
}

fn call_table() -> HashMap<(u32, u32), Watch> {
    let native = numbers::native().audit;
    let compatible = numbers::compatible().map(|table| table.audit);
    let kinds = [(Some(native), true), (compatible, false)];
    kinds
        .into_iter()
        .filter_map(|(audit, is_native)| Some((audit?, watched(is_native))))
        .flat_map(|(audit, calls)| calls.into_iter().map(move |(number, w)| ((audit, number), w)))
        .collect()
}

/// Finds the files whose owners are known, and opens them.
fn pin_all(owners: &[FileOwner], device: u64, ledger: &mut Ledger) -> io::Result<()> {
    let ids = owners.iter().map(|owner| ((owner.device, owner.inode), (owner.user, owner.group)));
    let mut wanted: HashMap<FileId, (u32, u32)> = ids.collect();
    let mut paths = vec![PathBuf::from("/")];
    while let Some(path) = paths.pop().filter(|_| !wanted.is_empty()) {
        let found = rustix::fs::lstat(&path)?;
        if found.st_dev != device {
            continue;
        }
        if let Some(owner) = wanted.remove(&(found.st_dev, found.st_ino)) {
            let path = CString::new(path.as_os_str().as_bytes())?;
            ledger.set((found.st_dev, found.st_ino), owner, open_at(CWD, &path, false)?);
        }
        if FileType::from_raw_mode(found.st_mode).is_dir() {
            for entry in fs_err::read_dir(&path)? {
                paths.push(entry?.path());
            }
        }
    }
    Ok(())
}
