//! What goes into a command and comes out of it.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;

use agent_protocol::{GuestFrame, Stream};

use super::*;

fn pipe() -> (OwnedFd, std::io::PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    (reader.into(), writer)
}

#[test]
fn ten_megabytes_come_back_as_they_went() {
    const BYTES: usize = 10_000_000;
    let sent: Vec<u8> = (0..BYTES).map(|at| (at * 31 % 251) as u8).collect();
    let heard = Heard::default();
    let agent = |fake: &mut Fake| {
        let (channel, start) = fake.accept();
        assert!(start.has_input);
        // An echo that is as careful with credit as it should be.
        let (mut room, mut waiting) = (262_144_usize, Vec::new());
        let mut taken = 0_u32;
        let mut has_ended = false;
        while !has_ended || !waiting.is_empty() {
            match fake.next().unwrap() {
                HostFrame::Input { bytes, .. } if bytes.is_empty() => has_ended = true,
                HostFrame::Input { bytes, .. } => {
                    taken += u32::try_from(bytes.len()).unwrap();
                    assert!(taken <= 262_144);
                    waiting.extend(bytes);
                }
                HostFrame::Credit { bytes, .. } => room += bytes as usize,
                other => panic!("{other:?}"),
            }
            let now: Vec<u8> = waiting.drain(..room.min(waiting.len())).collect();
            room -= now.len();
            now.chunks(50_000).for_each(|chunk| fake.say(output(channel, chunk)));
            if taken > 100_000 && waiting.is_empty() {
                fake.say(GuestFrame::Credit { channel, stream: Stream::Input, bytes: taken });
                taken = 0;
            }
        }
        fake.exit(channel, 0);
    };
    let (input, mut writer) = pipe();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            writer.write_all(&sent).unwrap();
            drop(writer);
        });
        let streams = Streams { input: Some(input), ..listening(&heard, &Heard::default()) };
        converse(agent, |session| session.run(start(&["cat"]), streams, None).unwrap());
    });
    assert!(heard.bytes() == sent);
}

#[test]
fn an_input_that_never_ends_does_not_hold_an_ended_command() {
    let (input, _writer) = pipe();
    let agent = |fake: &mut Fake| {
        let (channel, _) = fake.accept();
        fake.exit(channel, 0);
        while fake.next().is_some() {}
    };
    let streams = Streams { input: Some(input), ..silent() };
    converse(agent, |session| session.run(start(&["true"]), streams, None).unwrap());
}

#[test]
fn input_is_read_only_as_far_as_it_is_taken() {
    let (input, mut writer) = pipe();
    let reader = input.try_clone().unwrap();
    let agent = |fake: &mut Fake| {
        let (channel, _) = fake.accept();
        let mut taken = 0;
        while taken < 262_144 {
            let Some(HostFrame::Input { bytes, .. }) = fake.next() else { panic!("no input") };
            taken += bytes.len();
        }
        assert_eq!(taken, 262_144);
        fake.exit(channel, 0);
        assert_eq!(fake.next(), None);
    };
    std::thread::scope(|scope| {
        scope.spawn(move || writer.write_all(&[7; 300_000]).unwrap());
        let streams = Streams { input: Some(input), ..silent() };
        converse(agent, |session| session.run(start(&["head"]), streams, None).unwrap());
        let mut rest = Vec::new();
        std::fs::File::from(reader).read_to_end(&mut rest).unwrap();
        assert_eq!(rest.len(), 300_000 - 262_144);
    });
}

#[test]
fn a_closed_output_ends_the_command() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let agent = |fake: &mut Fake| {
        let (channel, _) = fake.accept();
        fake.say(output(channel, b"y\n"));
        assert_eq!(fake.next(), Some(HostFrame::Signal { channel, number: 13 }));
        // This one does not care.
        assert_eq!(fake.next(), Some(HostFrame::Signal { channel, number: 9 }));
        fake.say(GuestFrame::Exited { channel, exit: agent_protocol::Exit::Signal(9) });
    };
    let streams = Streams { output: Box::new(Gone), ..silent() };
    let exit = converse(agent, |session| session.run(start(&["yes"]), streams, Some(LIMIT)));
    assert_eq!(exit.unwrap().code(), 137);
}
