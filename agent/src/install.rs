//! The story: the agent's files come into the tree, it gets its place, and it is seen to run there.

use std::path::Path;

use tree::{GuestPath, Kind, Tree};

use crate::bring::bring;
use crate::check::check;
use crate::error::Error;
use crate::init;
use crate::service::{self, Manager};
use crate::spec::{AgentSpec, Options, Place};

/// What was put into a tree, for the guest's record of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The agent's name: that of its program and of its service.
    pub name: String,
    /// Its version, where that can be known without running it.
    pub version: Option<String>,
    /// The program in the guest.
    pub program: GuestPath,
    /// How many bytes the program has.
    pub bytes: u64,
    /// The program's SHA-256.
    pub digest: [u8; 32],
    /// Who starts it.
    pub place: Place,
    /// What runs it as a service; none for an init.
    pub manager: Option<Manager>,
}

/// Puts an agent into a tree, which is of no use if that fails.
///
/// The tree's new files may be spans of the agent's file and of files in `work`, so both must
/// outlive it.
pub fn install(
    tree: &mut Tree,
    spec: &AgentSpec,
    options: &Options,
    work: &Path,
) -> Result<Installed, Error> {
    let brought = bring(tree, spec, options, work)?;
    let program = match spec.place {
        Place::Init => init::put(tree, &brought.program)?,
        Place::Service => brought.program,
    };
    let reasons = check(tree, &program, options.machine)?;
    if !reasons.is_empty() {
        return Err(Error::CannotRun { name: brought.name, reasons });
    }
    let manager = match spec.place {
        Place::Init => None,
        Place::Service => Some(service::enable(tree, &brought.name, &program, options.mtime)?),
    };
    let (bytes, digest) = measure(tree, &program)?;
    Ok(Installed {
        name: brought.name,
        version: brought.version,
        program,
        bytes,
        digest,
        place: spec.place,
        manager,
    })
}

fn measure(tree: &Tree, program: &GuestPath) -> Result<(u64, [u8; 32]), Error> {
    let unreadable = |source| Error::ReadGuest { path: program.clone(), source };
    match tree.inode(program).map(|node| &node.kind) {
        Some(Kind::File(content)) => Ok((content.length(), content.sha256().map_err(unreadable)?)),
        _ => Err(unreadable(std::io::ErrorKind::NotFound.into())),
    }
}
