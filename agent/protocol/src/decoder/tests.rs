use super::*;
use crate::*;

fn host_frames() -> Vec<HostFrame> {
    let terminal = Some(TerminalSize { rows: 24, columns: 80 });
    let start = Start {
        arguments: vec![b"sh".to_vec(), b"-c".to_vec(), b"true".to_vec()],
        environment: vec![b"A=b".to_vec()],
        is_environment_cleared: true,
        directory: b"/tmp".to_vec(),
        user: b"nobody".to_vec(),
        has_input: true,
        terminal,
    };
    let put = Put { path: b"/tmp/x".to_vec(), mode: 0o644, size: 3 };
    vec![
        HostFrame::Hello(hello()),
        HostFrame::Start { channel: 1, start },
        HostFrame::Input { channel: 1, bytes: b"some".to_vec() },
        HostFrame::Input { channel: 1, bytes: Vec::new() },
        HostFrame::Credit { channel: 1, stream: Stream::Errors, bytes: 7 },
        HostFrame::Resize { channel: 1, size: TerminalSize { rows: 1, columns: 2 } },
        HostFrame::Signal { channel: 1, number: 15 },
        HostFrame::Put { channel: 2, put },
        HostFrame::Get { channel: 3, get: Get { path: b"/etc/passwd".to_vec() } },
        HostFrame::Power(Power::Reboot),
        HostFrame::Ping { number: 9 },
    ]
}

fn guest_frames() -> Vec<GuestFrame> {
    let welcome = Welcome {
        session: 5,
        version: 1,
        role: Role::Service,
        boottime_nanoseconds: 12,
        kernel_release: b"6.1".to_vec(),
        agent_version: b"0.1".to_vec(),
    };
    vec![
        GuestFrame::Welcome(welcome),
        GuestFrame::Error { code: ErrorCode::TooMany, text: b"no".to_vec() },
        GuestFrame::Started { channel: 1, process: 77 },
        GuestFrame::Refused { channel: 1, errno: 2, text: b"no such file: /x".to_vec() },
        GuestFrame::Output { channel: 1, bytes: vec![0; MAX_PAYLOAD] },
        GuestFrame::Errors { channel: 1, bytes: Vec::new() },
        GuestFrame::Credit { channel: 1, stream: Stream::Input, bytes: 1 },
        GuestFrame::Exited { channel: 1, exit: Exit::Signal(9) },
        GuestFrame::Exited { channel: 1, exit: Exit::Status(3) },
        GuestFrame::Done { channel: 2, bytes: 1 << 40 },
        GuestFrame::Pong { number: 9, boottime_nanoseconds: 10 },
    ]
}

fn hello() -> Hello {
    Hello { lowest: 1, highest: 1, session: 5 }
}

fn encoded<F: Frame>(frames: &[F]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for frame in frames {
        frame.encode(&mut bytes).unwrap();
    }
    bytes
}

/// All frames of some bytes, pushed in pieces.
fn decoded<F: Frame>(
    mut decoder: Decoder<F>,
    bytes: &[u8],
    piece: usize,
) -> Result<Vec<F>, Malformed> {
    let mut frames = Vec::new();
    for mut rest in bytes.chunks(piece) {
        while !rest.is_empty() {
            let taken = decoder.push(rest);
            assert!(taken > 0, "a decoder that was emptied takes bytes");
            rest = &rest[taken..];
            while let Some(frame) = decoder.next()? {
                frames.push(frame);
            }
            assert!(decoder.buffer.len() <= LIMIT);
        }
    }
    Ok(frames)
}

#[test]
fn what_is_written_is_read_however_it_is_cut() {
    for piece in [1, 7, 12, 4096, usize::MAX >> 1] {
        let host = decoded::<HostFrame>(Decoder::new(), &encoded(&host_frames()), piece).unwrap();
        assert_eq!(host, host_frames());
        let guest =
            decoded::<GuestFrame>(Decoder::new(), &encoded(&guest_frames()), piece).unwrap();
        assert_eq!(guest, guest_frames());
    }
}

#[test]
fn wrong_headers_are_refused_before_their_payload_comes() {
    let read = |bytes: &[u8]| decoded::<HostFrame>(Decoder::new(), bytes, 4096).unwrap_err();
    assert_eq!(read(&[7, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0]), Malformed::TooLarge(65537));
    assert_eq!(read(&[7, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0]), Malformed::Reserved);
    assert_eq!(read(&[2, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0]), Malformed::Kind(2));
    assert_eq!(read(&[7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Malformed::Channel(0));
}

#[test]
fn lists_and_strings_do_not_lie() {
    let mut start = vec![4, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0];
    start.extend_from_slice(&u32::MAX.to_le_bytes());
    let refusal = decoded::<HostFrame>(Decoder::new(), &start, 4096).unwrap_err();
    assert_eq!(refusal, Malformed::Payload("too many items"));
    let get = |path: &[u8]| HostFrame::Get { channel: 1, get: Get { path: path.to_vec() } };
    let mut out = b"before".to_vec();
    assert_eq!(get(b"a\0").encode(&mut out), Err(Unsendable::Zero));
    assert_eq!(get(&[b'a'; MAX_PAYLOAD]).encode(&mut out), Err(Unsendable::TooLarge));
    assert_eq!(out, b"before");
}

#[test]
fn half_a_frame_of_a_dead_host_never_poisons_the_next() {
    let greeting = virtio_greeting(hello()).unwrap();
    let mut large = encoded(&host_frames());
    encode_data(Data::Input, 4, &[1; MAX_PAYLOAD], &mut large).unwrap();
    for cut in (0..400).chain(large.len() - 65_560..large.len() - 65_000) {
        let mut decoder = Decoder::<HostFrame>::seeking();
        let mut seen = Vec::new();
        for mut rest in [&large[..cut], &greeting] {
            while !rest.is_empty() {
                rest = &rest[decoder.push(rest)..];
                loop {
                    match decoder.next() {
                        Ok(Some(frame)) => seen.push(frame),
                        Ok(None) => break,
                        Err(_) => decoder.seek(),
                    }
                }
            }
        }
        assert_eq!(seen.last(), Some(&HostFrame::Hello(hello())), "cut at {cut}");
    }
}

#[test]
fn a_seeking_host_finds_the_welcome_behind_old_output() {
    let mut bytes = vec![2; 1000];
    bytes.extend(encoded(&guest_frames()));
    let frames = decoded::<GuestFrame>(Decoder::seeking(), &bytes, 13).unwrap();
    assert_eq!(frames, guest_frames());
}

#[test]
fn changed_bytes_never_stop_the_decoder() {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(below).unwrap()).unwrap()
    };
    let seed: Vec<u8> = encoded(&host_frames());
    for _ in 0..20_000 {
        let mut bytes = seed.clone();
        for _ in 0..=random(4) {
            let place = random(bytes.len());
            bytes[place] = u8::try_from(random(256)).unwrap();
        }
        bytes.truncate(random(bytes.len()) + 1);
        let piece = random(64) + 1;
        let strict = decoded::<HostFrame>(Decoder::new(), &bytes, piece);
        for frame in strict.unwrap_or_default() {
            let again =
                decoded::<HostFrame>(Decoder::new(), &encoded(std::slice::from_ref(&frame)), 4096);
            assert_eq!(again.unwrap(), [frame]);
        }
        let _ = decoded::<HostFrame>(Decoder::seeking(), &bytes, piece);
        let _ = decoded::<GuestFrame>(Decoder::seeking(), &bytes, piece);
    }
}
