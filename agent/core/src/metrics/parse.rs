//! The three formats of cgroup files: one value, flat keyed, nested keyed.

use super::{Pressure, Stall};

/// One value (`memory.current`); `max` means "no limit" and is no figure.
pub(super) fn single(text: Option<&str>) -> Option<u64> {
    text?.trim().parse().ok()
}

/// Flat keyed (`cpu.stat`, `memory.events`): `KEY VALUE` lines.
pub(super) struct Keyed<'a>(&'a str);

impl<'a> Keyed<'a> {
    pub(super) fn new(text: Option<&'a str>) -> Self {
        Self(text.unwrap_or_default())
    }

    pub(super) fn get(&self, key: &str) -> Option<u64> {
        self.0.lines().find_map(|line| {
            let (name, value) = line.split_once(' ')?;
            (name == key).then(|| value.trim().parse().ok())?
        })
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct IoTotals {
    pub(super) read_bytes: u64,
    pub(super) write_bytes: u64,
    pub(super) read_operations: u64,
    pub(super) write_operations: u64,
}

/// `io.stat`: a line per device, added up. A file without lines is a group that did no I/O yet.
pub(super) fn io_totals(text: Option<&str>) -> Option<IoTotals> {
    let mut totals = IoTotals::default();
    for (key, value) in text?.lines().flat_map(str::split_ascii_whitespace).filter_map(|word| word.split_once('=')) {
        let total = match key {
            "rbytes" => &mut totals.read_bytes,
            "wbytes" => &mut totals.write_bytes,
            "rios" => &mut totals.read_operations,
            "wios" => &mut totals.write_operations,
            _ => continue,
        };
        *total = total.saturating_add(value.parse().unwrap_or_default());
    }
    Some(totals)
}

/// A pressure file: `some avg10=… avg60=… avg300=… total=…`, and the same for `full`.
pub(super) fn pressure(text: Option<&str>) -> Pressure {
    let text = text.unwrap_or_default();
    Pressure { some: stall(text, "some"), full: stall(text, "full") }
}

fn stall(text: &str, kind: &str) -> Stall {
    let Some(line) = text.lines().find_map(|line| line.strip_prefix(kind)?.strip_prefix(' ')) else {
        return Stall::default();
    };
    let field = |key: &str| line.split_ascii_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
    Stall {
        total_usec: field("total").and_then(|value| value.parse().ok()),
        avg10: field("avg10").and_then(|value| value.parse().ok()).filter(|share: &f64| share.is_finite()),
    }
}
