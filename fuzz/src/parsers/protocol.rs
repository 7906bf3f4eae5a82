//! What the host and the guest's agent say to each other.

use agent_protocol::{
    Decoder, ErrorCode, Frame, GuestFrame, Hello, HostFrame, Put, Start, TerminalSize,
};

use crate::Target;

pub(crate) const ALL: &[Target] = &[Target { name: "protocol", run: read, seeds: sessions }];

/// Read as either side, strictly and in search of a beginning.
fn read(data: &[u8]) -> bool {
    read_all::<HostFrame>(Decoder::seeking(), data);
    read_all::<GuestFrame>(Decoder::seeking(), data);
    read_all::<HostFrame>(Decoder::new(), data) | read_all::<GuestFrame>(Decoder::new(), data)
}

fn read_all<F: Frame>(mut decoder: Decoder<F>, mut data: &[u8]) -> bool {
    while !data.is_empty() {
        let taken = decoder.push(data);
        assert!(taken > 0, "an emptied decoder takes bytes");
        data = &data[taken..];
        loop {
            match decoder.next() {
                Ok(Some(frame)) => frame.encode(&mut Vec::new()).expect("what was read is sound"),
                Ok(None) => break,
                Err(_) => return false,
            }
        }
    }
    true
}

fn sessions() -> Vec<Vec<u8>> {
    let start = Start {
        arguments: vec![b"sh".into(), b"-c".into()],
        environment: vec![b"A=b".into()],
        terminal: Some(TerminalSize { rows: 24, columns: 80 }),
        ..Start::default()
    };
    let put = Put { path: b"/tmp/x".into(), mode: 0o644, size: 3 };
    let host = [
        HostFrame::Hello(Hello { lowest: 1, highest: 1, session: 5 }),
        HostFrame::Start { channel: 1, start },
        HostFrame::Put { channel: 2, put },
        HostFrame::Input { channel: 2, bytes: b"abc".into() },
    ];
    let guest = [
        GuestFrame::Started { channel: 1, process: 9 },
        GuestFrame::Output { channel: 1, bytes: b"abc".into() },
        GuestFrame::Error { code: ErrorCode::Version, text: b"no".into() },
    ];
    vec![encoded(&host), encoded(&guest)]
}

fn encoded<F: Frame>(frames: &[F]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for frame in frames {
        frame.encode(&mut bytes).unwrap();
    }
    bytes
}
