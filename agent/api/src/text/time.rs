//! Points in time for people, in the local time zone.

use super::format_span;
use chrono::{DateTime, Local};

fn local(usec: u64) -> Option<DateTime<Local>> {
    let utc = DateTime::from_timestamp_micros(i64::try_from(usec).ok()?)?;
    Some(utc.with_timezone(&Local))
}

/// `Mon 2026-11-23 01:05:34 +01:00`, from microseconds since 1970 UTC; `n/a` for 0, as systemd.
#[must_use]
pub fn timestamp(usec: u64) -> String {
    let local = local(usec).filter(|_| usec != 0);
    local.map_or_else(|| "n/a".to_owned(), |time| time.format("%a %Y-%m-%d %H:%M:%S %:z").to_string())
}

/// `Nov 23 01:05:34`, as the lines of journalctl(1) begin.
#[must_use]
pub fn clock_time(usec: u64) -> String {
    local(usec).map_or_else(|| "n/a".to_owned(), |time| time.format("%b %d %H:%M:%S").to_string())
}

/// How long before `now` a time was: `5min ago`, with the two largest units at most.
#[must_use]
pub fn ago(usec: u64, now: u64) -> String {
    let seconds = now.saturating_sub(usec) / super::USEC_PER_SEC;
    if seconds == 0 {
        return "just now".to_owned();
    }
    let span = format_span(seconds * super::USEC_PER_SEC);
    let largest: Vec<&str> = span.split(' ').take(2).collect();
    format!("{} ago", largest.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(timestamp(0), "n/a");
        assert_eq!(timestamp(u64::MAX), "n/a");
        assert!(timestamp(1_795_395_934_000_000).contains("2026-11-2"));
        assert_eq!(ago(10, 20), "just now");
        assert_eq!(ago(0, 3_723_000_000), "1h 2min ago");
        assert_eq!(ago(20, 10), "just now");
    }
}
