//! Executes a script on a copy of the tree, as long as the effect of every line is known.

mod words;

use std::collections::BTreeMap;

use tree::{GuestPath, Kind, Timestamp, Tree};

use super::commands::{self, Guest};
use super::shell::{Program, Statement, is_name};
use words::{fits, split, without_redirections};

/// A script that takes more steps is really run.
const STEPS_MAX: usize = 100_000;

/// The status with which a command ends.
type Status = i32;

/// Whether execution goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Exit,
}

/// The tree that the script leaves if it succeeds, and what it changed; `None` if that is not known.
pub(super) fn evaluate(
    program: &Program,
    tree: &Tree,
    arguments: &[String],
    time: Timestamp,
) -> Option<(Tree, Vec<GuestPath>)> {
    let guest = Guest { tree: tree.clone(), time, changed: Vec::new() };
    guest.program(program.interpreter)?;
    let mut run = Run { guest, arguments, variables: BTreeMap::new(), status: 0, steps: 0 };
    run.block(&program.statements)?;
    (run.status == 0).then_some((run.guest.tree, run.guest.changed))
}

struct Run<'a> {
    guest: Guest,
    arguments: &'a [String],
    variables: BTreeMap<String, String>,
    status: Status,
    steps: usize,
}

impl Run<'_> {
    fn block(&mut self, statements: &[Statement]) -> Option<Flow> {
        for statement in statements {
            self.steps += 1;
            if self.steps > STEPS_MAX {
                return None;
            }
            if self.statement(statement)? == Flow::Exit {
                return Some(Flow::Exit);
            }
        }
        Some(Flow::On)
    }

    fn statement(&mut self, statement: &Statement) -> Option<Flow> {
        match statement {
            Statement::Line(line) => self.line(line),
            Statement::If { branches, otherwise } => {
                for (condition, body) in branches {
                    if self.condition(condition)? {
                        self.status = 0;
                        return self.block(body);
                    }
                }
                self.status = 0;
                self.block(otherwise)
            }
            Statement::For { variable, words, body } => {
                let words = match words.as_str() {
                    "\"$@\"" => self.arguments.to_vec(),
                    words => self.words(words)?,
                };
                self.status = 0;
                for word in words {
                    self.variables.insert(variable.clone(), word);
                    if self.block(body)? == Flow::Exit {
                        return Some(Flow::Exit);
                    }
                }
                Some(Flow::On)
            }
            Statement::Case { subject, arms } => {
                let subject = self.subject(subject)?;
                self.status = 0;
                for (patterns, body) in arms {
                    for pattern in patterns {
                        if fits(pattern, &subject)? {
                            return self.block(body);
                        }
                    }
                }
                Some(Flow::On)
            }
            // Its name must not be taken for a command.
            Statement::Function(name) if commands::is_command(name) => None,
            Statement::Function(_) => Some(Flow::On),
            Statement::Loop => None,
        }
    }

    /// A line: an assignment, a command, or two of them with `&&` or `||` between.
    fn line(&mut self, line: &str) -> Option<Flow> {
        if let Some((name, value)) = line.split_once('=').filter(|(name, _)| is_name(name)) {
            let mut words = self.words(value)?;
            let value = words.pop().unwrap_or_default();
            self.status = 0;
            self.variables.insert(name.to_owned(), value);
            return words.is_empty().then_some(Flow::On);
        }
        match (split(line, "&&"), split(line, "||")) {
            (None, None) => self.simple(line),
            (Some((left, right)), None) => match self.simple(left)? {
                Flow::On if self.status == 0 => self.simple(right),
                flow => Some(flow),
            },
            (None, Some((left, right))) => match self.simple(left)? {
                Flow::On if self.status != 0 => self.simple(right),
                flow => Some(flow),
            },
            (Some(_), Some(_)) => None,
        }
    }

    fn simple(&mut self, text: &str) -> Option<Flow> {
        let text = without_redirections(text.trim());
        if text.starts_with("[ ") {
            self.status = i32::from(!self.test(text)?);
            return Some(Flow::On);
        }
        let words = self.words(text)?;
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        let is_last = words.first() == Some(&"exec");
        if is_last {
            words.remove(0);
        }
        match words.as_slice() {
            ["exit"] => return Some(Flow::Exit),
            ["exit", code] => {
                self.status = code.parse().ok()?;
                return Some(Flow::Exit);
            }
            ["true" | ":"] => self.status = 0,
            ["false"] => self.status = 1,
            words => self.status = commands::run(&mut self.guest, words)?,
        }
        Some(if is_last { Flow::Exit } else { Flow::On })
    }

    /// Whether a condition holds: tests, all of which must hold.
    fn condition(&mut self, text: &str) -> Option<bool> {
        match split(text, "&&") {
            Some((left, right)) => Some(self.test(left)? && self.condition(right)?),
            None => self.test(text),
        }
    }

    fn test(&self, text: &str) -> Option<bool> {
        let text = text.trim();
        if let Some(negated) = text.strip_prefix("! ") {
            return self.test(negated).map(|holds| !holds);
        }
        let inner = text.strip_prefix("[ ")?.strip_suffix(" ]")?.trim();
        if let Some(negated) = inner.strip_prefix("! ") {
            return self.test(&format!("[ {negated} ]")).map(|holds| !holds);
        }
        let words = self.words(inner)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["-n", text] => Some(!text.is_empty()),
            ["-z", text] => Some(text.is_empty()),
            ["-L" | "-h", path] => {
                Some(matches!(self.guest.standing(path)?, Some(Kind::Symlink(_))))
            }
            ["-e", path] => Some(self.guest.found(path)?.is_some()),
            ["-d", path] => Some(self.guest.found(path)? == Some(&Kind::Directory)),
            ["-f", path] => Some(matches!(self.guest.found(path)?, Some(Kind::File(_)))),
            [left, "=", right] => Some(left == right),
            [left, "!=", right] => Some(left != right),
            _ => None,
        }
    }

    /// What a case looks at: a word, or where a link leads to.
    fn subject(&self, text: &str) -> Option<String> {
        let link = text
            .strip_prefix("\"$(readlink ")
            .and_then(|rest| rest.strip_suffix(" 2>/dev/null || true)\""));
        match link {
            Some(path) => match self.guest.standing(self.one(path)?.as_str())? {
                Some(Kind::Symlink(target)) => String::from_utf8(target.to_vec()).ok(),
                _ => Some(String::new()),
            },
            None => self.one(text),
        }
    }
}
