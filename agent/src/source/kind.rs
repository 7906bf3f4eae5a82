//! What kind of sources a directory holds, and how much around it belongs to them.

use std::path::{Path, PathBuf};

use super::BuildError;

/// What builds the sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The Makefile of Kata's agent.
    Kata,
    /// Cargo.
    Cargo,
    /// Another Makefile.
    Make,
}

/// Sources, and what they need around them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Project {
    pub(super) kind: Kind,
    /// The directory that must be copied whole.
    pub(super) root: PathBuf,
    /// The sources in it.
    pub(super) below: PathBuf,
}

const KATA_UNIT: &str = "kata-agent.service.in";
const KATA_FOLDER: &str = "src/agent";
const KATA_RULES: &str = "utils.mk";
const MAKEFILES: [&str; 3] = ["GNUmakefile", "makefile", "Makefile"];

/// Finds out what builds the sources in a directory.
pub(super) fn find(directory: &Path) -> Result<Project, BuildError> {
    let directory = fs_err::canonicalize(directory)
        .map_err(|source| BuildError::Read { path: directory.to_owned(), source })?;
    let within = directory.join(KATA_FOLDER);
    if !directory.join(KATA_UNIT).is_file() && within.join(KATA_UNIT).is_file() {
        return Ok(project(Kind::Kata, &within));
    }
    let kind = if directory.join(KATA_UNIT).is_file() && has_makefile(&directory) {
        Kind::Kata
    } else if directory.join("Cargo.toml").is_file() {
        Kind::Cargo
    } else if has_makefile(&directory) {
        Kind::Make
    } else {
        return Err(BuildError::NoProject { directory });
    };
    Ok(project(kind, &directory))
}

fn has_makefile(directory: &Path) -> bool {
    MAKEFILES.iter().any(|name| directory.join(name).is_file())
}

/// Sources may use what lies beside them, up to the root of their repository.
fn project(kind: Kind, directory: &Path) -> Project {
    let is_root = |path: &&Path| {
        path.join(".git").exists() || (kind == Kind::Kata && path.join(KATA_RULES).is_file())
    };
    let root = directory.ancestors().find(is_root).unwrap_or(directory);
    let below = directory.strip_prefix(root).unwrap_or(Path::new("")).to_owned();
    Project { kind, root: root.to_owned(), below }
}
