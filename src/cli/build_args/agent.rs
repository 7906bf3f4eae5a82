//! The flags about the guest agent.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;

use crate::recipe::{Agent, AgentOrigin};

#[derive(Debug, clap::Args)]
#[command(
    next_help_heading = "The guest agent",
    group(clap::ArgGroup::new("agent_origin").multiple(false))
)]
pub(super) struct AgentArgs {
    /// Put this program into the guest as its agent, instead of osb's own
    ///
    /// Whether it can run there is checked: processor, interpreter, libraries. For Kata's agent
    /// the systemd units come along.
    #[arg(
        long = "agent",
        value_name = "FILE",
        group = "agent_origin",
        env = "AGENT_SOURCE_BIN",
        hide_env_values = true
    )]
    file: Option<PathBuf>,

    /// Put what this archive holds into the guest: an agent, and what belongs to it
    #[arg(
        long = "agent-tarball",
        value_name = "FILE",
        group = "agent_origin",
        env = "AGENT_TARBALL",
        hide_env_values = true
    )]
    tarball: Option<PathBuf>,

    /// Build the agent from its sources in this directory first, which stays as it is
    #[arg(long = "agent-source", value_name = "DIR", group = "agent_origin")]
    source: Option<PathBuf>,

    /// Put no agent into the guest
    #[arg(long, group = "agent_origin", conflicts_with_all = ["init", "name"])]
    no_agent: bool,

    /// The agent is the guest's init; otherwise the distribution's init starts it
    #[arg(
        long = "agent-init",
        env = "AGENT_INIT",
        hide_env_values = true,
        value_parser = FalseyValueParser::new()
    )]
    init: bool,

    /// What the agent's program is called, where several are brought
    #[arg(long = "agent-name", value_name = "NAME", env = "AGENT_BIN", hide_env_values = true)]
    name: Option<String>,
}

impl AgentArgs {
    /// What is asked for.
    pub(super) fn into_agent(self) -> Agent {
        let given = |path: Option<PathBuf>| path.filter(|path| !path.as_os_str().is_empty());
        let origin = match (given(self.file), given(self.tarball), given(self.source)) {
            (Some(file), ..) => AgentOrigin::File(file),
            (None, Some(tarball), _) => AgentOrigin::Tarball(tarball),
            (None, None, Some(source)) => AgentOrigin::Source(source),
            (None, None, None) if self.no_agent => AgentOrigin::None,
            (None, None, None) => AgentOrigin::Usual,
        };
        Agent { origin, init: self.init, name: super::non_empty(self.name) }
    }
}
