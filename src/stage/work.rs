//! A stage's work itself: a working directory, the tree, the artifact.

use std::path::{Path, PathBuf};

use agent::{AgentSpec, Installed};
use anyhow::Context as _;
use rootfs_builder::build::{Workshop, build_tree};
use rootfs_builder::family::opened::{Limits, OpenedPackage, open_package};
use rootfs_builder::kept;
use rootfs_builder::plan::Plan;
use rootfs_builder::progress::{Event, Progress};
use rootfs_builder::store::{BlobId, Store};
use sandbox::{Emulation, Machine, Rung, Sandbox, WorkDir};
use tree::directory::{Devices, Owners};
use tree::{Timestamp, Tree};

use super::job::Job;
use super::{Made, given};
use crate::pack::{self, Means, Packed};
use crate::recipe::Output;
use crate::source::Source;

/// How working directories are named.
const PREFIX: &str = "work";

/// What the guest's scripts may add to the packages' own files.
const SCRIPTS_BYTES: u64 = 512 << 20;

/// Does the job.
pub(super) fn work(job: &Job, progress: &dyn Progress) -> anyhow::Result<Made> {
    match &job.source {
        Source::Plan(plan) => {
            let store = Store::open(&job.cache_dir)?;
            Ok(Made { packed: of_plan(job, plan, &store, progress)?, given: None })
        }
        Source::Given(given) => {
            let scratch = WorkDir::create(&work_parent(job)?, PREFIX)?;
            progress.report(Event::StageBegun { stage: "read" });
            let (tree, state) = given::read(&given.path, scratch.path())?;
            progress.report(Event::StageEnded { stage: "read" });
            Ok(Made { packed: write(tree, job, progress)?, given: Some(state) })
        }
    }
}

fn of_plan(
    job: &Job,
    plan: &Plan,
    store: &Store,
    progress: &dyn Progress,
) -> anyhow::Result<Packed> {
    let opened = open_all(plan, store)?;
    if let Some(tree) = kept::find(store, plan, job.program, &opened)? {
        progress
            .report(Event::Note { text: "the tree is that of an earlier build: no script runs" });
        return write(tree, job, progress);
    }
    let place = job.scripts.then(|| Place::make(job, unpacked_bytes(plan))).transpose()?;
    let tree = match &place {
        Some(place) => build(job, plan, &opened, place, progress)?,
        None => build_tree(plan, &opened, None, progress)?,
    };
    kept::keep(store, plan, job.program, &opened, &tree)?;
    write(tree, job, progress)
}

fn work_parent(job: &Job) -> anyhow::Result<PathBuf> {
    let parent = job.cache_dir.join("work");
    fs_err::create_dir_all(&parent)?;
    WorkDir::clean_stale(&parent, PREFIX)?;
    Ok(parent)
}

/// Where the guest's root is while its scripts run; gone when dropped.
struct Place {
    root: PathBuf,
    // Dropped before the directory that it lies on.
    _scratch: Option<sandbox::Scratch>,
    _directory: WorkDir,
}

impl Place {
    fn make(job: &Job, expected_bytes: u64) -> anyhow::Result<Self> {
        let directory = WorkDir::create(&work_parent(job)?, PREFIX)?;
        let in_memory = expected_bytes < memory_to_spare() && job.rung.has_namespaces();
        let scratch = match in_memory {
            true => Some(sandbox::mount_scratch(directory.path(), expected_bytes)?),
            false => None,
        };
        let root = directory.path().join("root");
        fs_err::create_dir(&root)?;
        Ok(Self { root, _scratch: scratch, _directory: directory })
    }
}

fn build(
    job: &Job,
    plan: &Plan,
    opened: &[OpenedPackage],
    place: &Place,
    progress: &dyn Progress,
) -> anyhow::Result<Tree> {
    progress.report(Event::Note { text: &format!("scripts run as: {}", job.rung) });
    let runner = Sandbox::new(job.rung)?;
    let machine = Machine::named(&plan.arch)
        .with_context(|| format!("no processor is called {}", plan.arch))?;
    let workshop = Workshop {
        root: &place.root,
        runner: &runner,
        emulation: &Emulation::find(machine, job.rung)?,
        owners: match job.rung {
            Rung::SingleId => Owners::Skip,
            Rung::Files | Rung::SubordinateIds | Rung::Root | Rung::Chroot => Owners::Apply,
        },
        progress,
    };
    Ok(build_tree(plan, opened, Some(workshop), progress)?)
}

fn write(mut tree: Tree, job: &Job, progress: &dyn Progress) -> anyhow::Result<Packed> {
    if let Some(directory) = &job.modules {
        add_modules(&mut tree, directory, job, progress)?;
    }
    let work = work_parent(job)?;
    // What an archive brings lies there until it is packed.
    let scratch = WorkDir::create(&work, PREFIX)?;
    let agent = match &job.agent {
        Some(spec) => Some(add_agent(&mut tree, spec, job, scratch.path())?),
        None => None,
    };
    progress.report(Event::StageBegun { stage: "write" });
    let means =
        Means { devices: job.devices(), threads: job.threads, work: &work, agent: agent.as_ref() };
    let packed = pack::write(tree, &job.source, &job.output, means)?;
    if matches!(job.output, Output::Directory(_)) && job.devices() == Devices::Skip {
        progress.report(Event::Warning {
            text: "in this directory, owners are this user's subordinate ids, and device nodes are \
                   missing: a tar has both as the guest needs them",
        });
    }
    progress.report(Event::StageEnded { stage: "write" });
    Ok(packed)
}

fn add_agent(
    tree: &mut Tree,
    spec: &AgentSpec,
    job: &Job,
    scratch: &Path,
) -> anyhow::Result<Installed> {
    let arch = job.source.arch();
    let machine = agent::Machine::named(arch)
        .with_context(|| format!("no processor that an agent runs on is called {arch}"))?;
    let options = agent::Options {
        machine,
        mtime: Timestamp::from_seconds(job.source.time(tree)),
        own: agent_program::program(&machine.to_string()),
    };
    Ok(agent::install(tree, spec, &options, scratch)?)
}

fn add_modules(
    tree: &mut Tree,
    directory: &Path,
    job: &Job,
    progress: &dyn Progress,
) -> anyhow::Result<()> {
    progress.report(Event::StageBegun { stage: "modules" });
    let release = kernel_modules::Release::find(directory)?;
    let mtime = Timestamp::from_seconds(job.source.time(tree));
    let options = kernel_modules::Options { mtime, threads: job.threads };
    kernel_modules::install(tree, &release, &options)?;
    progress.report(Event::StageEnded { stage: "modules" });
    Ok(())
}

fn open_all(plan: &Plan, store: &Store) -> anyhow::Result<Vec<OpenedPackage>> {
    let open = |package: &rootfs_builder::plan::PlannedPackage| {
        let id = BlobId { size: package.size, sha256: package.sha256 };
        Ok(open_package(plan.family, store, id, Limits::default())?)
    };
    plan.packages.iter().map(open).collect()
}

/// How large the working directory may become: packages shrink to about a quarter, rarely to less
/// than an eighth.
fn unpacked_bytes(plan: &Plan) -> u64 {
    let packed: u64 = plan.packages.iter().map(|package| package.size).sum();
    packed.saturating_mul(8).saturating_add(SCRIPTS_BYTES)
}

/// Half of what the kernel could give away; nothing where it does not say.
fn memory_to_spare() -> u64 {
    let text = fs_err::read_to_string(Path::new("/proc/meminfo")).unwrap_or_default();
    let available = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kilobytes = available.and_then(|value| value.trim().strip_suffix(" kB")?.parse().ok());
    kilobytes.map_or(0, |kilobytes: u64| kilobytes * 1024 / 2)
}
