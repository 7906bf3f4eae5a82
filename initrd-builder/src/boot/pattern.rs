//! Whether a name matches the pattern of an alias: `*`, `?` and sets such as `[0-9a]`.

/// Longer patterns are no aliases; it bounds the work for each.
const BYTES_MAX: usize = 1024;

/// Whether the whole name matches the whole pattern.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    if pattern.len() > BYTES_MAX || name.len() > BYTES_MAX {
        return false;
    }
    let (mut at, mut of) = (0, 0);
    // Where the last star was, and where the name goes on behind what it took.
    let mut star: Option<(usize, usize)> = None;
    while of < name.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at + 1, of));
            at += 1;
        } else if let Some(next) = one(pattern, at, name[of]) {
            (at, of) = (next, of + 1);
        } else if let Some((behind, from)) = star {
            // The star takes one byte more.
            star = Some((behind, from + 1));
            (at, of) = (behind, from + 1);
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

/// Where the pattern goes on behind what matches this byte.
fn one(pattern: &[u8], at: usize, byte: u8) -> Option<usize> {
    match *pattern.get(at)? {
        b'?' => Some(at + 1),
        b'[' => {
            let length = pattern[at + 1..].iter().position(|byte| *byte == b']')?;
            let end = at + 1 + length;
            is_in(&pattern[at + 1..end], byte).then_some(end + 1)
        }
        same if same == byte => Some(at + 1),
        _ => None,
    }
}

fn is_in(set: &[u8], byte: u8) -> bool {
    let mut rest = set;
    while let Some((first, others)) = rest.split_first() {
        match others {
            // The names of modules are searched with `_` for `-`, so ranges have it, too.
            [b'-' | b'_', last, others @ ..] => {
                if (*first..=*last).contains(&byte) {
                    return true;
                }
                rest = others;
            }
            _ if *first == byte => return true,
            _ => rest = others,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_aliases_match() {
        for (pattern, name) in [
            ("fs_ext4", "fs_ext4"),
            ("virtio:d00000002v*", "virtio:d00000002v00001AF4"),
            ("*a*b", "xaxxb"),
            ("pci:v0000[0-9A-F]*sc?0", "pci:v00008086scx0"),
            ("usb:[1_3]", "usb:2"),
            ("**", ""),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("fs_ext4", "fs_ext"),
            ("fs_ext", "fs_ext4"),
            ("a[bc", "ab"),
            ("a[b_d]", "ae"),
            ("?", ""),
            ("*a", "ab"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn many_stars_take_no_time() {
        assert!(!matches(&"*a".repeat(400), &"a".repeat(399)));
    }
}
