//! What frames carry, beyond numbers and bytes.

use alloc::vec::Vec;

use crate::Malformed;
use crate::fields::{Reader, Writer};

/// A command to start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// The program and its arguments; not empty.
    pub arguments: Vec<Vec<u8>>,
    /// Variables, as `NAME=value`.
    pub environment: Vec<Vec<u8>>,
    /// Whether only those variables are set, not the usual ones.
    pub is_environment_cleared: bool,
    /// Where it runs; empty: the user's home.
    pub directory: Vec<u8>,
    /// Empty: root; else a name, or a number and perhaps `:` and a group's number.
    pub user: Vec<u8>,
    /// Whether input will come; else it reads an end at once.
    pub has_input: bool,
    /// Whether it gets a terminal, and of which size; else pipes.
    pub terminal: Option<TerminalSize>,
}

/// The size of a terminal, in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TerminalSize {
    /// Lines.
    pub rows: u16,
    /// Characters of a line.
    pub columns: u16,
}

/// A file to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Put {
    /// Where it appears when it is complete.
    pub path: Vec<u8>,
    /// Its permission bits.
    pub mode: u32,
    /// How many bytes will come as input.
    pub size: u64,
}

/// A file to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Get {
    /// Where it is.
    pub path: Vec<u8>,
}

/// One of a channel's streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// From the host.
    Input,
    /// From the guest.
    Output,
    /// From the guest, for errors.
    Errors,
}

/// How the agent runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// As the first process.
    Init,
    /// Under another init.
    Service,
}

/// What to do with the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// Switch it off.
    Off,
    /// Start it again.
    Reboot,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It said so itself.
    Status(u32),
    /// A signal of this number killed it.
    Signal(u32),
}

/// Why the guest ends a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// No common version.
    Version,
    /// What came is not the protocol.
    Malformed,
    /// A frame was too large.
    TooLarge,
    /// Too many sessions.
    TooMany,
}

impl Start {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        let size = self.terminal.unwrap_or_default();
        writer.list(&self.arguments);
        writer.list(&self.environment);
        writer.flag(self.is_environment_cleared);
        writer.string(&self.directory);
        writer.string(&self.user);
        writer.flag(self.has_input);
        writer.flag(self.terminal.is_some());
        size.write(writer);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let arguments = reader.list()?;
        if arguments.is_empty() {
            return Err(Malformed::Payload("no program"));
        }
        let environment = reader.list()?;
        let is_environment_cleared = reader.flag()?;
        let directory = reader.string()?;
        let user = reader.string()?;
        let has_input = reader.flag()?;
        let has_terminal = reader.flag()?;
        let size = TerminalSize::read(reader)?;
        let terminal = has_terminal.then_some(size);
        Ok(Self {
            arguments,
            environment,
            is_environment_cleared,
            directory,
            user,
            has_input,
            terminal,
        })
    }
}

impl TerminalSize {
    pub(crate) fn write(self, writer: &mut Writer<'_>) {
        writer.u16(self.rows);
        writer.u16(self.columns);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self { rows: reader.u16()?, columns: reader.u16()? })
    }
}

impl Put {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        writer.string(&self.path);
        writer.u32(self.mode);
        writer.u64(self.size);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self { path: reader.string()?, mode: reader.u32()?, size: reader.u64()? })
    }
}

/// The numbers by which a closed set travels.
macro_rules! numbered {
    ($name:ty, $width:ident, $what:literal, $($variant:ident = $number:literal),+) => {
        impl $name {
            pub(crate) fn write(self, writer: &mut Writer<'_>) {
                writer.$width(match self { $(Self::$variant => $number),+ });
            }

            pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
                match reader.$width()? {
                    $($number => Ok(Self::$variant),)+
                    _ => Err(Malformed::Payload($what)),
                }
            }
        }
    };
}

numbered!(Stream, u32, "unknown stream", Input = 0, Output = 1, Errors = 2);
numbered!(Role, u8, "unknown role", Init = 0, Service = 1);
numbered!(Power, u8, "unknown power action", Off = 0, Reboot = 1);
numbered!(ErrorCode, u16, "unknown error", Version = 1, Malformed = 2, TooLarge = 3, TooMany = 4);

impl Exit {
    pub(crate) fn write(self, writer: &mut Writer<'_>) {
        let (kind, code) = match self {
            Self::Status(code) => (0, code),
            Self::Signal(code) => (1, code),
        };
        writer.u8(kind);
        writer.u32(code);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        match (reader.u8()?, reader.u32()?) {
            (0, code) => Ok(Self::Status(code)),
            (1, code) => Ok(Self::Signal(code)),
            _ => Err(Malformed::Payload("unknown exit")),
        }
    }
}
