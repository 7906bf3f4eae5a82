//! The bytes that `build.rs` made.

/// Name of a machine, and the program for it.
type Carried = (&'static str, &'static [u8]);

/// All programs that were built.
const PROGRAMS: &[Carried] = include!(concat!(env!("OUT_DIR"), "/programs.rs"));

/// Returns the program for a machine: `x86_64` or `aarch64`.
///
/// There is none where the compiler that built osb had no standard library for that machine.
pub fn program(machine: &str) -> Option<&'static [u8]> {
    PROGRAMS.iter().find(|(name, _)| *name == machine).map(|(_, bytes)| *bytes)
}

/// Returns the machines for which there is a program.
pub fn machines() -> impl Iterator<Item = &'static str> {
    PROGRAMS.iter().map(|(name, _)| *name)
}
