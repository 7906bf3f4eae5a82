//! Carries bytes between the host's streams and a channel, as far as credit goes.

use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use agent_protocol::{HostFrame, INITIAL_CREDIT, MAX_PAYLOAD, Stream};
use rustix::event::{PollFd, PollFlags};

use super::link::Link;

/// Credit is given back in large pieces: a frame for each small one would be most of the traffic.
const GRANT_BYTES: u64 = INITIAL_CREDIT as u64 / 4;

/// Hands on what comes on a stream; what nobody takes is thrown away.
pub(super) fn pump_out(
    link: &Arc<Link>,
    channel: u32,
    stream: Stream,
    mut sink: Box<dyn Write + Send>,
) -> io::Result<JoinHandle<()>> {
    let link = Arc::clone(link);
    std::thread::Builder::new().name("output".into()).spawn(move || {
        let mut is_taken = true;
        let mut owed = 0;
        while let Some(bytes) = next_bytes(&link, channel, stream) {
            if is_taken && sink.write_all(&bytes).and_then(|()| sink.flush()).is_err() {
                is_taken = false;
                tell_broken(&link, channel);
            }
            owed += u64::try_from(bytes.len()).unwrap_or(0);
            if owed >= GRANT_BYTES && grant(&link, channel, stream, owed) {
                owed = 0;
            }
        }
    })
}

/// Waits for bytes; `None` when no more will come.
pub(super) fn next_bytes(link: &Link, number: u32, stream: Stream) -> Option<Vec<u8>> {
    let mut state = link.state();
    loop {
        let is_over = link.check(&state).is_err();
        let channel = state.channels.get_mut(&number)?;
        let has_ended = channel.ended.is_some();
        let incoming = channel.incoming(stream);
        if !incoming.bytes.is_empty() {
            return Some(std::mem::take(&mut incoming.bytes));
        }
        if incoming.is_ended || has_ended || is_over {
            return None;
        }
        state = link.wait(state, None);
    }
}

/// Lets the guest send so many bytes more; false if it has nothing more to send.
pub(super) fn grant(link: &Link, number: u32, stream: Stream, bytes: u64) -> bool {
    {
        let mut state = link.state();
        let Some(channel) = state.channels.get_mut(&number) else { return false };
        if channel.ended.is_some() {
            return false;
        }
        // Known before the guest knows, or what it sends then could seem too much.
        channel.incoming(stream).granted += bytes;
    }
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    // A session that failed is noticed by who waits for it.
    let _ = link.send(&HostFrame::Credit { channel: number, stream, bytes });
    true
}

fn tell_broken(link: &Link, number: u32) {
    if let Some(channel) = link.state().channels.get_mut(&number) {
        channel.broken.get_or_insert_with(Instant::now);
    }
    link.tell_change();
}

/// Carries a descriptor's bytes to a command until either ends.
pub(super) fn pump_in(
    link: &Arc<Link>,
    channel: u32,
    input: OwnedFd,
    wake: Arc<OwnedFd>,
) -> io::Result<JoinHandle<()>> {
    let link = Arc::clone(link);
    std::thread::Builder::new().name("input".into()).spawn(move || {
        let mut buffer = vec![0; MAX_PAYLOAD];
        while let Some(room) = wait_for_credit(&link, channel) {
            let room = room.min(buffer.len());
            // An input that cannot be read ends, as far as the command can know.
            let count = read(&input, &wake, &mut buffer[..room]);
            let Some(count) = count else { return };
            if !spend(&link, channel, count) || link.send_input(channel, &buffer[..count]).is_err()
            {
                return;
            }
            if count == 0 {
                return;
            }
        }
    })
}

/// Waits until the command takes bytes; `None` when it never will.
pub(super) fn wait_for_credit(link: &Link, number: u32) -> Option<usize> {
    let mut state = link.state();
    loop {
        link.check(&state).ok()?;
        let channel = state.channels.get(&number)?;
        if channel.ended.is_some() || channel.is_abandoned {
            return None;
        }
        if channel.input_credit > 0 {
            return Some(usize::try_from(channel.input_credit).unwrap_or(usize::MAX));
        }
        state = link.wait(state, None);
    }
}

/// Uses up credit; false if the channel has ended.
pub(super) fn spend(link: &Link, number: u32, count: usize) -> bool {
    let mut state = link.state();
    let Some(channel) = state.channels.get_mut(&number) else { return false };
    channel.input_credit = channel.input_credit.saturating_sub(count.try_into().unwrap_or(0));
    channel.ended.is_none()
}

/// Reads what is there; nothing is read once `wake` is; `None` then.
fn read(input: &OwnedFd, wake: &OwnedFd, buffer: &mut [u8]) -> Option<usize> {
    loop {
        let mut ready = [PollFd::new(wake, PollFlags::IN), PollFd::new(input, PollFlags::IN)];
        match rustix::event::poll(&mut ready, None) {
            Ok(_) if !ready[0].revents().is_empty() => return None,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return Some(0),
        }
        if ready[1].revents().is_empty() {
            continue;
        }
        match rustix::io::read(input, &mut *buffer) {
            Ok(count) => return Some(count),
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            // A terminal that hung up, or a directory.
            Err(_) => return Some(0),
        }
    }
}
