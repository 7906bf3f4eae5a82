//! The part of a build that may need the rights of root.
//!
//! Where it does, this program is started again for it: in a user namespace where it is not root
//! already, and with a view of its own of the file systems. The job goes there as a file without a
//! name, and what happens there comes back as lines on a pipe.

mod given;
mod job;
mod relay;
mod work;

use std::ffi::OsString;
use std::io::{Seek as _, Write as _};
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};

use anyhow::Context as _;
use rootfs_builder::digest::Digest;
use rootfs_builder::progress::Progress;
use sandbox::{Host, Rung};

use crate::failure::{self, Interrupted, NoRung, Relayed};
use crate::pack::Packed;
use crate::recipe::{Output, RecipeError};
use crate::site::Site;
use crate::source::Source;
use job::Job;
pub use job::{Needs, Order};
use relay::{Line, Sender};

/// The hidden first argument that makes this program do a stage's work; two descriptors follow.
const ARGUMENT: &str = "__stage";

/// What was made.
#[derive(Debug)]
pub struct Made {
    /// The artifact.
    pub packed: Packed,
    /// What a given tree looked like when it was read.
    pub given: Option<Digest>,
}

/// Builds the tree and writes it, on the lowest rung that can.
pub fn run(
    order: &Order<'_>,
    needs: Needs<'_>,
    site: &Site,
    progress: &dyn Progress,
) -> anyhow::Result<Made> {
    let rung = rung(order, needs)?;
    if let (Output::Directory(path), Rung::SingleId) = (order.output, rung) {
        return Err(RecipeError::OwnersOfDirectory { path: path.clone() }.into());
    }
    let job = Job::new(order, needs, site, rung)?;
    if rung == Rung::Files {
        return work::work(&job, progress);
    }
    // A namespace may list more of a directory than this process, which will ask again.
    let given = order.source.state()?;
    Ok(Made { packed: elsewhere(&job, progress)?, given })
}

/// Does a job in a process of its own.
fn elsewhere(job: &Job, progress: &dyn Progress) -> anyhow::Result<Packed> {
    let mut parcel = tempfile::tempfile().context("make a temporary file")?;
    parcel.write_all(&serde_json::to_vec(job)?)?;
    parcel.rewind()?;
    let (heard, wire) = std::io::pipe()?;
    let arguments: [OsString; 3] = [
        ARGUMENT.into(),
        parcel.as_raw_fd().to_string().into(),
        wire.as_raw_fd().to_string().into(),
    ];
    let last = std::thread::scope(|scope| {
        let listener = scope.spawn(|| relay::listen(heard, progress));
        let status = sandbox::enter(job.rung, &arguments, &[parcel.as_fd(), wire.as_fd()]);
        // The listener ends when nobody can write any more.
        drop(wire);
        let last = listener.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok::<_, anyhow::Error>((status?, last?))
    })?;
    match last {
        (_, Some(Line::Made(made))) => Ok(made),
        (_, Some(Line::Failed { code, text })) => Err(Relayed { code, text }.into()),
        (status, _) => Err(ended_early(status)),
    }
}

/// The lowest rung that can do the work.
fn rung(order: &Order<'_>, needs: Needs<'_>) -> anyhow::Result<Rung> {
    // Owners and devices are only named in a file; a directory on disk has them or lacks them.
    let is_file = !matches!(order.output, Output::Directory(_));
    // Root reads any directory as it is; others see the owners of theirs from a namespace.
    let is_readable = match order.source {
        Source::Plan(_) => true,
        Source::Given(given) => !given.path.is_dir() || rustix::process::geteuid().is_root(),
    };
    if is_readable && !needs.scripts && is_file {
        return Ok(Rung::Files);
    }
    match Host::rung_for_tools() {
        Ok(rung) => Ok(rung),
        Err(_) if !needs.scripts => Ok(Rung::Files),
        Err(report) => Err(NoRung(report).into()),
    }
}

/// Why a stage's process ended without a last word.
fn ended_early(status: ExitStatus) -> anyhow::Error {
    if let Some(interrupted) = status.signal().and_then(Interrupted::by) {
        return interrupted.into();
    }
    if status.code() == Some(failure::PANIC_CODE) {
        // It has told the person itself: they share standard error.
        return Relayed::bug().into();
    }
    anyhow::anyhow!("the build's own process ended early: {status}")
}

/// Does a stage's work, if that is what this process was started for.
pub fn dispatch() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != ARGUMENT {
        return None;
    }
    let mut descriptor = || -> Option<PathBuf> {
        Some(format!("/proc/self/fd/{}", arguments.next()?.to_str()?).into())
    };
    let (parcel, wire) = (descriptor()?, descriptor()?);
    let sender = Sender::new(fs_err::OpenOptions::new().write(true).open(wire).ok()?);
    let answer = match answer(&parcel, &sender) {
        Ok(packed) => Line::Made(packed),
        Err(error) => {
            let Relayed { code, text } = failure::to_relay(&error);
            Line::Failed { code, text }
        }
    };
    Some(match sender.send(&answer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

fn answer(parcel: &Path, progress: &dyn Progress) -> anyhow::Result<Packed> {
    let job: Job = serde_json::from_slice(&fs_err::read(parcel)?)?;
    Ok(work::work(&job, progress)?.packed)
}
