//! What each kind of watched call is answered.

use rustix::fs::{AtFlags, Gid, Stat, StatxFlags, Uid};

use super::calls::{OpenFlags, Place, Shape, Watch, Width};
use super::notifications::{Answer, Listener};
use super::shapes;
use super::supervisor::{Books, Violation};
use super::tracee::Tracee;

/// Answers one call and keeps the books.
///
/// Where a file cannot be found the kernel is left to say so.
pub(super) fn answer(
    tracee: &Tracee<'_>,
    watch: Watch,
    books: &mut Books,
    listener: &Listener,
) -> Result<Answer, Violation> {
    match watch {
        Watch::Look { place, result, shape } => Ok(look(tracee, place, books, listener)
            .map_or(Answer::Continue, |(stat, owner)| {
                tell(tracee, place, result, shape, &with_owner(stat, owner))
            })),
        Watch::Give { place, ids, width } => {
            Ok(give(tracee, place, (ids, width), books, listener).unwrap_or(Answer::Continue))
        }
        Watch::Become { name, count, width } => become_other(tracee, name, count, width),
        // Groups only matter to processes of other users, which there cannot be.
        Watch::Gather => Ok(Answer::Done),
        Watch::Make { place, flags } => {
            if may_create(tracee, flags)
                && let Some(location) = tracee.locate(place)
            {
                books.creations.expect(tracee, &location, &books.ledger);
            }
            Ok(Answer::Continue)
        }
        // The books were brought up to date before; the new name is of no interest.
        Watch::Move => Ok(Answer::Continue),
        Watch::Mark { name } => mark(tracee, name),
    }
}

/// Finds a file that does not belong to root.
fn look(
    tracee: &Tracee<'_>,
    place: Place,
    books: &Books,
    listener: &Listener,
) -> Option<(Stat, (u32, u32))> {
    if books.ledger.is_empty() {
        return None;
    }
    let stat = tracee.look(&tracee.locate(place)?).ok()?;
    let owner = books.ledger.owner((stat.st_dev, stat.st_ino));
    (owner != (0, 0) && listener.is_waiting(tracee.call)).then_some((stat, owner))
}

fn with_owner(mut stat: Stat, (user, group): (u32, u32)) -> Stat {
    (stat.st_uid, stat.st_gid) = (user, group);
    stat
}

/// Writes an answer about a file into the thread's memory.
fn tell(tracee: &Tracee<'_>, place: Place, result: usize, shape: Shape, stat: &Stat) -> Answer {
    let bytes = match shape {
        Shape::Native => shapes::bytes_of(stat).to_vec(),
        Shape::WideI386 => shapes::wide_i386(stat),
        Shape::Extended => match extended(tracee, place, stat) {
            Some(bytes) => bytes,
            None => return Answer::Continue,
        },
    };
    match tracee.write(tracee.call.arguments[result], &bytes) {
        Ok(()) => Answer::Done,
        Err(_) => Answer::Failed(libc::EFAULT),
    }
}

fn extended(tracee: &Tracee<'_>, place: Place, stat: &Stat) -> Option<Vec<u8>> {
    let location = tracee.locate(place)?;
    let mask = tracee.call.arguments[place.flags? + 1] as u32;
    let mut flags = AtFlags::from_bits_retain(tracee.call.arguments[place.flags?] as u32);
    flags.remove(AtFlags::EMPTY_PATH | AtFlags::SYMLINK_NOFOLLOW);
    if !location.follows {
        flags.insert(AtFlags::SYMLINK_NOFOLLOW);
    }
    let mask = StatxFlags::from_bits_retain(mask);
    let mut found = rustix::fs::statx(tracee.processes, location.path, flags, mask).ok()?;
    (found.stx_uid, found.stx_gid) = (stat.st_uid, stat.st_gid);
    Some(shapes::bytes_of(&found).to_vec())
}

/// Records a file's new owner.
fn give(
    tracee: &Tracee<'_>,
    place: Place,
    (ids, width): (usize, Width),
    books: &mut Books,
    listener: &Listener,
) -> Option<Answer> {
    let file = tracee.open(&tracee.locate(place)?).ok()?;
    let found = rustix::fs::fstat(&file).ok()?;
    if !listener.is_waiting(tracee.call) {
        return None;
    }
    let user = width.id(tracee.call.arguments[ids]);
    let group = width.id(tracee.call.arguments[ids + 1]);
    // Given to root, who has it already, it loses what a file loses that changes hands: the
    // set-id bits, capabilities; and what is read-only stays so.
    let (root_user, root_group) = (user.map(|_| Uid::ROOT), group.map(|_| Gid::ROOT));
    let given = rustix::fs::chownat(&file, c"", root_user, root_group, AtFlags::EMPTY_PATH);
    if let Err(error) = given {
        return Some(Answer::Failed(error.raw_os_error()));
    }
    let id = (found.st_dev, found.st_ino);
    let before = books.ledger.owner(id);
    books.ledger.set(id, (user.unwrap_or(before.0), group.unwrap_or(before.1)), file);
    Some(Answer::Done)
}

/// Lets a process be root, and nobody else.
fn become_other(
    tracee: &Tracee<'_>,
    name: &str,
    count: usize,
    width: Width,
) -> Result<Answer, Violation> {
    let ids = tracee.call.arguments[..count].iter().filter_map(|&argument| width.id(argument));
    match ids.into_iter().find(|&id| id != 0) {
        Some(other) => {
            Err(Violation { program: tracee.program(), call: format!("{name}({other})") })
        }
        None => Ok(Answer::Continue),
    }
}

fn may_create(tracee: &Tracee<'_>, flags: OpenFlags) -> bool {
    let flags = match flags {
        OpenFlags::Always => return true,
        OpenFlags::Argument(index) => tracee.call.arguments[index],
        OpenFlags::Pointed(index) => {
            let mut bytes = [0; 8];
            if tracee.read(tracee.call.arguments[index], &mut bytes).is_err() {
                return false;
            }
            u64::from_ne_bytes(bytes)
        }
    };
    flags & u64::from(libc::O_CREAT.cast_unsigned()) != 0
}

/// Refuses access lists that name other users or groups: the kernel has no such ids here.
fn mark(tracee: &Tracee<'_>, name: usize) -> Result<Answer, Violation> {
    const LIST_LIMIT_BYTES: u64 = 64 << 10;
    let [name, value, size] = [name, name + 1, name + 2].map(|index| tracee.call.arguments[index]);
    let Some(name) = tracee.read_text(name) else { return Ok(Answer::Continue) };
    if !name.to_bytes().starts_with(b"system.posix_acl_") || size > LIST_LIMIT_BYTES {
        return Ok(Answer::Continue);
    }
    let mut list = vec![0; size as usize];
    if tracee.read(value, &mut list).is_ok()
        && let Some(id) = foreign_id(&list)
    {
        let call = format!("setxattr, of an access list that names {id}");
        return Err(Violation { program: tracee.program(), call });
    }
    Ok(Answer::Continue)
}

/// Returns an id other than root's that an access list names.
fn foreign_id(list: &[u8]) -> Option<u32> {
    const VERSION_BYTES: usize = 4;
    const ENTRY_BYTES: usize = 8;
    let entries = list.get(VERSION_BYTES..)?.chunks_exact(ENTRY_BYTES);
    entries.filter_map(named_id).find(|&id| id != 0)
}

fn named_id(entry: &[u8]) -> Option<u32> {
    const USER: u16 = 2;
    const GROUP: u16 = 8;
    let tag = u16::from_le_bytes(entry.get(..2)?.try_into().ok()?);
    let id = u32::from_le_bytes(entry.get(4..8)?.try_into().ok()?);
    [USER, GROUP].contains(&tag).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_entries_of_an_access_list_count() {
        let entry = |tag: u8, id: u8| [tag, 0, 7, 0, id, 0, 0, 0];
        let list = |entries: &[[u8; 8]]| [vec![2, 0, 0, 0], entries.concat()].concat();
        assert_eq!(foreign_id(&list(&[entry(1, 9), entry(4, 9)])), None);
        assert_eq!(foreign_id(&list(&[entry(1, 9), entry(8, 4)])), Some(4));
        assert_eq!(foreign_id(&list(&[entry(2, 0)])), None);
        assert_eq!(foreign_id(b"\x02"), None);
    }
}
