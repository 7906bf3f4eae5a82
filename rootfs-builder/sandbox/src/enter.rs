//! Climbs onto a rung: runs this program again in a user namespace.

use std::ffi::OsString;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};

use rustix::process::Pid;
use rustix::thread::UnshareFlags;

use crate::error::Error;
use crate::forward;
use crate::rung::Rung;
use crate::subids::{self, IdMaps, Obstacle, Stretch};

/// Runs this program again with `arguments` on `rung`, and returns how that ended.
///
/// It shares the standard streams and `inherited`, gets the signals sent to this process, and
/// dies with the calling thread, which should be the main one.
pub fn enter(
    rung: Rung,
    arguments: &[OsString],
    inherited: &[BorrowedFd<'_>],
) -> Result<ExitStatus, Error> {
    let mut command = Command::new("/proc/self/exe");
    command.args(arguments);
    let kept: Vec<RawFd> = inherited.iter().map(AsRawFd::as_raw_fd).collect();
    let parent = rustix::process::getpid();
    let prepare = move || {
        kept.iter().try_for_each(|&fd| keep_open(fd))?;
        // On every rung: what a killed build started must not go on to write its output.
        crate::process::die_with_parent()?;
        match rustix::process::getppid() {
            Some(found) if found == parent => Ok(()),
            _ => Err(io::Error::from_raw_os_error(libc::ECANCELED)),
        }
    };
    // SAFETY: the descriptors are borrowed until the child has its copies; the closure only makes
    // system calls.
    unsafe { command.pre_exec(prepare) };
    let mut child = spawn_on(rung, &mut command)?;
    forward::until(child.id(), || child.wait()).map_err(|source| Error::Spawn { source })
}

fn keep_open(fd: RawFd) -> io::Result<()> {
    // SAFETY: the caller keeps the descriptor open.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    Ok(rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::empty())?)
}

/// Starts `command` on `rung`.
pub(crate) fn spawn_on(rung: Rung, command: &mut Command) -> Result<Child, Error> {
    if !rung.must_be_entered() {
        return command.spawn().map_err(|source| Error::Spawn { source });
    }
    let unavailable = |Obstacle { reason, fix }| Error::Unavailable { rung, reason, fix };
    let maps = IdMaps::of(rung).map_err(unavailable)?;
    let spawn = |source| Error::Spawn { source };
    let (born, born_end) = io::pipe().map_err(spawn)?;
    let (go, go_end) = io::pipe().map_err(spawn)?;
    let gate = Gate {
        parent: rustix::process::getpid(),
        born: born_end.as_raw_fd(),
        go: go.as_raw_fd(),
        go_end: go_end.as_raw_fd(),
    };
    // SAFETY: the pipes live until the child has started; the closure only makes system calls.
    unsafe { command.pre_exec(move || gate.pass()) };
    // The child waits for its ids before it becomes the program, and `spawn` waits for that: the
    // ids must come from another thread. It is not the one that starts the child, because the
    // child dies with the thread that does.
    std::thread::scope(|scope| {
        let mapper = scope.spawn(|| give_ids(rung, &maps, born, go_end));
        let child = command.spawn();
        // Tells the mapper that nobody will be born, if so.
        drop((born_end, go));
        match (child, mapper.join()) {
            (Ok(child), _) => Ok(child),
            (Err(_), Ok(Err(obstacle))) => Err(unavailable(obstacle)),
            (Err(source), _) => Err(Error::Spawn { source }),
        }
    })
}

/// What a child does between its birth and becoming the program.
#[derive(Clone, Copy)]
struct Gate {
    parent: Pid,
    born: RawFd,
    go: RawFd,
    go_end: RawFd,
}

impl Gate {
    /// Only system calls: this is a copy of a process that may have had threads.
    fn pass(self) -> io::Result<()> {
        // SAFETY: this process has one thread, and the numbers are its copies of open pipe ends.
        let (born, go) = unsafe {
            rustix::thread::unshare_unsafe(UnshareFlags::NEWUSER)?;
            libc::close(self.go_end);
            (BorrowedFd::borrow_raw(self.born), BorrowedFd::borrow_raw(self.go))
        };
        let own = rustix::process::getpid().as_raw_nonzero().get();
        rustix::io::write(born, &own.to_ne_bytes())?;
        if rustix::io::read(go, &mut [0])? == 0 {
            return Err(io::Error::from_raw_os_error(libc::ECANCELED));
        }
        // Refused where there is a single id; the groups then mean nothing.
        let _ = rustix::thread::set_thread_groups(&[]);
        crate::process::die_with_parent()?;
        if rustix::process::getppid() != Some(self.parent) {
            return Err(io::Error::from_raw_os_error(libc::ECANCELED));
        }
        Ok(())
    }
}

/// Waits for the child's birth, writes its maps, and lets it go on.
fn give_ids(
    rung: Rung,
    maps: &IdMaps,
    mut born: PipeReader,
    mut go: PipeWriter,
) -> Result<(), Obstacle> {
    let mut number = [0; 4];
    if born.read_exact(&mut number).is_err() {
        // It could not make a user namespace: what `spawn` returns says why.
        return Ok(());
    }
    let process = i32::from_ne_bytes(number).to_string();
    if rung == Rung::SubordinateIds {
        ask_helper("newuidmap", &process, &maps.users)?;
        ask_helper("newgidmap", &process, &maps.groups)?;
    } else {
        write_own(&process, "setgroups", "deny")?;
        write_own(&process, "uid_map", &subids::as_text(&maps.users))?;
        write_own(&process, "gid_map", &subids::as_text(&maps.groups))?;
    }
    go.write_all(b"1").map_err(|error| Obstacle { reason: error.to_string(), fix: None })
}

fn ask_helper(program: &str, process: &str, map: &[Stretch]) -> Result<(), Obstacle> {
    let numbers = map.iter().flatten().map(u32::to_string);
    let output = match Command::new(program).arg(process).args(numbers).output() {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let fix = Some("apt install uidmap".to_owned());
            return Err(Obstacle { reason: format!("{program} is not installed"), fix });
        }
        Err(error) => {
            return Err(Obstacle { reason: format!("{program}: {error}"), fix: None });
        }
    };
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().next_back().unwrap_or("no reason given").trim().to_owned();
    let fix = Some("apt install --reinstall uidmap".to_owned());
    Err(Obstacle { reason: last, fix })
}

fn write_own(process: &str, file: &str, text: &str) -> Result<(), Obstacle> {
    fs_err::write(format!("/proc/{process}/{file}"), text)
        .map_err(|error| Obstacle { reason: error.to_string(), fix: None })
}
