//! Makes a configured tree repeatable and fit for a guest: a constant list of named steps.
//!
//! Each step is one function over the tree, with the reason for it beside it; steps do not know
//! each other. Nothing here runs a program.

mod accounts;
mod chrony;
mod devices;
mod identity;
mod inittab;
mod leftovers;
mod network;
mod prune;
mod times;
mod tmp_mount;

use crate::plan::Finish;
use tree::{GuestPath, Kind, PathError, Timestamp, Tree};

/// What the steps may know of the build.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The time that everything made during the build carries.
    pub time: Timestamp,
    /// What a script changed carries this time or a later one; none if no script ran.
    pub scripts_began: Option<Timestamp>,
    /// What the profile changes.
    pub finish: &'a Finish,
}

/// One step: a name for the log, and what it does.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The step's name.
    pub name: &'static str,
    apply: fn(&mut Tree, &Context<'_>) -> Result<(), ConfigureError>,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigureError {
    /// A node does not fit into the tree.
    #[error("change the tree")]
    Tree(#[from] tree::Error),
    /// A path is not one.
    #[error("name a path")]
    Path(#[from] PathError),
    /// A file of the guest could not be read.
    #[error("read {0}")]
    Read(GuestPath, #[source] std::io::Error),
    /// A step failed.
    #[error("step {0}")]
    Step(&'static str, #[source] Box<ConfigureError>),
}

/// All steps in their order.
pub const STEPS: [Step; 13] = [
    Step { name: "devices", apply: devices::apply },
    Step { name: "volatile-directories", apply: leftovers::empty_volatile_directories },
    Step { name: "logs", apply: leftovers::empty_logs },
    Step { name: "caches", apply: leftovers::remove_caches },
    Step { name: "backups", apply: leftovers::remove_backups },
    Step { name: "identity", apply: identity::apply },
    Step { name: "accounts", apply: accounts::apply },
    Step { name: "network", apply: network::apply },
    Step { name: "inittab", apply: inittab::apply },
    Step { name: "chrony", apply: chrony::apply },
    Step { name: "tmp-mount", apply: tmp_mount::apply },
    Step { name: "prune", apply: prune::apply },
    Step { name: "times", apply: times::apply },
];

impl Context<'_> {
    /// Whether a script may have changed what carries this time.
    fn is_of_scripts(&self, time: Timestamp) -> bool {
        self.scripts_began.is_some_and(|began| time >= began)
    }
}

/// Applies all steps.
pub fn apply(tree: &mut Tree, context: &Context<'_>) -> Result<(), ConfigureError> {
    for step in STEPS {
        (step.apply)(tree, context)
            .map_err(|error| ConfigureError::Step(step.name, Box::new(error)))?;
    }
    Ok(())
}

/// The bytes of a regular file of the guest; none where there is no such file.
fn read_file(tree: &Tree, path: &GuestPath) -> Result<Option<Vec<u8>>, ConfigureError> {
    const LIMIT: u64 = 64 << 20;
    match tree.get(path).map(|node| &node.kind) {
        Some(Kind::File(content)) => {
            content.read(LIMIT).map(Some).map_err(|error| ConfigureError::Read(path.clone(), error))
        }
        _ => Ok(None),
    }
}

/// Gives a regular file other bytes and leaves the rest of it.
fn replace_content(tree: &mut Tree, path: &GuestPath, bytes: Vec<u8>) {
    if let Some(content) = tree.content_mut(path) {
        *content = bytes.into();
    }
}
