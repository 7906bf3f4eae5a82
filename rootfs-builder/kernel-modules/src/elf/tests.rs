#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;

/// A module as small as can be, with symbols (name, whether it is defined).
fn module(is_64: bool, information: &[u8], symbols: &[(&str, bool)], versions: &[&str]) -> Vec<u8> {
    let word = |value: u64| match is_64 {
        true => value.to_le_bytes().to_vec(),
        false => (value as u32).to_le_bytes().to_vec(),
    };
    let (mut names, mut table) = (vec![0], vec![0; if is_64 { 24 } else { 16 }]);
    for (name, is_defined) in symbols {
        let (at, section) = (names.len() as u32, u16::from(*is_defined));
        let (info, rest) = ([0x10, 0], [word(0), word(0)].concat());
        table.extend_from_slice(&at.to_le_bytes());
        match is_64 {
            true => table.extend([&info[..], &section.to_le_bytes(), &rest].concat()),
            false => table.extend([&rest, &info[..], &section.to_le_bytes()].concat()),
        }
        names.extend([name.as_bytes(), b"\0"].concat());
    }
    let mut entries = Vec::new();
    for name in versions {
        let start = entries.len() + if is_64 { 8 } else { 4 };
        entries.resize(start, 7);
        entries.extend_from_slice(name.as_bytes());
        entries.resize(start.next_multiple_of(64), 0);
    }
    let section_names = b"\0.modinfo\0.symtab\0.strtab\0.shstrtab\0__versions\0".to_vec();
    // Name, type, link and bytes of each section.
    let sections: [(u32, u32, u32, &[u8]); 6] = [
        (0, 0, 0, &[]),
        (1, 1, 0, information),
        (10, 2, 3, &table),
        (18, 3, 0, &names),
        (26, 3, 0, &section_names),
        (36, 1, 0, &entries),
    ];
    let header_bytes = if is_64 { 64 } else { 52 };
    let (mut body, mut headers) = (Vec::new(), Vec::new());
    for (name, kind, link, bytes) in sections {
        let offset = header_bytes + body.len() as u64;
        body.extend_from_slice(bytes);
        body.resize(body.len().next_multiple_of(8), 0);
        headers.extend([name.to_le_bytes(), kind.to_le_bytes()].concat());
        headers.extend([word(0), word(0), word(offset), word(bytes.len() as u64)].concat());
        headers.extend([link.to_le_bytes(), [0; 4]].concat());
        let entry = if kind != 2 {
            0
        } else if is_64 {
            24
        } else {
            16
        };
        headers.extend([word(1), word(entry)].concat());
    }
    let mut elf = b"\x7fELF".to_vec();
    elf.extend([if is_64 { 2 } else { 1 }, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    elf.extend([1, 0, if is_64 { 62 } else { 3 }, 0, 1, 0, 0, 0]);
    elf.extend([word(0), word(0), word(header_bytes + body.len() as u64)].concat());
    elf.extend([0; 4]);
    let header_size = if is_64 { 64u16 } else { 40 };
    for half in [header_bytes as u16, 0, 0, header_size, 6, 4] {
        elf.extend(half.to_le_bytes());
    }
    [elf, body, headers].concat()
}

fn sample(is_64: bool) -> Vec<u8> {
    let information = b"\0\0license=GPL\0alias=pci:v1-2*\0alias=fs-x\0softdep=pre: a\0odd\0";
    let symbols = [("__crc_mine", true), ("mine", true), ("theirs", false), ("printk", false)];
    module(is_64, information, &symbols, &["module_layout", "printk"])
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

#[test]
fn a_module_says_what_it_has_and_needs() {
    for is_64 in [true, false] {
        let expected = Facts {
            aliases: texts(&["pci:v1-2*", "fs-x"]),
            soft_dependencies: texts(&["pre: a"]),
            exports: texts(&["mine"]),
            imports: texts(&["theirs", "printk", "module_layout"]),
        };
        assert_eq!(facts(&sample(is_64)).unwrap(), expected, "{is_64}");
    }
}

#[test]
fn text_that_would_break_an_index_is_refused() {
    for information in [&b"alias=a\nalias b c\0"[..], b"alias=\xff\0", b"softdep=\0"] {
        let error = facts(&module(true, information, &[], &[])).unwrap_err();
        assert!(matches!(error, Fault::Text(_)), "{error}");
    }
    let error = facts(&module(true, b"", &[("a\nb", false)], &[])).unwrap_err();
    assert!(matches!(error, Fault::Text(_)), "{error}");
}

#[test]
fn no_bytes_make_the_reader_panic() {
    let mut state = 7u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize
    };
    for is_64 in [true, false] {
        let good = sample(is_64);
        for length in 0..good.len() {
            let _ = facts(&good[..length]);
        }
        for _ in 0..20_000 {
            let mut changed = good.clone();
            for _ in 0..1 + next() % 3 {
                let place = next() % changed.len();
                changed[place] = [0, 1, 0xff, 0x7f, next() as u8][next() % 5];
            }
            let _ = facts(&changed);
        }
    }
}
