//! A line in the table of an init that starts things again when they end.

use tree::{Content, GuestPath, Timestamp, Tree};

use crate::error::Error;
use crate::guest;

const TABLE: &str = "etc/inittab";
/// The name of the program whose init reads a table in which no runlevels count.
const BUSYBOX: &str = "busybox";

/// Whether the guest boots with an init that reads the table as it is written here.
pub(super) fn is_read_by(tree: &Tree, init: &GuestPath) -> bool {
    init.name() == BUSYBOX.as_bytes() && guest::file(tree, TABLE).is_some()
}

/// Adds the line, unless one starts the program already.
pub(super) fn enable(tree: &mut Tree, program: &GuestPath, mtime: Timestamp) -> Result<(), Error> {
    let mut text = guest::text(tree, TABLE)?.unwrap_or_default();
    if text.split(|byte| *byte == b'\n').any(|line| starts(line, program)) {
        return Ok(());
    }
    if !text.is_empty() && !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    text.extend_from_slice(format!("::respawn:{program}\n").as_bytes());
    let mode = guest::file(tree, TABLE).map_or(0o644, |(_, meta, _)| meta.mode);
    guest::put(tree, &GuestPath::new(TABLE)?, Content::from(text), (mode, mtime))?;
    Ok(())
}

/// Whether a line has the form `ID:RUNLEVELS:ACTION:PROGRAM...` with this program.
fn starts(line: &[u8], program: &GuestPath) -> bool {
    let mut fields = line.splitn(4, |byte| *byte == b':');
    let is_comment = line.first() == Some(&b'#');
    let command = fields.nth(3).unwrap_or_default();
    let word = command.split(u8::is_ascii_whitespace).find(|word| !word.is_empty());
    !is_comment && word.is_some_and(|word| word == program.to_string().as_bytes())
}
