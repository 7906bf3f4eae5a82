//! The guest's users and groups: their numbers, and new ones as the guest's own tools make them.

use std::collections::BTreeMap;

use tree::{Content, GuestPath, Kind, Timestamp, Tree};

/// The most that a file of accounts may hold; real ones are a few KiB.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The numbers that accounts of the system get, as busybox is built.
const SYSTEM_IDS: std::ops::RangeInclusive<u32> = 100..=999;

const SECONDS_PER_DAY: i64 = 86_400;

/// The numbers behind the names of a guest's users and groups.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Accounts {
    users: BTreeMap<Vec<u8>, u32>,
    groups: BTreeMap<Vec<u8>, u32>,
}

impl Accounts {
    /// Reads the guest's files; what is missing or unreadable names nobody.
    pub(crate) fn read(tree: &Tree) -> Self {
        Self { users: numbers(tree, "etc/passwd"), groups: numbers(tree, "etc/group") }
    }

    /// The number of a user.
    pub(crate) fn user(&self, name: &[u8]) -> Option<u32> {
        self.users.get(name).copied()
    }

    /// The number of a group.
    pub(crate) fn group(&self, name: &[u8]) -> Option<u32> {
        self.groups.get(name).copied()
    }
}

/// A user that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewUser<'a> {
    pub(crate) name: &'a str,
    pub(crate) comment: &'a str,
    pub(crate) home: &'a str,
    pub(crate) shell: &'a str,
    pub(crate) group: &'a str,
}

/// Whether an account was made; the guest's tools fail where it was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    /// It was.
    Yes,
    /// It was there already, or the guest has no accounts.
    No,
}

/// Adds a group of the system as `addgroup -S` does; `None` if that is not known for sure.
pub(crate) fn add_group(
    tree: &mut Tree,
    name: &str,
    number: Option<u32>,
    time: Timestamp,
) -> Option<Made> {
    if !is_account_name(name) {
        return None;
    }
    let Some(mut file) = AccountFile::read(tree, "etc/group")? else { return Some(Made::No) };
    if file.number(name).is_some() {
        return Some(Made::No);
    }
    let number = match number {
        Some(number) if file.has_number(number) => return Some(Made::No),
        Some(number) => number,
        None => SYSTEM_IDS.clone().find(|number| !file.has_number(*number))?,
    };
    if exists(tree, "etc/gshadow") {
        return None;
    }
    file.lines.push(format!("{name}:x:{number}:"));
    file.write(tree, time)?;
    Some(Made::Yes)
}

/// Adds a user of the system as `adduser -S -D -H -G` does; `None` if that is not known for sure.
pub(crate) fn add_user(tree: &mut Tree, user: &NewUser<'_>, time: Timestamp) -> Option<Made> {
    let is_field = |text: &str| !text.contains([':', '\n']);
    if !is_account_name(user.name)
        || ![user.comment, user.home, user.shell].into_iter().all(is_field)
    {
        return None;
    }
    let Some(mut groups) = AccountFile::read(tree, "etc/group")? else { return Some(Made::No) };
    let Some(group) = groups.number(user.group) else { return Some(Made::No) };
    let Some(mut users) = AccountFile::read(tree, "etc/passwd")? else { return Some(Made::No) };
    if users.number(user.name).is_some() {
        return Some(Made::No);
    }
    let number = SYSTEM_IDS.clone().find(|number| !users.has_number(*number))?;
    let NewUser { name, comment, home, shell, .. } = user;
    users.lines.push(format!("{name}:x:{number}:{group}:{comment}:{home}:{shell}"));
    groups.add_member(user.group, name)?;
    if let Some(mut shadow) = AccountFile::read(tree, "etc/shadow")? {
        let day = time.seconds.div_euclid(SECONDS_PER_DAY);
        shadow.lines.push(format!("{name}:!:{day}:0:99999:7:::"));
        shadow.write(tree, time)?;
    }
    users.write(tree, time)?;
    groups.write(tree, time)?;
    Some(Made::Yes)
}

/// A file of accounts, line by line.
struct AccountFile {
    place: GuestPath,
    lines: Vec<String>,
}

impl AccountFile {
    /// Reads a file that is there; the outer `None` stands for one that cannot be changed soundly.
    fn read(tree: &Tree, path: &str) -> Option<Option<Self>> {
        let place = tree.resolve(&GuestPath::new(path).ok()?).ok()?;
        let content = match tree.get(&place).map(|node| &node.kind) {
            None => return Some(None),
            Some(Kind::File(content)) => content,
            Some(_) => return None,
        };
        // The guest's tools put a new file in place of the old one, which parts two names of one.
        if tree.names(&place).len() > 1 {
            return None;
        }
        let text = String::from_utf8(content.read(FILE_BYTES_MAX).ok()?).ok()?;
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        Some(Some(Self { place, lines }))
    }

    /// The number of a name: the third field in all of these files.
    fn number(&self, name: &str) -> Option<u32> {
        self.lines.iter().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next()? == name).then(|| fields.nth(1)?.parse().ok())?
        })
    }

    fn has_number(&self, number: u32) -> bool {
        let is_it = |line: &String| line.split(':').nth(2).and_then(|field| field.parse().ok());
        self.lines.iter().any(|line| is_it(line) == Some(number))
    }

    fn add_member(&mut self, group: &str, name: &str) -> Option<()> {
        let is_group = |line: &&mut String| line.split(':').next() == Some(group);
        let line = self.lines.iter_mut().find(is_group)?;
        let members = line.splitn(4, ':').nth(3)?;
        if members.split(',').any(|member| member == name) {
            return Some(());
        }
        if !members.is_empty() {
            line.push(',');
        }
        line.push_str(name);
        Some(())
    }

    fn write(self, tree: &mut Tree, time: Timestamp) -> Option<()> {
        let text: String = self.lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        *tree.content_mut(&self.place)? = Content::from(text.into_bytes());
        tree.meta_mut(&self.place)?.mtime = time;
        Some(())
    }
}

fn numbers(tree: &Tree, path: &str) -> BTreeMap<Vec<u8>, u32> {
    let Ok(place) = GuestPath::new(path).map_err(tree::Error::from).and_then(|p| tree.resolve(&p))
    else {
        return BTreeMap::new();
    };
    let Some(Kind::File(content)) = tree.inode(&place).map(|node| &node.kind) else {
        return BTreeMap::new();
    };
    let text = content.read(FILE_BYTES_MAX).unwrap_or_default();
    let mut numbers = BTreeMap::new();
    for line in text.split(|byte| *byte == b'\n') {
        let mut fields = line.split(|byte| *byte == b':');
        let name = fields.next().unwrap_or_default();
        let number = fields.nth(1).and_then(|field| std::str::from_utf8(field).ok()?.parse().ok());
        if let Some(number) = number {
            // The first line of a name is the one that lookups find.
            numbers.entry(name.to_vec()).or_insert(number);
        }
    }
    numbers
}

fn exists(tree: &Tree, path: &str) -> bool {
    GuestPath::new(path)
        .ok()
        .and_then(|path| tree.resolve(&path).ok())
        .is_some_and(|place| tree.get(&place).is_some())
}

fn is_account_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.len() <= 32
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b))
}
