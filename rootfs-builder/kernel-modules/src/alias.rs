//! Names of modules and aliases as the indexes spell them.

/// The longest key or value of an index: real ones have a few hundred bytes.
const TEXT_BYTES_MAX: usize = 1024;

/// The name of a module, from the name of its file: up to the first dot, with no dashes.
pub(crate) fn module_name(path: &[u8]) -> Vec<u8> {
    let base = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let name = base.split(|byte| *byte == b'.').next().unwrap_or_default();
    name.iter().map(|byte| if *byte == b'-' { b'_' } else { *byte }).collect()
}

/// An alias with no dashes but in brackets; none if the brackets do not match.
pub(crate) fn normalize(alias: &[u8]) -> Option<Vec<u8>> {
    let mut is_bracketed = false;
    let mut normal = Vec::with_capacity(alias.len());
    for byte in alias {
        match byte {
            b']' if !is_bracketed => return None,
            b']' => is_bracketed = false,
            b'[' => is_bracketed = true,
            _ => {}
        }
        normal.push(if *byte == b'-' && !is_bracketed { b'_' } else { *byte });
    }
    (!is_bracketed).then_some(normal)
}

/// Whether an index can hold some text, and a line of a text file too.
pub(crate) fn is_sound(text: &[u8]) -> bool {
    let is_plain = |byte: &u8| (b' '..0x7f).contains(byte) || *byte == b'\t';
    !text.is_empty() && text.len() <= TEXT_BYTES_MAX && text.iter().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_named_after_its_file() {
        assert_eq!(module_name(b"kernel/net/xt-a-b.ko.xz"), b"xt_a_b");
        assert_eq!(module_name(b"a.b.ko"), b"a");
    }

    #[test]
    fn dashes_stay_in_brackets_only() {
        let check = |alias: &str, expected: Option<&str>| {
            assert_eq!(normalize(alias.as_bytes()).as_deref(), expected.map(str::as_bytes));
        };
        check("char-major-10-*", Some("char_major_10_*"));
        check("usb:v[0-9]d-[[0-]x-", Some("usb:v[0-9]d_[[0-]x_"));
        check("a]b", None);
        check("a[b", None);
    }

    #[test]
    fn text_is_one_printable_line() {
        assert!(is_sound(b"pci:v00001AF4d00001000sv*") && is_sound(b"pre: a b\tpost: c"));
        assert!(!is_sound(b"") && !is_sound(b"a\nalias b c") && !is_sound(b"\xff"));
        assert!(!is_sound(&[b'a'; 1025]));
    }
}
