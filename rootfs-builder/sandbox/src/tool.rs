//! The last steps before the tool itself, in the process that becomes it.

use std::ffi::{CString, NulError};
use std::io;

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, setrlimit, umask};

use crate::call::ToolCall;
use crate::error::{Failure, Step};
use crate::init::Birth;
use crate::view::{self, View};
use crate::wire::{self, Report};
use crate::{filter, owners, privileges, process};

/// Becomes the tool.
pub(crate) fn main(birth: &Birth<'_>, view: Option<View>) -> ! {
    let failure = match start(birth, view) {
        Ok(never) => match never {},
        Err(failure) => failure,
    };
    // If this fails the exit status still tells that something did.
    let _ = wire::send(&Report::from(failure), &birth.verdict);
    process::leave(127)
}

/// A value that does not exist: the process is another program by then.
enum Never {}

fn start(birth: &Birth<'_>, view: Option<View>) -> Result<Never, Failure> {
    let call = &birth.request.call;
    let words = Words::of(call).step("put the call into words")?;
    process::die_with_parent().step("follow the build's death")?;
    rustix::process::setsid().step("leave the terminal")?;
    let root = if view.is_some() { view::GUEST.as_ref() } else { call.root.as_path() };
    rustix::process::chroot(root).step("enter the guest's root")?;
    rustix::process::chdir("/").step("enter the guest's root")?;
    if let Some(view) = view {
        view.place()?;
    }
    rustix::stdio::dup2_stdout(birth.output).step("connect the output")?;
    rustix::stdio::dup2_stderr(birth.output).step("connect the output")?;
    privileges::become_root().step("become root")?;
    umask(Mode::from_raw_mode(0o022));
    limit_resources().step("limit resources")?;
    rustix::process::chdir(call.directory.as_str()).step(format!("enter {}", call.directory))?;
    process::reset_signals();
    // Containers demand it for the filter. Everywhere, set-id programs then run as who starts
    // them, and what they leave in the guest is the same on every rung.
    rustix::thread::set_no_new_privs(true).step("give up new privileges")?;
    let listener = filter::install(birth.request).step("install the system call filter")?;
    if let (Some(listener), Some(socket)) = (&listener, &birth.supervisor) {
        owners::hand_over(listener, socket).step("hand over the system calls")?;
    }
    privileges::drop_unneeded(birth.request.rung)?;
    Err(words.execute()).step(format!("run {}", call.program))
}

/// Core files would end up in the guest, and some programs close every number up to the limit.
fn limit_resources() -> io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    let files = rustix::process::getrlimit(Resource::Nofile);
    let current = Some(files.maximum.map_or(1024, |maximum| maximum.min(1024)));
    Ok(setrlimit(Resource::Nofile, Rlimit { current, maximum: files.maximum })?)
}

/// A call in the form that the kernel wants.
struct Words {
    program: CString,
    arguments: Vec<CString>,
    environment: Vec<CString>,
}

impl Words {
    fn of(call: &ToolCall) -> io::Result<Self> {
        let word = |text: &str| CString::new(text.as_bytes());
        let program = std::iter::once(&call.program);
        let arguments: Result<Vec<_>, NulError> =
            program.chain(&call.arguments).map(|text| word(text)).collect();
        let pairs = call.environment.iter().map(|(name, value)| format!("{name}={value}"));
        let environment: Result<Vec<_>, NulError> = pairs.map(|pair| word(&pair)).collect();
        let program = CString::new(call.program.as_bytes())?;
        Ok(Words { program, arguments: arguments?, environment: environment? })
    }

    /// Returns only if that failed.
    fn execute(&self) -> io::Error {
        let pointers = |words: &[CString]| -> Vec<*const libc::c_char> {
            words.iter().map(|word| word.as_ptr()).chain([std::ptr::null()]).collect()
        };
        let (arguments, environment) = (pointers(&self.arguments), pointers(&self.environment));
        // SAFETY: both lists end with a null pointer and point to strings that outlive the call.
        unsafe { libc::execve(self.program.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
        io::Error::last_os_error()
    }
}
