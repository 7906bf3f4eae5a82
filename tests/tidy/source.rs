//! The files of the repository, and Rust text without what the rules do not mean.

use std::fs;
use std::path::{Path, PathBuf};

/// A text file of the repository.
pub struct Source {
    /// Its path from the root of the repository.
    pub path: String,
    /// All of it.
    pub text: String,
}

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files with one of these endings, sorted.
pub fn files(endings: &[&str]) -> Vec<Source> {
    let mut paths = Vec::new();
    collect(root(), &mut paths);
    paths.sort();
    paths
        .into_iter()
        .map(|path| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned())
        .filter(|path| endings.iter().any(|ending| path.ends_with(ending)))
        .map(|path| Source { text: fs::read_to_string(root().join(&path)).unwrap(), path })
        .collect()
}

fn collect(directory: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if entry.file_type().unwrap().is_dir() {
            if name != "target" && name != ".git" {
                collect(&entry.path(), paths);
            }
        } else {
            paths.push(entry.path());
        }
    }
}

/// The kinds of text between which Rust switches.
#[derive(Clone, Copy, PartialEq)]
pub enum Part {
    Code,
    Comment,
    Literal,
}

/// Says for every byte of Rust text what it is a part of. Good enough for formatted code.
pub fn parts(text: &str) -> Vec<Part> {
    let bytes = text.as_bytes();
    let mut parts = Vec::with_capacity(bytes.len());
    while parts.len() < bytes.len() {
        let rest = &text.as_bytes()[parts.len()..];
        let (part, length) = next_part(rest);
        let is_after_word = !parts.is_empty() && is_word(bytes[parts.len() - 1]);
        if part == Part::Literal && rest[0] != b'"' && rest[0] != b'\'' && is_after_word {
            // The r or b belongs to the word before it.
            parts.push(Part::Code);
            continue;
        }
        parts.resize(parts.len() + length.max(1), part);
    }
    parts.truncate(bytes.len());
    parts
}

fn next_part(rest: &[u8]) -> (Part, usize) {
    if rest.starts_with(b"//") {
        return (Part::Comment, find(rest, b"\n").unwrap_or(rest.len()));
    }
    if rest.starts_with(b"/*") {
        return (Part::Comment, find(rest, b"*/").map_or(rest.len(), |end| end + 2));
    }
    let prefix = rest.iter().take_while(|byte| matches!(byte, b'r' | b'b' | b'c')).count().min(2);
    let hashes = rest[prefix..].iter().take_while(|byte| **byte == b'#').count();
    if rest[..prefix].contains(&b'r') && rest.get(prefix + hashes) == Some(&b'"') {
        let end = [b"\"".to_vec(), vec![b'#'; hashes]].concat();
        let start = prefix + hashes + 1;
        return (
            Part::Literal,
            find(&rest[start..], &end).map_or(rest.len(), |at| start + at + end.len()),
        );
    }
    if rest.get(prefix) == Some(&b'"') {
        return (Part::Literal, prefix + quoted(&rest[prefix..]));
    }
    if rest[0] == b'\'' && (rest.get(1) == Some(&b'\\') || character_ends(rest)) {
        return (Part::Literal, quoted(rest));
    }
    (Part::Code, 1)
}

/// Whether the quote begins a character and not a lifetime.
fn character_ends(rest: &[u8]) -> bool {
    let Some(first) = rest.get(1) else { return false };
    let length = match first {
        0..0x80 => 1,
        0x80..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    };
    rest.get(1 + length) == Some(&b'\'')
}

/// The length of a literal that ends with the byte that it begins with.
fn quoted(rest: &[u8]) -> usize {
    let mut position = 1;
    while position < rest.len() && rest[position] != rest[0] {
        position += if rest[position] == b'\\' { 2 } else { 1 };
    }
    position + 1
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Rust text with everything but some parts turned to blanks, so that lines stay where they are.
pub fn only(text: &str, wanted: &[Part]) -> String {
    let blank = |(byte, part): (u8, Part)| match part {
        part if wanted.contains(&part) || byte == b'\n' => byte,
        _ => b' ',
    };
    let bytes = text.bytes().zip(parts(text)).map(blank).collect();
    String::from_utf8(bytes).unwrap()
}

/// Rust text up to its unit tests, which stand at the end.
pub fn without_tests(text: &str) -> &str {
    let begins_tests = |position: &usize| {
        let rest = text[*position..].lines().find(|line| !line.starts_with("#["));
        rest.is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
    };
    let marks = text.match_indices("#[cfg(test)]\n").map(|(position, _)| position);
    &text[..marks.into_iter().find(begins_tests).unwrap_or(text.len())]
}

#[test]
fn parts_of_rust_are_told_apart() {
    let text = r##"a /* b */ "c\"d" 'e' '\'' &'f r#"g"h"# br"i" // j "k" l"##;
    let code: String = only(text, &[Part::Code]).split_whitespace().collect();
    assert_eq!(code, "a&'f");
    let literals = only(text, &[Part::Literal]);
    assert_eq!(
        literals.split_whitespace().collect::<Vec<_>>().join(" "),
        r##""c\"d" 'e' '\'' r#"g"h"# br"i""##
    );
}
