//! `osb test`: whether an artifact boots.

use std::io;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use rootfs_builder::digest::Digest;
use rootfs_builder::progress::{Event, Progress as _};
use sha2::Digest as _;
use vm_runner::{Machine, Qemu};

use super::machine_args::{MachineArgs, Order, PassageArgs};
use crate::boot::{self, Prepared, Reach};
use crate::program;
use crate::progress::{Reporter, visible};
use crate::report;
use crate::site::Site;
use crate::verdict::{self, Machinery, Subject, Verdict};

/// Boot an image or an initrd, and tell whether everything in it starts
///
/// The guest runs under QEMU until its boot is over, and is switched off again. Each step is told
/// with its time in the guest's clock and in this machine's: the kernel, the root filesystem, the
/// init, the agent, what the init starts, the power-off. The exit status is 0 if all went well and
/// 1 if not. The artifact never changes.
///
/// The verdict is also written beside the artifact, as ARTIFACT.test.json. An artifact that has
/// booted well is not booted again as long as it, osb, the kernel and the machine stay the same.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("examples/test.txt"))]
pub struct Args {
    /// A disk image or an initrd
    artifact: PathBuf,

    /// Boot it even if it has booted well before
    #[arg(long)]
    again: bool,

    /// How many seconds everything may take, from the machine's start to its end
    #[arg(long, value_name = "SECONDS", default_value = "180")]
    timeout: NonZeroU64,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    machine: MachineArgs,
}

/// Boots, unless that was done before, and prints the verdict.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Args { artifact: path, again, timeout, json, machine } = args;
    let passage = PassageArgs::default();
    let Order { wish, recipe, acceleration, reporting } = machine.into_order(path, passage)?;
    let path = &wish.artifact;
    let site = Site::open(&recipe)?;
    let progress = Reporter::start(reporting);
    let reach = Reach { recipe: &recipe, site: &site, progress: &progress };
    let mut prepared = boot::prepare(&wish, reach)?;
    let (size, sha256) = digest(path)?;
    let machine = format!("{acceleration:?} {:?} {}", wish.cpus, describe(&prepared.machine));
    let question = question(&[&sha256.to_string(), &prepared.identity, &machine])?;
    if !again && let Some(verdict) = verdict::recall(path, question)? {
        progress.report(Event::Note { text: &format!("booted before: {}", path.display()) });
        progress.finish()?;
        return print(&verdict, json);
    }
    let qemu = Qemu::default();
    let architecture = prepared.machine.architecture;
    let chosen = boot::acceleration(acceleration, &qemu, architecture, &site)?;
    prepared.machine.cpus = boot::processors(&wish, chosen.accelerator);
    progress.report(Event::StageBegun { stage: "boot" });
    let seen = verdict::watch(&Machinery {
        machine: &prepared.machine,
        hypervisor: &qemu,
        accelerator: chosen.accelerator,
        silence: silence(&prepared).as_deref(),
        limit: Duration::from_secs(timeout.get()),
    })?;
    progress.report(Event::StageEnded { stage: "boot" });
    progress.finish()?;
    let subject = Subject {
        artifact: path.clone(),
        size,
        sha256,
        kernel: prepared.kernel,
        accelerator: chosen.why,
        osb: env!("CARGO_PKG_VERSION").to_owned(),
        question,
    };
    let verdict = Verdict::new(subject, seen);
    // What was found out is told even where it cannot be kept.
    let code = print(&verdict, json)?;
    verdict::keep(&verdict, path)?;
    Ok(code)
}

/// The digest of all that could change the verdict.
fn question(parts: &[&str]) -> io::Result<Digest> {
    Ok(Digest::of(format!("{} {}", program::identity()?, parts.join("\n"))))
}

fn print(verdict: &Verdict, json: bool) -> anyhow::Result<ExitCode> {
    match json {
        true => report::json(verdict)?,
        false => report::text(&verdict.to_text())?,
    }
    Ok(if verdict.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Why nobody in the guest can be asked, if so.
fn silence(prepared: &Prepared) -> Option<String> {
    match prepared.agent.as_deref() {
        Some(boot::OWN_AGENT) => None,
        Some(other) => Some(format!("osb does not speak with {}", visible(other))),
        None => Some("the artifact has no agent".to_owned()),
    }
}

/// All of a machine but its processors, which may depend on what executes their instructions,
/// and the files, whose names do not matter.
fn describe(machine: &Machine) -> String {
    let Machine { architecture, memory_mib, network, kernel_words, .. } = machine;
    format!("{architecture:?} {memory_mib} {network:?} {kernel_words:?}")
}

/// The size and the digest of a file.
fn digest(path: &Path) -> io::Result<(u64, Digest)> {
    let mut hasher = sha2::Sha256::new();
    let size = io::copy(&mut fs_err::File::open(path)?, &mut Hashing(&mut hasher))?;
    Ok((size, Digest::from_hasher(hasher)))
}

struct Hashing<'a>(&'a mut sha2::Sha256);

impl io::Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
