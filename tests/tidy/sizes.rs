//! How long files and functions may be.

use super::refuse;
use super::source::{Part, files, only, without_tests};

#[test]
fn files_are_short() {
    let mut offences = Vec::new();
    for file in files(&[".rs"]) {
        let length = without_tests(&file.text).lines().count();
        let tests = file.text.lines().count() - length;
        if length > 400 {
            offences.push(format!("{}: {length} lines", file.path));
        }
        if tests > 150 {
            offences.push(format!("{}: {tests} lines of tests belong in tests.rs", file.path));
        }
    }
    refuse("a file over 400 lines is two files", offences);
}

#[test]
fn functions_are_at_most_seventy_lines() {
    let mut offences = Vec::new();
    for file in files(&[".rs"]) {
        let code = only(&file.text, &[Part::Code]);
        for (start, _) in code.match_indices("fn ") {
            let is_word = start > 0 && code.as_bytes()[start - 1].is_ascii_alphanumeric();
            let Some(body) = body(&code[start..]).filter(|_| !is_word) else { continue };
            let length = body.lines().count();
            if length > 70 {
                let name = body[3..].split(['(', '<']).next().unwrap_or_default();
                offences.push(format!("{}: {name} has {length} lines", file.path));
            }
        }
    }
    refuse("a function over 70 lines is two functions", offences);
}

/// The function that begins here up to its last brace; nothing for a declaration or a type.
fn body(code: &str) -> Option<&str> {
    let open = code.find(['{', ';'])?;
    if code.as_bytes()[open] == b';' || code.as_bytes()[3] == b'(' {
        return None;
    }
    let mut depth = 0;
    for (position, character) in code[open..].char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(&code[..=open + position]);
        }
    }
    None
}
