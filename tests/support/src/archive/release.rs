//! The text of a Release file.

use std::collections::BTreeMap;

use super::suite::{Listed, Suite};

pub(super) fn text(suite: &Suite, listed: &BTreeMap<String, Listed>) -> String {
    let mut text = String::new();
    for (name, value) in &suite.fields {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push_str(&format!("Date: {}\n", date(suite.date)));
    if let Some(end) = suite.valid_until {
        text.push_str(&format!("Valid-Until: {}\n", date(end)));
    }
    if suite.by_hash {
        text.push_str("Acquire-By-Hash: yes\n");
    }
    text.push_str(&format!("Architectures: {}\n", suite.architectures.join(" ")));
    text.push_str(&format!("Components: {}\n", suite.components.join(" ")));
    text.push_str("Description: made by a test\nSHA256:\n");
    for (path, Listed { digest, size }) in listed {
        text.push_str(&format!(" {digest} {size:>16} {path}\n"));
    }
    text
}

/// Writes seconds since 1970 as archives do: `Wed, 01 Jan 2025 00:00:00 UTC`.
fn date(seconds: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (mut days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let weekday = DAYS[usize::try_from(days.rem_euclid(7)).unwrap()];
    let mut year = 1970;
    while days >= year_days(year) {
        days -= year_days(year);
        year += 1;
    }
    let mut month = 0;
    while days >= month_days(year, month) {
        days -= month_days(year, month);
        month += 1;
    }
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    let (day, month) = (days + 1, MONTHS[month]);
    format!("{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} UTC")
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn year_days(year: i64) -> i64 {
    365 + i64::from(is_leap(year))
}

fn month_days(year: i64, month: usize) -> i64 {
    let lengths = [31, 28 + i64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    lengths[month]
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates_are_what_archives_write() {
        assert_eq!(date(1_735_689_600), "Wed, 01 Jan 2025 00:00:00 UTC");
        assert_eq!(date(1_709_208_000), "Thu, 29 Feb 2024 12:00:00 UTC");
        assert_eq!(date(0), "Thu, 01 Jan 1970 00:00:00 UTC");
    }
}
