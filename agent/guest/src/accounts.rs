//! Who a command runs as, from the guest's passwd and group files.

use alloc::vec::Vec;

/// A user, with all that a login would give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) name: Vec<u8>,
    pub(crate) user: u32,
    pub(crate) group: u32,
    pub(crate) groups: Vec<u32>,
    pub(crate) home: Vec<u8>,
    pub(crate) shell: Vec<u8>,
}

/// Finds `wanted` (a name, or a number and perhaps `:` and a group's number). A number needs no
/// entry; a name does.
pub(crate) fn find(wanted: &[u8], passwd: &[u8], group: &[u8]) -> Option<Account> {
    let wanted = if wanted.is_empty() { b"root" } else { wanted };
    let (user, wanted_group) = match wanted.iter().position(|byte| *byte == b':') {
        Some(colon) => (wanted.get(..colon)?, Some(number(wanted.get(colon + 1..)?)?)),
        None => (wanted, None),
    };
    let number = number(user);
    let mut account = passwd
        .split(|byte| *byte == b'\n')
        .filter_map(entry)
        .find(|account| account.name == user || Some(account.user) == number)
        .or_else(|| nameless(user, number))?;
    account.group = wanted_group.unwrap_or(account.group);
    account.groups = groups_of(&account, group);
    Some(account)
}

fn entry(line: &[u8]) -> Option<Account> {
    let fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
    let [name, _, user, group, _, home, shell] = fields.try_into().ok()?;
    Some(Account {
        name: name.to_vec(),
        user: number(user)?,
        group: number(group)?,
        groups: Vec::new(),
        home: home.to_vec(),
        shell: shell.to_vec(),
    })
}

/// Root is there even where no file says so; an unknown number gets no group but its own.
fn nameless(name: &[u8], number: Option<u32>) -> Option<Account> {
    let user = if name == b"root" { 0 } else { number? };
    let home = if user == 0 { b"/root".to_vec() } else { b"/".to_vec() };
    let shell = b"/bin/sh".to_vec();
    Some(Account { name: name.to_vec(), user, group: user, groups: Vec::new(), home, shell })
}

fn groups_of(account: &Account, group: &[u8]) -> Vec<u32> {
    let mut groups = alloc::vec![account.group];
    for line in group.split(|byte| *byte == b'\n') {
        let mut fields = line.split(|byte| *byte == b':').skip(2);
        let (Some(id), Some(members)) = (fields.next().and_then(number), fields.next()) else {
            continue;
        };
        let is_member = members.split(|byte| *byte == b',').any(|name| name == account.name);
        if is_member && !groups.contains(&id) {
            groups.push(id);
        }
    }
    groups
}

pub(crate) fn number(digits: &[u8]) -> Option<u32> {
    // The last number means "no change" to the kernel.
    core::str::from_utf8(digits).ok()?.parse().ok().filter(|number| *number != u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &[u8] =
        b"root:x:0:0:root:/root:/bin/bash\nbroken\nada:x:7:8::/home/ada:/bin/sh\n";
    const GROUP: &[u8] = b"root:x:0:\nada:x:8:\nwheel:x:10:bob,ada\nbroken:x\nmany:x:11:adam\n";

    #[test]
    fn users_are_found_by_name_and_number() {
        let ada = find(b"ada", PASSWD, GROUP).unwrap();
        assert_eq!((ada.user, ada.group, ada.groups.clone()), (7, 8, vec![8, 10]));
        assert_eq!(find(b"7", PASSWD, GROUP).unwrap(), ada);
        assert_eq!(find(b"7:3", PASSWD, GROUP).unwrap().groups, [3, 10]);
        assert_eq!(find(b"", PASSWD, GROUP).unwrap().shell, b"/bin/bash");
        assert_eq!(find(b"", b"", b"").unwrap().home, b"/root");
        assert_eq!(find(b"99", PASSWD, GROUP).unwrap().group, 99);
    }

    #[test]
    fn what_is_nobody_is_refused() {
        for wanted in [&b"bob"[..], b"7:", b"7:x", b"-1", b"4294967295", b":", b"4294967296"] {
            assert_eq!(find(wanted, PASSWD, GROUP), None, "{wanted:?}");
        }
    }
}
