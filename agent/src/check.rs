//! Whether a program can run in a guest: its processor, its interpreter, its libraries.

mod closure;
mod elf;
mod folders;
mod script;
#[cfg(test)]
mod tests;

use std::fmt;

use tree::{GuestPath, Tree};

use crate::error::Error;
use crate::guest;
use crate::machine::Machine;

/// Scripts may be run by scripts, but no kernel goes further.
const SCRIPTS_MAX: usize = 4;

/// Something that keeps a program from running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It is neither an ELF program nor a script.
    NotProgram {
        /// Which file.
        file: GuestPath,
    },
    /// It breaks its own format.
    Damaged {
        /// Which file.
        file: GuestPath,
        /// What is wrong with it.
        what: String,
    },
    /// It was built for other processors.
    Machine {
        /// Which file.
        file: GuestPath,
        /// What it was built for; none if it is none that we know.
        built_for: Option<Machine>,
        /// What the guest has.
        guest: Machine,
    },
    /// What is to load or to read it is not in the guest.
    Interpreter {
        /// Where that should be.
        interpreter: String,
        /// Which file needs it.
        needed_by: GuestPath,
    },
    /// A library is not where the guest looks for libraries.
    Library {
        /// The library's name.
        library: String,
        /// Which file needs it.
        needed_by: GuestPath,
    },
    /// A library is in a folder that the loader only knows from a cache, which does not name it.
    NotInCache {
        /// The library.
        library: GuestPath,
        /// Which file needs it.
        needed_by: GuestPath,
    },
    /// A library is too old, or another one of the same name.
    Version {
        /// The version of a part of the library.
        version: String,
        /// The library that has no such part.
        library: GuestPath,
        /// Which file needs it.
        needed_by: GuestPath,
    },
    /// It needs more libraries than any real program.
    TooMany,
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotProgram { file } => write!(out, "{file} is neither a program nor a script"),
            Self::Damaged { file, what } => write!(out, "{file} is damaged: {what}"),
            Self::Machine { file, built_for: Some(machine), guest } => {
                write!(out, "{file} is for {machine} processors, the guest has {guest}")
            }
            Self::Machine { file, built_for: None, guest } => {
                write!(out, "{file} is not for the guest's {guest} processors")
            }
            Self::Interpreter { interpreter, needed_by } => {
                write!(out, "interpreter {interpreter} is missing (needed by {needed_by})")
            }
            Self::Library { library, needed_by } => {
                write!(out, "library {library} is missing (needed by {needed_by})")
            }
            Self::NotInCache { library, needed_by } => {
                write!(
                    out,
                    "{library} is not in /etc/ld.so.cache, without which it is not found "
                )?;
                write!(out, "(needed by {needed_by})")
            }
            Self::Version { version, library, needed_by } => {
                write!(out, "{library} has no {version} (needed by {needed_by})")
            }
            Self::TooMany => out.write_str("it needs more libraries than any real program"),
        }
    }
}

/// Looks for everything that keeps a program of the tree from running; nothing is run.
pub fn check(tree: &Tree, program: &GuestPath, machine: Machine) -> Result<Vec<Reason>, Error> {
    let mut program = program.clone();
    let mut budget = elf::Budget::new();
    for _ in 0..SCRIPTS_MAX {
        let Some((place, _, content)) = guest::file(tree, program.as_bytes()) else {
            return Ok(vec![Reason::NotProgram { file: program }]);
        };
        match elf::facts(content, &mut budget) {
            Ok(Some(facts)) => return closure::check(tree, &place, facts, (machine, budget)),
            Ok(None) => {}
            Err(elf::Fault::Read(source)) => return Err(Error::ReadGuest { path: place, source }),
            Err(fault) => {
                let what = fault.to_string();
                return Ok(vec![Reason::Damaged { file: place, what }]);
            }
        }
        let unreadable = |source| Error::ReadGuest { path: place.clone(), source };
        let Some(line) = script::line(content).map_err(unreadable)? else {
            return Ok(vec![Reason::NotProgram { file: place }]);
        };
        match script::interpreter(tree, &line) {
            Ok(interpreter) => program = interpreter,
            Err(interpreter) => {
                return Ok(vec![Reason::Interpreter { interpreter, needed_by: place }]);
            }
        }
    }
    Ok(vec![Reason::NotProgram { file: program }])
}

/// Bytes from a hostile file as a part of a message.
fn shown(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(200)].escape_ascii().to_string()
}
