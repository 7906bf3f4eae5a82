//! Finds out that an agent is there.
//!
//! QEMU keeps what is sent to a port that the guest has not opened, so the first `hello` of a
//! machine waits for its agent. It is repeated for an agent that was started again, or that took
//! over from another, in between.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use agent_protocol::{Hello, HostFrame, VERSION, Welcome};

use super::Agent;
use super::error::Error;
use super::link::{Closed, Link};
use crate::text::short;

const REPEAT_EVERY: Duration = Duration::from_secs(2);

pub(super) fn shake(stream: UnixStream, limit: Duration) -> Result<(Arc<Link>, Agent), Error> {
    let link = Link::new(stream, new_number()).map_err(Error::Stream)?;
    let agent = wait_for_welcome(&link, limit).and_then(check_version);
    match agent {
        Ok(agent) => Ok((link, agent)),
        Err(error) => {
            link.close(Closed::ByUs);
            Err(error)
        }
    }
}

fn wait_for_welcome(link: &Link, limit: Duration) -> Result<Welcome, Error> {
    let until = Instant::now() + limit;
    let hello = Hello { lowest: VERSION, highest: VERSION, session: link.number };
    while Instant::now() < until {
        link.state().welcomes_due += 1;
        link.send(&HostFrame::Hello(hello))?;
        let repeat = until.min(Instant::now() + REPEAT_EVERY);
        let mut state = link.state();
        while Instant::now() < repeat {
            if let Some(welcome) = state.welcome.clone() {
                return Ok(welcome);
            }
            link.check(&state)?;
            state = link.wait(state, Some(repeat));
        }
    }
    Err(Error::Silent { limit })
}

fn check_version(welcome: Welcome) -> Result<Agent, Error> {
    if welcome.version != VERSION {
        return Err(Error::Version { version: welcome.version });
    }
    Ok(Agent {
        role: welcome.role,
        uptime: Duration::from_nanos(welcome.boottime_nanoseconds),
        kernel_release: short(&welcome.kernel_release),
        version: short(&welcome.agent_version),
    })
}

/// A number that no earlier session on the same port can have had.
fn new_number() -> u64 {
    static SESSIONS: AtomicU32 = AtomicU32::new(1);
    let process = u64::from(std::process::id());
    process << 32 | u64::from(SESSIONS.fetch_add(1, Ordering::Relaxed))
}
