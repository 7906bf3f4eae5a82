//! The agent that a guest is to have, ready to be put into its tree.

use std::path::PathBuf;

use ::agent::{AgentSpec, BuildSpec, Machine, Origin, Place, Processes};
use anyhow::Context as _;
use rootfs_builder::progress::{Event, Progress};
use sandbox::WorkDir;

use crate::recipe::{Agent, AgentOrigin, Recipe};
use crate::site::Site;

const PREFIX: &str = "agent";

/// An agent, and where it was built; that is gone when this is dropped.
#[derive(Debug)]
pub struct Brought {
    /// What is put into the tree; none if there is to be no agent.
    pub spec: Option<AgentSpec>,
    _directory: Option<WorkDir>,
}

/// Refuses an agent that osb does not have, before anything is fetched for it.
pub fn check(agent: &Agent, arch: &str) -> Result<(), ::agent::Error> {
    match Machine::named(arch).filter(|_| agent.origin == AgentOrigin::Own) {
        Some(machine) if agent_program::program(&machine.to_string()).is_none() => {
            Err(::agent::Error::NoOwn { machine })
        }
        _ => Ok(()),
    }
}

/// Finds the agent that a recipe asks for; one that is given as sources is built.
pub fn bring(
    recipe: &Recipe,
    arch: &str,
    site: &Site,
    progress: &dyn Progress,
) -> anyhow::Result<Brought> {
    let Agent { origin, init, name } = &recipe.agent;
    let place = if *init { Place::Init } else { Place::Service };
    let (origin, directory) = match origin {
        AgentOrigin::Usual | AgentOrigin::None => {
            return Ok(Brought { spec: None, _directory: None });
        }
        AgentOrigin::Own => (Origin::Own, None),
        AgentOrigin::File(path) => (Origin::File(std::path::absolute(path)?), None),
        AgentOrigin::Tarball(path) => (Origin::Tarball(std::path::absolute(path)?), None),
        AgentOrigin::Source(path) => {
            let spec = BuildSpec {
                directory: std::path::absolute(path)?,
                machine: Machine::named(arch).with_context(|| {
                    format!("no processor that an agent runs on is called {arch}")
                })?,
                place,
                name: name.clone(),
                seccomp: false,
            };
            let (origin, directory) = build(&spec, recipe, site, progress)?;
            (origin, Some(directory))
        }
    };
    let spec = AgentSpec { origin, place, name: name.clone() };
    Ok(Brought { spec: Some(spec), _directory: directory })
}

fn build(
    spec: &BuildSpec,
    recipe: &Recipe,
    site: &Site,
    progress: &dyn Progress,
) -> anyhow::Result<(Origin, WorkDir)> {
    progress.report(Event::StageBegun { stage: "agent" });
    let parent: PathBuf = site.store.path().join("work");
    fs_err::create_dir_all(&parent)?;
    WorkDir::clean_stale(&parent, PREFIX)?;
    let directory = WorkDir::create(&parent, PREFIX)?;
    let line = |line: &str| progress.report(Event::ToolLine { tool: "agent", line });
    let built = ::agent::build(spec, &Processes, &recipe.environment, directory.path(), &line)?;
    progress.report(Event::StageEnded { stage: "agent" });
    Ok((built.origin(), directory))
}
