//! Moments in time as text, without a clock or a locale.

const DAY: i64 = 86_400;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Writes a moment, given in seconds since 1970, as `2026-11-21 06:02:14 UTC`.
pub fn format(seconds: i64) -> String {
    let (year, month, day) = civil_date(seconds.div_euclid(DAY));
    let second = seconds.rem_euclid(DAY);
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Writes a length of time in its largest fitting unit: `15 days`, `1 hour`.
pub fn format_span(seconds: i64) -> String {
    let (count, unit) = match seconds {
        ..60 => (seconds, "second"),
        60..3600 => (seconds / 60, "minute"),
        3600..DAY => (seconds / 3600, "hour"),
        _ => (seconds / DAY, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Reads a date as archives write it, `Sat, 11 Jul 2026 10:16:37 UTC`; only UTC is understood.
pub fn parse(text: &str) -> Option<i64> {
    let text = text.split_once(", ").map_or(text, |(_, date)| date);
    let mut fields = text.split_ascii_whitespace();
    let day: u32 = number(fields.next()?, 1..=2)?;
    let month = fields.next()?;
    let month = MONTHS.iter().position(|name| *name == month)?;
    let year: u32 = number(fields.next()?, 4..=4)?;
    let mut clock = fields.next()?.splitn(3, ':').map(|part| number(part, 1..=2));
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if !matches!(fields.next()?, "UTC" | "GMT" | "Z" | "+0000") || fields.next().is_some() {
        return None;
    }
    // A leap second is the only reason for 60.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let month = u32::try_from(month).ok()? + 1;
    let days = days_since_1970(i64::from(year), month, day);
    if civil_date(days) != (i64::from(year), month, day) {
        return None;
    }
    Some(days * DAY + i64::from(hour * 3600 + minute * 60 + second))
}

fn number(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let plain = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// The proleptic Gregorian date of a day, counted from 1970.
fn civil_date(days: i64) -> (i64, u32, u32) {
    // Years here begin in March, so that the day that may be missing is the last one.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, u32::try_from(month).unwrap_or(0), u32::try_from(day).unwrap_or(0))
}

fn days_since_1970(year: i64, month: u32, day: u32) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = i64::from((month + 9) % 12);
    let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, seconds: i64, formatted: &str) {
        assert_eq!(parse(text), Some(seconds));
        assert_eq!(format(seconds), formatted);
    }

    #[test]
    fn dates_are_read_and_written() {
        check("Thu, 01 Jan 1970 00:00:00 UTC", 0, "1970-01-01 00:00:00 UTC");
        check("Sat, 11 Jul 2026 10:16:37 UTC", 1_783_764_997, "2026-07-11 10:16:37 UTC");
        check("Thu, 29 Feb 2024 23:59:59 +0000", 1_709_251_199, "2024-02-29 23:59:59 UTC");
        check("Sat, 1 Mar 2200 00:00:00 GMT", 7_263_216_000, "2200-03-01 00:00:00 UTC");
        assert_eq!(format(-1), "1969-12-31 23:59:59 UTC");
    }

    #[test]
    fn what_is_not_a_date_in_utc_is_refused() {
        for text in [
            "",
            "yesterday",
            "Sat, 11 Jul 2026 10:16:37 CEST",
            "Sat, 11 Jul 2026 10:16:37 +0200",
            "Sat, 11 Jul 2026 10:16:37",
            "Sat, 31 Jun 2026 10:16:37 UTC",
            "Sat, 29 Feb 2026 10:16:37 UTC",
            "Sat, 00 Jan 2026 10:16:37 UTC",
            "Sat, 11 Jul 2026 24:16:37 UTC",
            "Sat, 11 Jul 99999999999 10:16:37 UTC",
            "Sat, +1 Jul 2026 10:16:37 UTC",
            "Sat, 11 Jul 2026 10:16:37 UTC UTC",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn spans_have_one_unit() {
        assert_eq!(format_span(59), "59 seconds");
        assert_eq!(format_span(3_600), "1 hour");
        assert_eq!(format_span(15 * DAY + 5), "15 days");
    }
}
