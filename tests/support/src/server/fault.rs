//! The ways in which a mirror misbehaves.

use std::io::{self, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::Shared;
use super::http::write_head;

/// One way to misbehave.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Answers with this status.
    Status(u16),
    /// Answers so many times with this status, then well.
    FailThenFine {
        /// The status.
        status: u16,
        /// How many times.
        times: usize,
    },
    /// Promises the whole body, sends half of it and closes.
    ShortBody,
    /// Does that so many times, then serves well.
    CutThenFine {
        /// How many times.
        times: usize,
    },
    /// Sends half of the body, then nothing, and stays.
    Stall,
    /// Accepts the connection and never says a word.
    Silence,
    /// Sends the client elsewhere.
    Redirect(String),
    /// Sends the client to where it came from.
    RedirectLoop,
    /// Serves a body of the right length with one bit turned.
    WrongBytes,
    /// Serves these bytes instead.
    Instead(Vec<u8>),
    /// Sends zeros for ever, without saying how many.
    Endless,
    /// Sends headers for ever.
    EndlessHeaders,
    /// Sends the body in pieces of this many bytes, a pause before each.
    Slow {
        /// Bytes per piece.
        piece: usize,
        /// The pause before each.
        pause: Duration,
    },
    /// Answers in no protocol at all.
    Garbage,
}

/// Plays a fault; the connection is closed afterwards.
pub(super) fn play(
    fault: &Fault,
    path: &str,
    body: &[u8],
    stream: &mut TcpStream,
    shared: &Shared,
) -> io::Result<()> {
    match fault {
        Fault::Status(status) => write_plain(stream, *status),
        Fault::FailThenFine { .. } | Fault::CutThenFine { .. } => unreachable!("counted before"),
        Fault::ShortBody => write_half(stream, body),
        Fault::Stall => {
            write_half(stream, body)?;
            wait(shared);
            Ok(())
        }
        Fault::Silence => {
            wait(shared);
            Ok(())
        }
        Fault::Redirect(to) => write_redirect(stream, to),
        Fault::RedirectLoop => write_redirect(stream, &format!("/{path}")),
        Fault::WrongBytes => {
            let mut wrong = body.to_vec();
            if let Some(byte) = wrong.get_mut(body.len() / 2) {
                *byte ^= 1;
            }
            write_whole(stream, &wrong)
        }
        Fault::Instead(bytes) => write_whole(stream, bytes),
        Fault::Endless => write_endlessly(stream, "HTTP/1.1 200 OK\r\n\r\n", &[0; 65_536], shared),
        Fault::EndlessHeaders => {
            write_endlessly(stream, "HTTP/1.1 200 OK\r\n", b"X-Header: value\r\n", shared)
        }
        Fault::Slow { piece, pause } => {
            write_head(stream, 200, &[("Content-Length", &body.len().to_string())])?;
            for bytes in body.chunks(*piece) {
                std::thread::sleep(*pause);
                stream.write_all(bytes)?;
            }
            Ok(())
        }
        Fault::Garbage => stream.write_all(b"\x16\x03\x01 this is not HTTP\n\n"),
    }
}

fn write_plain(stream: &mut TcpStream, status: u16) -> io::Result<()> {
    write_head(stream, status, &[("Content-Length", "0")])
}

fn write_redirect(stream: &mut TcpStream, to: &str) -> io::Result<()> {
    write_head(stream, 302, &[("Location", to), ("Content-Length", "0")])
}

fn write_whole(stream: &mut TcpStream, body: &[u8]) -> io::Result<()> {
    write_head(stream, 200, &[("Content-Length", &body.len().to_string())])?;
    stream.write_all(body)
}

fn write_half(stream: &mut TcpStream, body: &[u8]) -> io::Result<()> {
    write_head(stream, 200, &[("Content-Length", &body.len().to_string())])?;
    stream.write_all(&body[..body.len() / 2])
}

fn write_endlessly(
    stream: &mut TcpStream,
    head: &str,
    again: &[u8],
    shared: &Shared,
) -> io::Result<()> {
    stream.write_all(head.as_bytes())?;
    while !shared.is_over() {
        stream.write_all(again)?;
    }
    Ok(())
}

fn wait(shared: &Shared) {
    while !shared.is_over() {
        std::thread::sleep(Duration::from_millis(20));
    }
}
