//! The words of a line, as far as a shell does nothing with them that is not known.

use super::Run;
use crate::family::apk::scripts::shell::is_name;

/// Redirections that change nothing but what is shown.
const REDIRECTIONS: [&str; 6] =
    ["2>/dev/null", "2> /dev/null", "2>&1", "1>/dev/null", ">/dev/null", "> /dev/null"];

impl Run<'_> {
    /// The only word of a text.
    pub(super) fn one(&self, text: &str) -> Option<String> {
        let mut words = self.words(text)?;
        let word = words.pop()?;
        words.is_empty().then_some(word)
    }

    /// The words of a text with variables in place; `None` where a shell would do more than that.
    pub(super) fn words(&self, text: &str) -> Option<Vec<String>> {
        let mut words = Vec::new();
        let mut word: Option<String> = None;
        let mut rest = text.trim();
        while let Some(next) = rest.chars().next() {
            let length = match next {
                ' ' | '\t' => {
                    words.extend(word.take());
                    1
                }
                '"' | '\'' => {
                    let end = rest[1..].find(next)? + 1;
                    let quoted = &rest[1..end];
                    let value =
                        if next == '"' { self.expanded(quoted)? } else { quoted.to_owned() };
                    word.get_or_insert_default().push_str(&value);
                    end + 1
                }
                '$' => {
                    let (value, length) = self.variable(rest)?;
                    // Unquoted, a shell would split it and look for files of such names.
                    if !value.bytes().all(is_plain) {
                        return None;
                    }
                    if !value.is_empty() {
                        word.get_or_insert_default().push_str(&value);
                    }
                    length
                }
                '#' if word.is_none() => return None,
                other if other.is_ascii() && is_plain(other as u8) => {
                    word.get_or_insert_default().push(other);
                    1
                }
                _ => return None,
            };
            rest = &rest[length..];
        }
        words.extend(word);
        Some(words)
    }

    /// What stands between double quotes, with variables in place.
    fn expanded(&self, text: &str) -> Option<String> {
        let mut value = String::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            match next {
                '$' => {
                    let (part, length) = self.variable(rest)?;
                    value.push_str(&part);
                    rest = &rest[length..];
                }
                '`' | '\\' => return None,
                other => {
                    value.push(other);
                    rest = &rest[other.len_utf8()..];
                }
            }
        }
        Some(value)
    }

    /// The value of the variable that a text begins with, and how long its name is with the sign.
    fn variable(&self, text: &str) -> Option<(String, usize)> {
        let after = text.strip_prefix('$')?;
        let (name, length) = match after.strip_prefix('{') {
            Some(inner) => {
                let end = inner.find('}')?;
                (&inner[..end], end + 3)
            }
            None => {
                let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
                let end = after.bytes().position(|byte| !is_part(byte)).unwrap_or(after.len());
                (&after[..end], end + 1)
            }
        };
        // What the script has not set itself may come from its environment.
        let is_foreign = !is_name(name) || name.bytes().any(|byte| byte.is_ascii_uppercase());
        match self.variables.get(name) {
            Some(value) => Some((value.clone(), length)),
            None if is_foreign => None,
            None => Some((String::new(), length)),
        }
    }
}

/// Whether a byte stands for itself wherever it is.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/._-+:,=@%!".contains(&byte)
}

/// A command without the redirections at its end.
pub(super) fn without_redirections(text: &str) -> &str {
    let mut text = text;
    while let Some(shorter) = REDIRECTIONS.iter().find_map(|end| {
        let before = text.strip_suffix(end)?;
        before.ends_with([' ', '\t']).then(|| before.trim_end())
    }) {
        text = shorter;
    }
    text
}

/// Splits at an operator that stands outside quotes.
pub(super) fn split<'a>(text: &'a str, operator: &str) -> Option<(&'a str, &'a str)> {
    let mut quote = None;
    for (at, next) in text.char_indices() {
        match (quote, next) {
            (None, '"' | '\'') => quote = Some(next),
            (Some(open), close) if open == close => quote = None,
            (None, _) if text[at..].starts_with(operator) => {
                return Some((&text[..at], &text[at + operator.len()..]));
            }
            _ => {}
        }
    }
    None
}

/// Whether a word fits a pattern of a case, in which `*` stands for anything.
pub(super) fn fits(pattern: &str, word: &str) -> Option<bool> {
    if pattern.contains(['?', '[', '~']) {
        return None;
    }
    let mut parts = pattern.split('*');
    let first = parts.next()?;
    let Some(mut rest) = word.strip_prefix(first) else { return Some(false) };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return Some(rest.is_empty()) };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return Some(false),
        }
    }
    Some(rest.ends_with(last))
}
