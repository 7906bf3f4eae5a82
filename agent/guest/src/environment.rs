//! The variables and search path of a command.

use alloc::ffi::CString;
use alloc::vec::Vec;

use agent_protocol::Start;

use crate::accounts::Account;

const PATH: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// All variables; `None` if one has no name or holds a zero byte.
pub(crate) fn variables(start: &Start, account: &Account) -> Option<Vec<CString>> {
    let mut variables: Vec<Vec<u8>> = Vec::new();
    if !start.is_environment_cleared {
        variables.push(variable(b"PATH", PATH));
        variables.push(variable(b"HOME", &account.home));
        variables.push(variable(b"USER", &account.name));
        variables.push(variable(b"LOGNAME", &account.name));
        variables.push(variable(b"SHELL", &account.shell));
        if start.terminal.is_some() {
            variables.push(variable(b"TERM", b"xterm-256color"));
        }
    }
    for wanted in &start.environment {
        let name = name(wanted)?;
        variables.retain(|variable| self::name(variable) != Some(name));
        variables.push(wanted.clone());
    }
    variables.into_iter().map(|variable| CString::new(variable).ok()).collect()
}

/// Where the program may be: itself if its name has a slash, else in each directory of PATH.
pub(crate) fn candidates(program: &[u8], variables: &[CString]) -> Option<Vec<CString>> {
    if program.contains(&b'/') {
        return Some(alloc::vec![CString::new(program).ok()?]);
    }
    let path = variables.iter().find_map(|variable| variable.as_bytes().strip_prefix(b"PATH="));
    path.unwrap_or(PATH)
        .split(|byte| *byte == b':')
        .filter(|directory| !directory.is_empty())
        .map(|directory| CString::new([directory, b"/", program].concat()).ok())
        .collect()
}

fn name(variable: &[u8]) -> Option<&[u8]> {
    let equals = variable.iter().position(|byte| *byte == b'=').filter(|place| *place > 0)?;
    variable.get(..equals)
}

fn variable(name: &[u8], value: &[u8]) -> Vec<u8> {
    [name, b"=", value].concat()
}
