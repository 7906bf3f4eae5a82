//! Numbers as people read them.

/// Writes a count of bytes with a decimal unit: `38.2 MB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1000.0;
    let mut unit = 0;
    // At 999.95 the rounded figure would read 1000.0.
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// Writes a duration with a tenth of a second, or in minutes when it is long: `3.4 s`.
pub fn seconds(seconds: f64) -> String {
    if seconds < 100.0 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    format!("{} min {} s", whole / 60, whole % 60)
}

/// Makes a text from outside harmless to a terminal: control characters become visible.
pub fn visible(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    let shown = |character: char| match character {
        '\t' => "    ".to_owned(),
        _ if character.is_control() => character.escape_default().to_string(),
        _ => character.to_string(),
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::{bytes, seconds, visible};

    #[test]
    fn bytes_have_one_decimal_and_a_unit() {
        let cases = [(0, "0 B"), (999, "999 B"), (38_200_000, "38.2 MB"), (999_950_000, "1.0 GB")];
        for (count, expected) in cases {
            assert_eq!(bytes(count), expected);
        }
        assert_eq!(bytes(u64::MAX), "18446.7 PB");
    }

    #[test]
    fn long_durations_are_in_minutes() {
        assert_eq!(seconds(0.04), "0.0 s");
        assert_eq!(seconds(3.44), "3.4 s");
        assert_eq!(seconds(125.2), "2 min 5 s");
    }

    #[test]
    fn an_escape_sequence_does_not_reach_the_terminal() {
        assert_eq!(visible("a\u{1b}[2Jb\rc"), "a\\u{1b}[2Jb\\rc");
        assert_eq!(visible("naïve"), "naïve");
    }
}
