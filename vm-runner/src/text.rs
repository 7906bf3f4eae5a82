//! Untrusted text as a person may see it: without what steers a terminal, and not without end.

use std::collections::VecDeque;

use crate::error::Tail;

/// What a longer line is cut to.
const LINE_BYTES: usize = 1024;
/// What a longer text within a message is cut to.
const SHORT_BYTES: usize = 256;

/// Takes out control characters and the sequences that they begin; keeps tabs and ends of lines.
#[derive(Debug, Default)]
pub(crate) struct Cleaner {
    state: State,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// A byte came that begins both letters and control characters.
    TwoBytes,
    Escape,
    /// A sequence that a letter ends.
    Sequence,
    /// A title, a picture or the like, which a bell or an escape ends.
    Payload,
}

impl Cleaner {
    /// Returns what is fit to be seen.
    pub(crate) fn clean(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut seen = Vec::with_capacity(bytes.len());
        bytes.iter().for_each(|&byte| self.take(byte, &mut seen));
        seen
    }

    fn take(&mut self, byte: u8, seen: &mut Vec<u8>) {
        self.state = match (self.state, byte) {
            (State::Text | State::TwoBytes, 0xc2) => State::TwoBytes,
            // The control characters U+0080 to U+009F.
            (State::TwoBytes, 0x80..=0x9f) => State::Text,
            (State::TwoBytes, 0xa0..=0xbf) => {
                seen.extend([0xc2, byte]);
                State::Text
            }
            (_, 0x1b) => State::Escape,
            (State::Escape, b'[') => State::Sequence,
            (State::Escape, b']' | b'P' | b'X' | b'^' | b'_') => State::Payload,
            (State::Escape, 0x20..=0x2f) => State::Escape,
            (State::Sequence, 0x20..=0x3f) => State::Sequence,
            (State::Payload, 0x07) => State::Text,
            // A line's end ends everything, so that half a sequence hides one line at most.
            (State::Payload, byte) if byte != b'\n' => State::Payload,
            (State::Escape | State::Sequence, 0x30..=0x7e) => State::Text,
            (_, byte) => {
                if byte >= 0x20 && byte != 0x7f || byte == b'\n' || byte == b'\t' {
                    seen.push(byte);
                }
                State::Text
            }
        };
    }
}

/// The last lines of a stream.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    limit: usize,
    whole: VecDeque<String>,
    unfinished: Vec<u8>,
    cleaner: Cleaner,
}

impl Lines {
    pub(crate) fn new(limit: usize) -> Self {
        Lines { limit, ..Lines::default() }
    }

    /// Takes bytes, tells each line that they end, and returns them as they may be seen.
    pub(crate) fn push(&mut self, bytes: &[u8], on_line: &mut dyn FnMut(&str)) -> Vec<u8> {
        let seen = self.cleaner.clean(bytes);
        for piece in seen.split_inclusive(|&byte| byte == b'\n') {
            let (text, is_whole) = match piece.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (piece, false),
            };
            let room = LINE_BYTES.saturating_sub(self.unfinished.len()).min(text.len());
            self.unfinished.extend_from_slice(&text[..room]);
            if is_whole {
                self.end_line(on_line);
            }
        }
        seen
    }

    fn end_line(&mut self, on_line: &mut dyn FnMut(&str)) {
        let line = String::from_utf8_lossy(&self.unfinished).into_owned();
        self.unfinished.clear();
        on_line(&line);
        if self.whole.len() >= self.limit {
            self.whole.pop_front();
        }
        self.whole.push_back(line);
    }

    /// The last lines, an unfinished one among them.
    pub(crate) fn tail(&self) -> Tail {
        let unfinished = String::from_utf8_lossy(&self.unfinished);
        let lines = self.whole.iter().map(String::as_str).chain([unfinished.as_ref()]);
        Tail(lines.filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }
}

/// A short text of the guest's, fit to be part of a message.
pub(crate) fn short(bytes: &[u8]) -> String {
    let mut seen = Cleaner::default().clean(bytes);
    seen.iter_mut().filter(|byte| **byte < b' ').for_each(|byte| *byte = b' ');
    seen.truncate(SHORT_BYTES);
    String::from_utf8_lossy(&seen).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &[u8], expected: &str) {
        let mut whole = Cleaner::default();
        assert_eq!(String::from_utf8_lossy(&whole.clean(given)), expected);
        // Wherever the bytes are cut.
        let mut pieces = Cleaner::default();
        let seen: Vec<u8> = given.iter().flat_map(|&byte| pieces.clean(&[byte])).collect();
        assert_eq!(String::from_utf8_lossy(&seen), expected);
    }

    #[test]
    fn what_steers_a_terminal_is_taken_out() {
        check(b"plain\ttext\r\n", "plain\ttext\n");
        check(b"\x1b[1;31mred\x1b[0m", "red");
        check(b"\x1b]0;title\x07after", "after");
        check(b"\x1b]0;title\x1b\\after", "after");
        check(b"\x1b(Bb\x1bcd", "bd");
        check(b"\x07\x08\x7f\x00x", "x");
        check("\u{9b}31mé\u{a0}ü".as_bytes(), "31mé\u{a0}ü");
        check(b"\x1b]0;endless\nnext", "\nnext");
    }

    #[test]
    fn only_the_last_lines_are_kept_and_each_is_cut() {
        let mut lines = Lines::new(2);
        let mut told = Vec::new();
        lines.push(b"one\ntwo\nthr", &mut |line| told.push(line.to_owned()));
        lines.push(&[b'e'; 5000], &mut |_| {});
        assert_eq!(told, ["one", "two"]);
        lines.push(b"\nfour", &mut |_| {});
        let tail = lines.tail().0;
        assert_eq!((tail.len(), tail[0].as_str(), tail[2].as_str()), (3, "two", "four"));
        assert_eq!(tail[1].len(), LINE_BYTES);
    }
}
