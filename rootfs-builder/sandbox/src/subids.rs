//! Subordinate ids: which ones this user may use, and how they appear inside.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use crate::rung::Rung;

/// One stretch of a map: the first id inside, the first outside, how many.
pub(crate) type Stretch = [u32; 3];

/// Ids 1 to this one are given to guests; distributions use up to 65534, nobody.
const LAST_ID: u32 = 65535;

/// How ids inside a user namespace relate to those outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdMaps {
    pub(crate) users: Vec<Stretch>,
    pub(crate) groups: Vec<Stretch>,
}

/// Why a rung's maps cannot be had, and the line that changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Obstacle {
    pub(crate) reason: String,
    pub(crate) fix: Option<String>,
}

impl IdMaps {
    /// Returns the maps of a rung for this process's user.
    pub(crate) fn of(rung: Rung) -> Result<Self, Obstacle> {
        let user = rustix::process::geteuid().as_raw();
        let group = rustix::process::getegid().as_raw();
        if rung != Rung::SubordinateIds {
            return Ok(IdMaps { users: vec![[0, user, 1]], groups: vec![[0, group, 1]] });
        }
        let name = user_name(user);
        let of_file = |path: &str, own: u32| {
            let text = fs_err::read_to_string(path).unwrap_or_default();
            map_of(own, &ranges(&text, name.as_deref(), user))
        };
        match (of_file("/etc/subuid", user), of_file("/etc/subgid", group)) {
            (Some(users), Some(groups)) => Ok(IdMaps { users, groups }),
            _ => Err(no_ids(&name.unwrap_or_else(|| user.to_string()))),
        }
    }
}

fn no_ids(user: &str) -> Obstacle {
    let range = "100000-165535";
    let fix = format!("usermod --add-subuids {range} --add-subgids {range} {user}");
    let reason = format!("{user} has no {LAST_ID} subordinate ids in /etc/subuid and /etc/subgid");
    Obstacle { reason, fix: Some(fix) }
}

/// Returns the ranges that a file of subordinate ids gives to a user, by name or by number.
fn ranges(text: &str, name: Option<&str>, user: u32) -> Vec<(u32, u32)> {
    let number = user.to_string();
    let range = |line: &str| {
        let mut fields = line.trim().split(':');
        let owner = fields.next()?;
        let is_ours = Some(owner) == name || owner == number;
        let range = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        is_ours.then_some(range)
    };
    text.lines().filter_map(range).collect()
}

/// Maps 0 to `own` and 1 to [`LAST_ID`] to the ranges; none if they are too few.
fn map_of(own: u32, ranges: &[(u32, u32)]) -> Option<Vec<Stretch>> {
    let mut map = vec![[0, own, 1]];
    let mut next = 1;
    for &(first, count) in ranges {
        let count = count.min(LAST_ID + 1 - next);
        if count > 0 {
            map.push([next, first, count]);
            next += count;
        }
    }
    (next > LAST_ID).then_some(map)
}

/// Writes a map as the kernel reads it.
pub(crate) fn as_text(map: &[Stretch]) -> String {
    map.iter().fold(String::new(), |mut text, [inside, outside, count]| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{inside} {outside} {count}");
        text
    })
}

/// Returns the name of a user, also of one that only the network's directory knows.
pub(crate) fn user_name(user: u32) -> Option<String> {
    let users = fs_err::read_to_string("/etc/passwd").unwrap_or_default();
    name_in(&users, user).or_else(|| {
        let mut ask = Command::new("getent");
        let answer = ask.args(["passwd", &user.to_string()]).stderr(Stdio::null()).output().ok()?;
        name_in(&String::from_utf8_lossy(&answer.stdout), user)
    })
}

fn name_in(users: &str, user: u32) -> Option<String> {
    let name = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(user)).then(|| name.to_owned())
    };
    users.lines().find_map(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "root:1:2\nann:100000:65536\n1000:300000:10\nbob:400000:9\nbroken:x:y\n";

    #[test]
    fn ranges_are_found_by_name_and_by_number() {
        assert_eq!(ranges(FILE, Some("ann"), 1000), [(100_000, 65_536), (300_000, 10)]);
        assert_eq!(ranges(FILE, None, 1000), [(300_000, 10)]);
        assert_eq!(ranges(FILE, Some("broken"), 7), []);
    }

    #[test]
    fn a_map_gives_exactly_the_ids_of_a_guest() {
        let map = map_of(1000, &[(100_000, 65_536)]);
        assert_eq!(map, Some(vec![[0, 1000, 1], [1, 100_000, 65_535]]));
    }

    #[test]
    fn several_ranges_are_put_in_a_row_and_too_few_are_refused() {
        let map = map_of(1000, &[(100_000, 5), (200_000, 70_000)]);
        assert_eq!(map, Some(vec![[0, 1000, 1], [1, 100_000, 5], [6, 200_000, 65_530]]));
        assert_eq!(map_of(1000, &[(100_000, 60_000)]), None);
    }

    #[test]
    fn a_name_is_found_by_number() {
        let users = "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/:/bin/sh\n";
        assert_eq!(name_in(users, 1000).as_deref(), Some("ann"));
        assert_eq!(name_in(users, 7), None);
    }
}
