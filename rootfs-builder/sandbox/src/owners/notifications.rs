//! The kernel's side of the conversation: calls that wait for an answer.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// Where the waiting calls of a tool and its children are told.
#[derive(Debug)]
pub(crate) struct Listener(OwnedFd);

/// A call that waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notification {
    id: u64,
    /// The thread that made it, by the number it has for us.
    pub(crate) thread: u32,
    /// The kernel's name of the kind of program.
    pub(crate) audit: u32,
    pub(crate) number: u32,
    pub(crate) arguments: [u64; 6],
}

/// What a waiting call is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The kernel shall do what was asked.
    Continue,
    /// It was done.
    Done,
    /// It failed with this code.
    Failed(i32),
}

impl Listener {
    /// Returns the listener that a filter's installation gave.
    pub(crate) fn new(fd: OwnedFd) -> Self {
        // Waking both sides on one processor is faster; older kernels do not know the wish.
        const SAME_PROCESSOR: u64 = 1;
        // SAFETY: the call takes a number.
        unsafe { libc::ioctl(fd.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS, SAME_PROCESSOR) };
        Listener(fd)
    }

    /// Takes the next waiting call; none if its thread died meanwhile.
    pub(crate) fn receive(&self) -> io::Result<Option<Notification>> {
        // SAFETY: all zeroes are valid, and what the kernel demands.
        let mut told: libc::seccomp_notif = unsafe { std::mem::zeroed() };
        match self.control(libc::SECCOMP_IOCTL_NOTIF_RECV, (&raw mut told).cast()) {
            Ok(()) => Ok(Some(Notification {
                id: told.id,
                thread: told.pid,
                audit: told.data.arch,
                number: told.data.nr.cast_unsigned(),
                arguments: told.data.args,
            })),
            Err(error)
                if [Some(libc::ENOENT), Some(libc::EINTR)].contains(&error.raw_os_error()) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Tells whether the call still waits: if not, its thread's number may be another's by now.
    pub(crate) fn is_waiting(&self, notification: &Notification) -> bool {
        let mut id = notification.id;
        self.control(libc::SECCOMP_IOCTL_NOTIF_ID_VALID, (&raw mut id).cast()).is_ok()
    }

    /// Answers a waiting call; that its thread died meanwhile is no error.
    pub(crate) fn answer(&self, notification: &Notification, answer: Answer) {
        let (error, flags) = match answer {
            Answer::Continue => (0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32),
            Answer::Done => (0, 0),
            Answer::Failed(code) => (-code, 0),
        };
        let mut response = libc::seccomp_notif_resp { id: notification.id, val: 0, error, flags };
        let _ = self.control(libc::SECCOMP_IOCTL_NOTIF_SEND, (&raw mut response).cast());
    }

    fn control(&self, request: libc::Ioctl, argument: *mut libc::c_void) -> io::Result<()> {
        // SAFETY: each request is used with a pointer to the structure that it takes.
        match unsafe { libc::ioctl(self.0.as_raw_fd(), request, argument) } {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
