//! The person's terminal while a guest has it.

use std::io::{self, IsTerminal as _};
use std::sync::{Mutex, PoisonError};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// How the terminal was before a guest got it.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Hands every key on as it is; the terminal is as before when this is dropped.
#[derive(Debug)]
pub struct Raw(());

impl Raw {
    /// Takes the terminal that is the standard input.
    pub fn take() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        tcsetattr(io::stdin(), OptionalActions::Flush, &raw)?;
        Ok(Self(()))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back; nothing happens if no guest has it.
pub fn restore() {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(before) = before {
        // A terminal that is gone needs nothing.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &before);
    }
}

/// Whether a person sits at both ends.
pub fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Its lines and columns.
pub fn size() -> (u16, u16) {
    const USUAL: (u16, u16) = (24, 80);
    match tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_row > 0 && size.ws_col > 0 => (size.ws_row, size.ws_col),
        Ok(_) | Err(_) => USUAL,
    }
}
