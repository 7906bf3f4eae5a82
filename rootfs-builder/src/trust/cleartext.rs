//! Takes a clear-signed text apart: the text that was signed, and the signatures.
//!
//! Stricter than RFC 9580 where an honest archive has no need of its freedom: nothing may stand before, between or
//! after, so that no reader of the file can see a byte that was not signed.

use super::TrustError;

const BEGIN: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";
const BEGIN_SIGNATURE: &[u8] = b"-----BEGIN PGP SIGNATURE-----";
const END_SIGNATURE: &[u8] = b"-----END PGP SIGNATURE-----";

/// A clear-signed text, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cleartext<'a> {
    /// What was signed, with a line feed after each line.
    pub text: Vec<u8>,
    /// What was signed, exactly: lines joined by carriage return and line feed.
    pub signed: Vec<u8>,
    /// The signatures, armored.
    pub armor: &'a [u8],
}

pub(super) fn split(bytes: &[u8]) -> Result<Cleartext<'_>, TrustError> {
    let mut lines = Lines { rest: bytes };
    if lines.next()? != BEGIN {
        return refuse("it does not begin with the line that says so");
    }
    read_headers(&mut lines)?;
    let mut text = Vec::with_capacity(lines.rest.len());
    let mut signed = Vec::with_capacity(lines.rest.len() + lines.rest.len() / 32);
    let armor = loop {
        let armor = lines.rest;
        let line = lines.next()?;
        if line == BEGIN_SIGNATURE {
            break armor;
        }
        let line = match line.strip_prefix(b"- ") {
            Some(unescaped) => unescaped,
            None if line.starts_with(b"-") => return refuse("a line begins with a dash"),
            None => line,
        };
        if !text.is_empty() {
            signed.extend_from_slice(b"\r\n");
        }
        signed.extend_from_slice(line);
        text.extend_from_slice(line);
        text.push(b'\n');
    };
    while lines.next()? != END_SIGNATURE {}
    let armor = &armor[..armor.len() - lines.rest.len()];
    if !lines.rest.trim_ascii().is_empty() {
        return refuse("something stands after the signatures");
    }
    Ok(Cleartext { text, signed, armor })
}

fn read_headers(lines: &mut Lines<'_>) -> Result<(), TrustError> {
    // The digests are named again in the signatures, and only there do they count.
    for _ in 0..8 {
        let line = lines.next()?;
        if line.is_empty() {
            return Ok(());
        }
        if !line.starts_with(b"Hash: ") {
            return refuse("a header is not \"Hash\"");
        }
    }
    refuse("it has too many headers")
}

struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    /// Takes one line, without its end and the blanks before that, which are not signed.
    fn next(&mut self) -> Result<&'a [u8], TrustError> {
        if self.rest.is_empty() {
            return refuse("it ends too early");
        }
        let end = memchr::memchr(b'\n', self.rest);
        let (line, rest) = match end {
            Some(end) => (&self.rest[..end], &self.rest[end + 1..]),
            None => (self.rest, &self.rest[self.rest.len()..]),
        };
        self.rest = rest;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if memchr::memchr2(b'\r', 0, line).is_some() {
            return refuse("a line has a carriage return or a zero in it");
        }
        let blanks = line.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        Ok(&line[..line.len() - blanks])
    }
}

fn refuse<T>(problem: &'static str) -> Result<T, TrustError> {
    Err(TrustError::Malformed { problem })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n";

    fn with_text(text: &str) -> String {
        format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{text}\n{SIGNATURE}")
    }

    fn check(text: &str, signed: &str) {
        let bytes = with_text(text);
        let parts = split(bytes.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(parts.signed).unwrap(), signed);
        assert_eq!(String::from_utf8(parts.text).unwrap(), signed.replace("\r\n", "\n") + "\n");
        assert_eq!(parts.armor, SIGNATURE.as_bytes());
    }

    fn check_refused(bytes: &str, expected: &str) {
        match split(bytes.as_bytes()) {
            Err(TrustError::Malformed { problem }) => assert_eq!(problem, expected),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_text_is_what_was_signed() {
        check("one\ntwo", "one\r\ntwo");
        check("one\r\ntwo\r", "one\r\ntwo");
        check("- -dash\n- two", "-dash\r\ntwo");
        check("blanks \t \nend", "blanks\r\nend");
        check("\none", "\r\none");
        check("", "");
        check("one\n", "one\r\n");
    }

    #[test]
    fn text_before_the_signed_text_is_refused() {
        for before in ["Suite: evil\n", "\n", " "] {
            let bytes = format!("{before}{}", with_text("one"));
            check_refused(&bytes, "it does not begin with the line that says so");
        }
    }

    #[test]
    fn text_after_the_signatures_is_refused() {
        let signed = with_text("one");
        assert!(split(format!("{signed}\n \r\n").as_bytes()).is_ok());
        check_refused(&format!("{signed}Suite: evil\n"), "something stands after the signatures");
        check_refused(&format!("{signed}{signed}"), "something stands after the signatures");
    }

    #[test]
    fn a_signed_text_within_a_signed_text_is_refused() {
        check_refused(&with_text(&with_text("one")), "a line begins with a dash");
    }

    #[test]
    fn a_header_that_could_be_taken_for_text_is_refused() {
        let bytes = with_text("one").replace("Hash: SHA256", "Suite: evil");
        check_refused(&bytes, "a header is not \"Hash\"");
        let bytes = with_text("one").replace("Hash: SHA256", &"Hash: SHA256\n".repeat(9));
        check_refused(&bytes, "it has too many headers");
    }

    #[test]
    fn an_interrupted_download_is_refused() {
        let bytes = with_text("one\ntwo");
        for length in 0..bytes.len() - 1 {
            assert!(split(&bytes.as_bytes()[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn a_carriage_return_within_a_line_is_refused() {
        check_refused(&with_text("a\rb"), "a line has a carriage return or a zero in it");
    }
}
