//! Cuts a tool's output into lines and keeps the last ones, in bounded memory.

use std::collections::VecDeque;

/// How many lines are kept for an error report.
const KEPT_LINES: usize = 60;
/// Longer lines are cut into pieces of this size.
const LINE_LIMIT_BYTES: usize = 4096;

/// Cuts bytes into lines, hands each to a sink, and keeps the last ones.
pub(crate) struct Tail<'a> {
    sink: &'a dyn Fn(&str),
    partial: Vec<u8>,
    kept: VecDeque<String>,
}

impl<'a> Tail<'a> {
    pub(crate) fn new(sink: &'a dyn Fn(&str)) -> Self {
        Tail { sink, partial: Vec::new(), kept: VecDeque::new() }
    }

    /// Takes the next bytes of output.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\n' {
                self.end_line();
                continue;
            }
            self.partial.push(byte);
            if self.partial.len() == LINE_LIMIT_BYTES {
                self.end_line();
            }
        }
    }

    /// Returns the kept lines; an unfinished last line counts.
    pub(crate) fn finish(mut self) -> Vec<String> {
        if !self.partial.is_empty() {
            self.end_line();
        }
        self.kept.into()
    }

    fn end_line(&mut self) {
        let line = String::from_utf8_lossy(&self.partial);
        let line = line.trim_end_matches('\r').to_owned();
        self.partial.clear();
        (self.sink)(&line);
        if self.kept.len() == KEPT_LINES {
            self.kept.pop_front();
        }
        self.kept.push_back(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn check(pieces: &[&[u8]], expected: &[&str]) {
        let mut tail = Tail::new(&|_| {});
        pieces.iter().for_each(|piece| tail.push(piece));
        assert_eq!(tail.finish(), expected);
    }

    #[test]
    fn lines_are_joined_across_reads_and_the_last_needs_no_newline() {
        check(&[b"on", b"e\r\ntwo\n\nla", b"st"], &["one", "two", "", "last"]);
    }

    #[test]
    fn bytes_that_are_not_text_are_shown_as_replacement() {
        check(&[b"a\xffb\n"], &["a\u{fffd}b"]);
    }

    #[test]
    fn a_million_lines_leave_only_the_last_ones_but_the_sink_sees_all() {
        let seen = Cell::new(0usize);
        let sink = |_: &str| seen.set(seen.get() + 1);
        let mut tail = Tail::new(&sink);
        (0..1_000_000).for_each(|_| tail.push(b"x\n"));
        assert_eq!(tail.finish().len(), KEPT_LINES);
        assert_eq!(seen.get(), 1_000_000);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let mut tail = Tail::new(&|_| {});
        tail.push(&vec![b'x'; 10 * LINE_LIMIT_BYTES]);
        assert_eq!(tail.finish().len(), 10);
    }
}
