//! The structure of a shell script, line by line; scripts with any other structure are not read.

/// Deeper nesting is not read.
const DEPTH_MAX: usize = 16;

/// Longer scripts are not read.
const SCRIPT_BYTES_MAX: usize = 64 << 10;

/// The interpreters whose scripts are read.
const INTERPRETERS: [(&str, &str); 8] = [
    ("#!/bin/sh", "bin/sh"),
    ("#!/bin/ash", "bin/ash"),
    ("#!/bin/busybox sh", "bin/busybox"),
    ("#!/bin/busybox ash", "bin/busybox"),
    ("#!/usr/bin/sh", "usr/bin/sh"),
    ("#!/usr/bin/ash", "usr/bin/ash"),
    ("#!/usr/bin/busybox sh", "usr/bin/busybox"),
    ("#!/usr/bin/busybox ash", "usr/bin/busybox"),
];

/// A script whose structure is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    /// The guest's program that would run it.
    pub(super) interpreter: &'static str,
    pub(super) statements: Vec<Statement>,
}

/// One statement. What stands in a line is looked at when it is executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Statement {
    Line(String),
    If {
        branches: Vec<(String, Vec<Statement>)>,
        otherwise: Vec<Statement>,
    },
    For {
        variable: String,
        words: String,
        body: Vec<Statement>,
    },
    Case {
        subject: String,
        arms: Vec<(Vec<String>, Vec<Statement>)>,
    },
    /// A function by its name: its body is not executed here.
    Function(String),
    /// A loop that nobody knows the end of.
    Loop,
}

/// Reads a script; `None` where its structure is not of the known kind.
pub(super) fn parse(script: &[u8]) -> Option<Program> {
    let text = std::str::from_utf8(script).ok().filter(|text| text.len() <= SCRIPT_BYTES_MAX)?;
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let (_, interpreter) = INTERPRETERS.into_iter().find(|(line, _)| *line == first.trim_end())?;
    let lines = lines(rest)?;
    let mut parser = Parser { lines: &lines, at: 0 };
    let (statements, end) = parser.block(&[], 0)?;
    end.is_none().then_some(Program { interpreter, statements })
}

/// The lines that say something, each with one end of a case at most, which is a line of its own.
fn lines(text: &str) -> Option<Vec<String>> {
    let mut lines = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with('#') {
            continue;
        }
        let has_open_quote = ['"', '\''].iter().any(|quote| line.matches(*quote).count() % 2 == 1);
        if has_open_quote || line.ends_with('\\') || line.contains("<<") {
            return None;
        }
        match line.strip_suffix(";;").map(str::trim_end) {
            Some("") | None => lines.push(line.to_owned()),
            Some(before) => lines.extend([before.to_owned(), ";;".to_owned()]),
        }
    }
    Some(lines)
}

struct Parser<'a> {
    lines: &'a [String],
    at: usize,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let line = self.lines.get(self.at)?;
        self.at += 1;
        Some(line)
    }

    /// Reads statements up to a line that ends them, or to the end of the script.
    fn block(&mut self, ends: &[&str], depth: usize) -> Option<(Vec<Statement>, Option<&'a str>)> {
        if depth > DEPTH_MAX {
            return None;
        }
        let mut statements = Vec::new();
        while let Some(line) = self.next() {
            let is_end = |end: &&str| line == *end || (*end == "elif" && line.starts_with("elif "));
            if ends.iter().any(is_end) {
                return Some((statements, Some(line)));
            }
            statements.push(self.statement(line, depth + 1)?);
        }
        ends.is_empty().then_some((statements, None))
    }

    fn statement(&mut self, line: &str, depth: usize) -> Option<Statement> {
        let (first, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        match first {
            "if" => self.branches(rest, depth),
            "for" => {
                let (variable, words) = before(rest, "do")?.split_once(" in ")?;
                let (body, _) = self.block(&["done"], depth)?;
                let (variable, words) = (variable.trim().to_owned(), words.trim().to_owned());
                is_name(&variable).then_some(Statement::For { variable, words, body })
            }
            "while" | "until" => {
                before(rest, "do")?;
                self.block(&["done"], depth)?;
                Some(Statement::Loop)
            }
            "case" => self.case(rest, depth),
            _ => match line.strip_suffix('{').map(str::trim_end).and_then(|l| l.strip_suffix("()"))
            {
                Some(name) if is_name(name) => {
                    self.block(&["}"], depth)?;
                    Some(Statement::Function(name.to_owned()))
                }
                Some(_) => None,
                None => plain(line),
            },
        }
    }

    fn branches(&mut self, first: &str, depth: usize) -> Option<Statement> {
        let mut branches = Vec::new();
        let mut condition = before(first, "then")?.to_owned();
        loop {
            let (body, end) = self.block(&["elif", "else", "fi"], depth)?;
            branches.push((condition, body));
            match end? {
                "fi" => return Some(Statement::If { branches, otherwise: Vec::new() }),
                "else" => {
                    let (otherwise, _) = self.block(&["fi"], depth)?;
                    return Some(Statement::If { branches, otherwise });
                }
                other => condition = before(other.strip_prefix("elif ")?, "then")?.to_owned(),
            }
        }
    }

    fn case(&mut self, rest: &str, depth: usize) -> Option<Statement> {
        let subject = rest.strip_suffix(" in")?.trim().to_owned();
        let mut arms = Vec::new();
        loop {
            let line = self.next()?;
            if line == "esac" {
                return Some(Statement::Case { subject, arms });
            }
            let (patterns, command) = line.split_once(')')?;
            if patterns.contains(['"', '\'', '$', '`', '\\', '(']) {
                return None;
            }
            let patterns = patterns.split('|').map(|pattern| pattern.trim().to_owned()).collect();
            let first = match command.trim() {
                "" => None,
                command => Some(plain(command)?),
            };
            let (body, end) = self.block(&[";;", "esac"], depth)?;
            arms.push((patterns, first.into_iter().chain(body).collect()));
            if end == Some("esac") {
                return Some(Statement::Case { subject, arms });
            }
        }
    }
}

/// A line of commands that neither begins nor ends anything.
fn plain(line: &str) -> Option<Statement> {
    const KEYWORDS: [&str; 16] = [
        "if", "then", "elif", "else", "fi", "for", "while", "until", "do", "done", "case", "in",
        "esac", "{", "}", ";;",
    ];
    let mut words = line.split([' ', '\t', ';']).filter(|word| !word.is_empty());
    let is_plain = words.all(|word| !KEYWORDS.contains(&word));
    let continues = ["|", "&&", "(", "{"].iter().any(|end| line.ends_with(end));
    (is_plain && !continues && !line.starts_with(['(', ')']))
        .then(|| Statement::Line(line.to_owned()))
}

/// What stands before `; keyword` at a line's end.
fn before<'a>(line: &'a str, keyword: &str) -> Option<&'a str> {
    Some(line.strip_suffix(keyword)?.trim_end().strip_suffix(';')?.trim())
}

/// Whether a word can be the name of a variable or a function.
pub(super) fn is_name(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
