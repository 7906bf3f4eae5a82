//! As much of HTTP/1.1 as a mirror needs.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;

use super::{Request, Shared, fault};
use crate::sha256;

/// Answers the requests of one connection until the client is done.
pub(super) fn serve(stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream.try_clone()?;
    while let Some(request) = read_request(&mut reader)? {
        if shared.is_over() {
            return Ok(());
        }
        shared.log.lock().unwrap().push(request.clone());
        let body = shared.read(&request.path);
        if let Some(fault) = shared.take_fault(&request.path) {
            let body = body.unwrap_or_default();
            fault::play(&fault, &request.path, &body, &mut writer, shared)?;
            return Ok(());
        }
        answer(&mut writer, &request, body)?;
    }
    Ok(())
}

fn answer(writer: &mut TcpStream, request: &Request, body: Option<Vec<u8>>) -> io::Result<()> {
    let Some(body) = body else {
        return write_head(writer, 404, &[("Content-Length", "0")]);
    };
    let tag = format!("\"{}\"", &sha256(&body)[..16]);
    if request.condition.as_ref() == Some(&tag) {
        return write_head(writer, 304, &[("ETag", &tag)]);
    }
    let total = body.len();
    let (status, start, end) = match request.range.as_deref().map(|range| span(range, total)) {
        None => (200, 0, total),
        Some(Some((start, end))) => (206, start, end),
        Some(None) => {
            let range = format!("bytes */{total}");
            return write_head(writer, 416, &[("Content-Range", &range), ("Content-Length", "0")]);
        }
    };
    let (length, range) =
        ((end - start).to_string(), format!("bytes {start}-{}/{total}", end.max(1) - 1));
    let mut headers =
        vec![("ETag", tag.as_str()), ("Content-Length", &length), ("Accept-Ranges", "bytes")];
    if status == 206 {
        headers.push(("Content-Range", &range));
    }
    write_head(writer, status, &headers)?;
    if request.method == "HEAD" {
        return Ok(());
    }
    writer.write_all(&body[start..end])
}

/// The bytes that `bytes=A-` or `bytes=A-B` asks for.
fn span(range: &str, total: usize) -> Option<(usize, usize)> {
    let (start, end) = range.strip_prefix("bytes=")?.split_once('-')?;
    let start = start.parse().ok()?;
    let end = if end.is_empty() { total } else { end.parse::<usize>().ok()?.min(total - 1) + 1 };
    (start < end && start < total).then_some((start, end))
}

/// Reads one request, or nothing when the client has closed.
fn read_request(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut request = Request {
        method: method.into(),
        path: decode(target.trim_start_matches('/')),
        range: None,
        condition: None,
    };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            return Ok(Some(request));
        };
        let value = Some(value.trim().to_string());
        match name.to_ascii_lowercase().as_str() {
            "range" => request.range = value,
            "if-none-match" | "if-modified-since" => request.condition = value,
            _ => {}
        }
    }
}

/// Undoes percent encoding, which clients apply to `~` and `+` as they please.
fn decode(path: &str) -> String {
    let mut parts = path.split('%');
    let mut decoded = parts.next().unwrap_or_default().to_string();
    for part in parts {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                decoded.push(char::from(byte));
                decoded.push_str(&part[2..]);
            }
            None => {
                decoded.push('%');
                decoded.push_str(part);
            }
        }
    }
    decoded
}

/// Writes a status line and headers.
pub(super) fn write_head(
    writer: &mut TcpStream,
    status: u16,
    headers: &[(&str, &str)],
) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {status} Because\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    writer.write_all(head.as_bytes())
}
