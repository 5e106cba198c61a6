//! Time spans in microseconds, systemd.time(7).

use super::{INFINITY, TextError, bytes::scaled};

/// Microseconds in a second.
pub const USEC_PER_SEC: u64 = 1_000_000;

const MINUTE: u64 = 60 * USEC_PER_SEC;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// systemd's year and month: 365.25 and 30.4375 days.
const YEAR: u64 = 31_557_600 * USEC_PER_SEC;
const MONTH: u64 = 2_629_800 * USEC_PER_SEC;

const UNITS: &[(&[&str], u64)] = &[
    (&["y", "year", "years"], YEAR),
    (&["month", "months", "M"], MONTH),
    (&["w", "week", "weeks"], 7 * DAY),
    (&["d", "day", "days"], DAY),
    (&["h", "hr", "hour", "hours"], HOUR),
    (&["min", "m", "minute", "minutes"], MINUTE),
    (&["s", "sec", "second", "seconds"], USEC_PER_SEC),
    (&["ms", "msec"], 1000),
    (&["us", "usec", "µs", "μs"], 1),
];

/// Microseconds from `1h 30min`, `90s`, `1.5s`, `250ms` or `infinity`; a bare number is multiplied
/// by `default_unit`.
///
/// # Errors
/// The text is none of them, or the span does not fit 64 bits.
pub fn parse_span(text: &str, default_unit: u64) -> Result<u64, TextError> {
    let trimmed = text.trim();
    if trimmed == "infinity" {
        return Ok(INFINITY);
    }
    let expected = "a time span, expected a number with a unit such as 250ms, 90s or 1h 30min, or infinity";
    let wrong = || TextError::not(text, expected);
    let mut rest = trimmed;
    let mut sum: u64 = 0;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let (number, after) = split(rest, |c| c.is_ascii_digit() || c == '.');
        let (unit, after) = split(after.trim_start(), |c| !c.is_ascii_digit() && !c.is_whitespace());
        let unit = if unit.is_empty() { Some(default_unit) } else { unit_usec(unit) };
        let part = scaled(number, unit.ok_or_else(wrong)?).map_err(|error| error.about(text, expected))?;
        let total = sum.checked_add(part).filter(|sum| *sum != INFINITY);
        sum = total.ok_or_else(|| TextError::TooLarge(text.to_owned()))?;
        rest = after.trim_start();
    }
    Ok(sum)
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn unit_usec(name: &str) -> Option<u64> {
    UNITS.iter().find(|(names, _)| names.contains(&name)).map(|(_, usec)| *usec)
}

/// A span with its units, exact: `1h 30min`, `1s 500ms`, `0`; `infinity` for the largest number.
#[must_use]
pub fn format_span(usec: u64) -> String {
    match usec {
        0 => return "0".to_owned(),
        INFINITY => return "infinity".to_owned(),
        _ => (),
    }
    let mut rest = usec;
    let mut parts = Vec::new();
    for (names, unit) in UNITS {
        let count = rest / unit;
        rest %= unit;
        if let (1.., Some(name)) = (count, names.first()) {
            parts.push(format!("{count}{name}"));
        }
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        for (text, usec) in [
            ("0", 0),
            ("90", 90 * USEC_PER_SEC),
            ("90s", 90 * USEC_PER_SEC),
            ("250ms", 250_000),
            ("1h 30min", 90 * MINUTE),
            ("1h30min", 90 * MINUTE),
            ("1.5s", 1_500_000),
            ("5 min", 5 * MINUTE),
            ("7µs", 7),
            ("1month", MONTH),
            ("infinity", INFINITY),
        ] {
            assert_eq!(parse_span(text, USEC_PER_SEC), Ok(usec), "{text}");
        }
        for text in ["", "s", "1x", "-1s", "1..5s", "1s foo", "tomorrow"] {
            assert!(matches!(parse_span(text, 1), Err(TextError::Not { .. })), "{text}");
        }
        let large = "99999999999999y";
        assert_eq!(parse_span(large, 1), Err(TextError::TooLarge(large.to_owned())));
    }

    #[test]
    fn formatted_spans_read_back_the_same() {
        let spans = (0..64).map(|shift| (1u64 << shift).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (63 - shift));
        for usec in spans.chain([0, 1, 59, MINUTE, 90 * MINUTE, INFINITY]) {
            let text = format_span(usec);
            assert_eq!(parse_span(&text, 1), Ok(usec), "{text}");
        }
    }
}
