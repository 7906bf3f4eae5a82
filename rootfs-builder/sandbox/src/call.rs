//! What is to be run and what it may see: policy as data.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::emulation::Emulation;
use crate::owners::FileOwner;

/// One run of one tool inside a guest's root directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// The host's directory that the tool sees as `/`, writable.
    #[serde(with = "path_bytes")]
    pub root: PathBuf,
    /// The program, as an absolute path in the guest.
    pub program: String,
    /// The arguments after the program's name.
    pub arguments: Vec<String>,
    /// The whole environment: nothing is inherited.
    pub environment: BTreeMap<String, String>,
    /// The working directory in the guest.
    pub directory: String,
    /// Parts of the host that the tool may read.
    pub inputs: Vec<Input>,
    /// What the tool may reach.
    pub network: Network,
    /// How the guest's programs run on this host.
    pub emulation: Emulation,
    /// After this long everything is killed; none for no limit.
    pub time_limit: Option<Duration>,
    /// Files that do not belong to root; heeded only where owners are recorded.
    pub owners: Vec<FileOwner>,
}

/// A file or directory of the host that the tool may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Where it is on the host.
    #[serde(with = "path_bytes")]
    pub host: PathBuf,
    /// Where the tool finds it.
    pub guest: String,
}

/// What a tool may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// Nothing.
    None,
    /// What the host reaches.
    Host,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolOutput {
    /// How the tool ended.
    pub status: ToolStatus,
    /// The last lines that it wrote, both streams in the order written.
    pub tail: Vec<String>,
    /// Files that do not belong to root, where owners are recorded; else empty.
    pub owners: Vec<FileOwner>,
}

/// How a tool ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToolStatus {
    /// It left with this code.
    Exited(i32),
    /// This signal killed it.
    Signalled(i32),
    /// It was killed when its time was over.
    TimedOut,
}

impl ToolCall {
    /// Returns a call of `program` in `root` with no arguments and an empty environment.
    pub fn new(root: impl Into<PathBuf>, program: impl Into<String>) -> Self {
        ToolCall {
            root: root.into(),
            program: program.into(),
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            directory: "/".to_owned(),
            inputs: Vec::new(),
            network: Network::None,
            emulation: Emulation::Native,
            time_limit: None,
            owners: Vec::new(),
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn arguments<A: Into<String>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets one variable of the environment.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }
}

impl ToolStatus {
    /// Tells whether the tool left with code 0.
    pub fn is_success(self) -> bool {
        self == ToolStatus::Exited(0)
    }
}

impl fmt::Display for ToolStatus {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ToolStatus::Exited(code) => write!(out, "exit status {code}"),
            ToolStatus::Signalled(signal) => write!(out, "killed by signal {signal}"),
            ToolStatus::TimedOut => write!(out, "killed at its time limit"),
        }
    }
}

/// Shows the call as a shell line that comes close to it: root, environment, program, arguments.
impl fmt::Display for ToolCall {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "chroot {} env -i", quoted(&self.root.to_string_lossy()))?;
        if self.directory != "/" {
            write!(out, " -C {}", quoted(&self.directory))?;
        }
        for (name, value) in &self.environment {
            write!(out, " {name}={}", quoted(value))?;
        }
        write!(out, " {}", quoted(&self.program))?;
        self.arguments.iter().try_for_each(|argument| write!(out, " {}", quoted(argument)))
    }
}

fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,+@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Paths as bytes, because serde refuses those that are not UTF-8.
mod path_bytes {
    use std::ffi::OsString;
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    use std::path::{Path, PathBuf};

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(path: &Path, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(path.as_os_str().as_bytes())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
        Ok(OsString::from_vec(Vec::<u8>::deserialize(from)?).into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn a_call_reads_as_a_shell_line() {
        let call = ToolCall::new("/tmp/my root", "/usr/bin/dpkg")
            .arguments(["--configure", "-a", "it's"])
            .variable("PATH", "/usr/bin")
            .variable("LC_ALL", "");
        let line = "chroot '/tmp/my root' env -i LC_ALL='' PATH=/usr/bin /usr/bin/dpkg \
                    --configure -a 'it'\\''s'";
        assert_eq!(call.to_string(), line);
    }

    #[test]
    fn a_call_survives_the_wire_even_with_a_root_that_is_not_text() {
        let mut call = ToolCall::new(OsStr::from_bytes(b"/tmp/\xff"), "/bin/true");
        call.time_limit = Some(Duration::from_millis(1500));
        let text = serde_json::to_string(&call).unwrap();
        assert_eq!(serde_json::from_str::<ToolCall>(&text).unwrap(), call);
    }
}
