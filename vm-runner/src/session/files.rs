//! Copies one file into or out of the guest.

use std::io::{Read, Write};

use agent_protocol::{Get, HostFrame, INITIAL_CREDIT, MAX_PAYLOAD, Put, Stream};

use super::Session;
use super::channel::{Channel, Ended, Shape, broken};
use super::error::Error;
use super::link::Link;
use super::pumps::{grant, next_bytes, spend, wait_for_credit};

impl Session {
    /// Writes a file in the guest, which appears there when it is complete.
    ///
    /// # Errors
    ///
    /// If the guest refuses, the source fails or has another size, or the session fails.
    pub fn put(&self, put: Put, source: &mut dyn Read) -> Result<(), Error> {
        let size = put.size;
        let file =
            File::open(&self.link, Shape::Nothing, |channel| HostFrame::Put { channel, put })?;
        let sent = file.send(size, source);
        match (file.wait_for_end(), sent) {
            (Ok(Ended::Done(bytes)), Ok(())) if bytes == size => Ok(()),
            (Ok(Ended::Refused { errno, text }), Ok(())) => Err(Error::Refused { errno, text }),
            (Err(error), Ok(())) | (_, Err(error)) => Err(error),
            (Ok(Ended::Done(_) | Ended::Exited(_)), Ok(())) => {
                broken("the guest counts other bytes than were sent")
            }
        }
    }

    /// Reads a regular file of the guest; returns how many bytes it has.
    ///
    /// # Errors
    ///
    /// If the guest refuses, nobody takes the bytes, or the session fails.
    pub fn get(&self, get: Get, sink: &mut dyn Write) -> Result<u64, Error> {
        let file =
            File::open(&self.link, Shape::Output, |channel| HostFrame::Get { channel, get })?;
        let count = file.receive(sink)?;
        match file.wait_for_end()? {
            Ended::Done(bytes) if bytes == count => Ok(count),
            Ended::Refused { errno, text } => Err(Error::Refused { errno, text }),
            Ended::Done(_) | Ended::Exited(_) => {
                broken("the guest counts other bytes than it sent")
            }
        }
    }
}

/// A channel that carries a file; abandoned when dropped.
struct File<'a> {
    link: &'a Link,
    channel: u32,
}

impl<'a> File<'a> {
    fn open(
        link: &'a Link,
        shape: Shape,
        request: impl FnOnce(u32) -> HostFrame,
    ) -> Result<Self, Error> {
        let channel = link.open_channel(Channel::new(shape, None))?;
        if let Err(error) = link.send(&request(channel)) {
            // The guest never heard of it.
            link.state().channels.remove(&channel);
            return Err(error);
        }
        Ok(File { link, channel })
    }

    /// Sends so many bytes and the end, or the end early, which the guest refuses.
    fn send(&self, size: u64, source: &mut dyn Read) -> Result<(), Error> {
        let mut buffer = vec![0; MAX_PAYLOAD];
        let mut left = size;
        let mut failure = None;
        while left > 0 {
            // The guest has said its last word: it is asked for the reason.
            let Some(room) = wait_for_credit(self.link, self.channel) else { return Ok(()) };
            let wanted = room.min(usize::try_from(left).unwrap_or(usize::MAX)).min(buffer.len());
            match source.read(&mut buffer[..wanted]) {
                Ok(count @ 1..) => {
                    spend(self.link, self.channel, count);
                    self.link.send_input(self.channel, &buffer[..count])?;
                    left = left.saturating_sub(count.try_into().unwrap_or(u64::MAX));
                }
                Ok(0) => {
                    failure = Some(std::io::ErrorKind::UnexpectedEof.into());
                    break;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            }
        }
        self.link.send_input(self.channel, &[])?;
        failure.map_or(Ok(()), |error| Err(Error::Host(error)))
    }

    fn receive(&self, sink: &mut dyn Write) -> Result<u64, Error> {
        let (mut count, mut owed) = (0, 0);
        while let Some(bytes) = next_bytes(self.link, self.channel, Stream::Output) {
            sink.write_all(&bytes).map_err(Error::Host)?;
            let length = u64::try_from(bytes.len()).unwrap_or(0);
            (count, owed) = (count + length, owed + length);
            if owed >= u64::from(INITIAL_CREDIT) / 4
                && grant(self.link, self.channel, Stream::Output, owed)
            {
                owed = 0;
            }
        }
        sink.flush().map_err(Error::Host)?;
        Ok(count)
    }

    fn wait_for_end(&self) -> Result<Ended, Error> {
        let mut state = self.link.state();
        loop {
            let known = state.channels.get(&self.channel);
            if let Some(ended) = known.and_then(|channel| channel.ended.clone()) {
                return Ok(ended);
            }
            self.link.check(&state)?;
            state = self.link.wait(state, None);
        }
    }
}

impl Drop for File<'_> {
    fn drop(&mut self) {
        self.link.abandon(self.channel);
    }
}
