//! Extended header records: `LENGTH KEY=VALUE\n`.

use crate::node::Timestamp;

/// The records of one extended header, in order; none if it is malformed.
pub(super) fn parse(mut bytes: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let blank = bytes.iter().take(20).position(|byte| *byte == b' ')?;
        let length: usize = parse_number(&bytes[..blank])?.try_into().ok()?;
        let record = bytes.get(blank + 1..length)?.strip_suffix(b"\n")?;
        let equals = record.iter().position(|byte| *byte == b'=')?;
        records.push((&record[..equals], &record[equals + 1..]));
        bytes = &bytes[length..];
    }
    Some(records)
}

/// Appends one record.
pub(super) fn push(records: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    // Blank, equals sign and newline; then the length counts its own digits too.
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    records.extend_from_slice(length.to_string().as_bytes());
    records.push(b' ');
    records.extend_from_slice(key);
    records.push(b'=');
    records.extend_from_slice(value);
    records.push(b'\n');
}

/// Reads a decimal number without sign.
pub(super) fn parse_number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |value, digit| match digit {
        b'0'..=b'9' => value.checked_mul(10)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

/// Reads seconds with an optional sign and fraction; digits past the ninth are dropped.
pub(super) fn parse_time(text: &[u8]) -> Option<Timestamp> {
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let point = text.iter().position(|byte| *byte == b'.');
    let (whole, fraction) = match point {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &text[..0]),
    };
    let mut digits = [b'0'; 9];
    let kept = fraction.len().min(9);
    digits[..kept].copy_from_slice(&fraction[..kept]);
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let seconds: i64 = parse_number(whole)?.try_into().ok()?;
    let nanoseconds: u32 = parse_number(&digits)?.try_into().ok()?;
    Some(match (negative, nanoseconds) {
        (false, _) => Timestamp { seconds, nanoseconds },
        (true, 0) => Timestamp::from_seconds(-seconds),
        (true, _) => Timestamp { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds },
    })
}

/// Spells a time as `parse_time` reads it, without needless zeros.
pub(super) fn format_time(time: Timestamp) -> String {
    let (sign, seconds, nanoseconds) = match (time.seconds < 0, time.nanoseconds) {
        (false, nanoseconds) => ("", time.seconds.unsigned_abs(), nanoseconds),
        (true, 0) => ("-", time.seconds.unsigned_abs(), 0),
        (true, nanoseconds) => {
            ("-", (time.seconds + 1).unsigned_abs(), 1_000_000_000 - nanoseconds)
        }
    };
    let text = format!("{sign}{seconds}.{nanoseconds:09}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Spells an attribute's name inside a key as GNU tar does: a key ends at its first equals sign.
pub(super) fn encode_name(name: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(name.len());
    for byte in name {
        match byte {
            b'%' => encoded.extend_from_slice(b"%25"),
            b'=' => encoded.extend_from_slice(b"%3D"),
            other => encoded.push(*other),
        }
    }
    encoded
}

/// Undoes `encode_name`.
pub(super) fn decode_name(encoded: &[u8]) -> Vec<u8> {
    let mut name = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((first, others)) = rest.split_first() {
        let (byte, length) = match rest {
            [b'%', b'2', b'5', ..] => (b'%', 3),
            [b'%', b'3', b'D', ..] => (b'=', 3),
            _ => (*first, rest.len() - others.len()),
        };
        name.push(byte);
        rest = &rest[length..];
    }
    name
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_record_counts_the_digits_of_its_own_length() {
        for value_length in [0, 1, 2, 90, 91, 92, 93, 988, 989, 990, 991] {
            let mut records = Vec::new();
            push(&mut records, b"key", &vec![b'v'; value_length]);
            push(&mut records, b"other", b"a=b\nc");
            let parsed = parse(&records).unwrap();
            assert_eq!(parsed[0].1.len(), value_length);
            assert_eq!(parsed[1], (&b"other"[..], &b"a=b\nc"[..]));
        }
    }

    #[test]
    fn malformed_records_are_refused() {
        for text in ["5 a=b\n", "99 a=b\n", "0 a=b\n", " a=b\n", "6 ab c", "6 abc\n", "-6 a=b\n"] {
            assert_eq!(parse(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(parse(b"99999999999999999999 a=b\n"), None);
    }

    #[test]
    fn times_keep_sign_and_fraction() {
        let check = |text: &str, seconds, nanoseconds| {
            let time = Timestamp { seconds, nanoseconds };
            assert_eq!(parse_time(text.as_bytes()), Some(time), "{text}");
            assert_eq!(format_time(time), text);
        };
        check("0", 0, 0);
        check("12.5", 12, 500_000_000);
        check("-1", -1, 0);
        check("-0.5", -1, 500_000_000);
        check("-1.000000001", -2, 999_999_999);
        check("100", 100, 0);
        assert_eq!(parse_time(b"1.0000000019").unwrap().nanoseconds, 1);
        for text in ["", "-", ".5", "1.x", "1e3", "99999999999999999999"] {
            assert_eq!(parse_time(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn an_equals_sign_in_an_attribute_name_survives() {
        assert_eq!(encode_name(b"user.a=%b"), b"user.a%3D%25b");
        assert_eq!(decode_name(b"user.a%3D%25b%41"), b"user.a=%b%41");
    }
}
