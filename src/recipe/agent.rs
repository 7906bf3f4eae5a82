//! Which agent a guest is to have.

use std::path::{Path, PathBuf};

use super::Output;

/// Which agent a guest is to have, and who starts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Where it comes from.
    pub origin: AgentOrigin,
    /// Whether it is the guest's init.
    pub init: bool,
    /// What its program is called, where that is not plain.
    pub name: Option<String>,
}

/// Where an agent comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentOrigin {
    /// Nobody said: osb's own in what boots and was made of packages, none in anything else.
    Usual,
    /// There is none.
    None,
    /// osb's own.
    Own,
    /// A program.
    File(PathBuf),
    /// An archive of files with their places in the guest.
    Tarball(PathBuf),
    /// A directory of sources that is built first.
    Source(PathBuf),
}

impl Agent {
    /// The same, with everything decided that nobody said.
    ///
    /// A tree that is given is taken as it is, and a root filesystem is the distribution's, unless
    /// an agent is asked for.
    pub fn decided(mut self, is_given: bool, output: &Output) -> Self {
        let boots = match output {
            Output::Image(_) | Output::Initrd(_) => true,
            Output::Directory(_) | Output::Tar { .. } => false,
        };
        if self.origin == AgentOrigin::Usual {
            let is_wanted = self.init || (boots && !is_given);
            self.origin = if is_wanted { AgentOrigin::Own } else { AgentOrigin::None };
        }
        self
    }

    /// The file or directory that it comes from.
    pub fn path(&self) -> Option<&Path> {
        match &self.origin {
            AgentOrigin::Usual | AgentOrigin::None | AgentOrigin::Own => None,
            AgentOrigin::File(path) | AgentOrigin::Tarball(path) | AgentOrigin::Source(path) => {
                Some(path)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(init: bool, is_given: bool, output: &Output, expected: &AgentOrigin) {
        let agent = Agent { origin: AgentOrigin::Usual, init, name: None };
        assert_eq!(agent.decided(is_given, output).origin, *expected);
    }

    #[test]
    fn what_boots_has_an_agent_unless_it_is_taken_as_it_is() {
        let directory = Output::Directory("root".into());
        let initrd = Output::Initrd(crate::recipe::Initrd {
            path: "initrd".into(),
            compression: crate::recipe::InitrdCompression::Zstd,
            level: None,
            early: Vec::new(),
            overlays: Vec::new(),
            drop_xattrs: false,
        });
        check(false, false, &initrd, &AgentOrigin::Own);
        check(false, true, &initrd, &AgentOrigin::None);
        check(true, true, &initrd, &AgentOrigin::Own);
        check(false, false, &directory, &AgentOrigin::None);
        check(true, false, &directory, &AgentOrigin::Own);
    }
}
