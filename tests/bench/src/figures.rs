//! Figures, and the table of them.

use std::fmt;
use std::time::Duration;

/// One figure with what it must not exceed.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    /// What was measured.
    pub(crate) name: &'static str,
    /// The measurement, in words.
    pub(crate) measured: String,
    /// What it is compared with, in words; empty if with the target alone.
    pub(crate) reference: String,
    /// What is judged: a ratio, or the measurement as a number.
    pub(crate) value: f64,
    /// The highest good value.
    pub(crate) target: f64,
    /// Unit of value and target; empty for a ratio.
    pub(crate) unit: &'static str,
}

impl Figure {
    /// Two durations of which the first is to be at most `target` times the second.
    pub(crate) fn ratio(name: &'static str, ours: &[Duration], reference: &[Duration], target: f64) -> Self {
        let (ours, reference) = (Spread::of(ours), Spread::of(reference));
        let value = ours.median.as_secs_f64() / reference.median.as_secs_f64();
        Self { name, measured: ours.to_string(), reference: reference.to_string(), value, target, unit: "" }
    }

    /// Durations whose median is to be at most `target` milliseconds, with another call for comparison.
    pub(crate) fn milliseconds(name: &'static str, ours: &[Duration], reference: &[Duration], target: f64) -> Self {
        let (ours, ping) = (Spread::of(ours), Spread::of(reference));
        let value = ours.median.as_secs_f64() * 1000.0;
        Self { name, measured: ours.to_string(), reference: format!("Ping {ping}"), value, target, unit: "ms" }
    }

    /// A number that is to be at most `target`.
    pub(crate) fn number(name: &'static str, value: f64, target: f64, unit: &'static str) -> Self {
        Self { name, measured: format!("{value:.2} {unit}"), reference: String::new(), value, target, unit }
    }

    /// Whether the target is reached.
    pub(crate) fn is_good(&self) -> bool {
        self.value <= self.target
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.is_good() { "ok" } else { "MISSED" };
        let Self { name, measured, reference, value, target, unit } = self;
        write!(f, "{name:<44} {measured:<26} {reference:<26} {value:>8.2} {target:>7.2} {unit:<3} {verdict}")
    }
}

/// What stands in the columns.
pub(crate) fn heading() -> String {
    format!("{:<44} {:<26} {:<26} {:>8} {:>7}", "figure", "median (lowest..highest)", "reference", "value", "target")
}

#[derive(Debug, Clone, Copy)]
struct Spread {
    median: Duration,
    lowest: Duration,
    highest: Duration,
}

impl Spread {
    fn of(durations: &[Duration]) -> Self {
        let mut sorted = durations.to_vec();
        sorted.sort_unstable();
        let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
        Self { median: at(sorted.len() / 2), lowest: at(0), highest: sorted.last().copied().unwrap_or_default() }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
        let digits = if self.median < Duration::from_millis(20) { 2 } else { 0 };
        let (median, lowest, highest) = (ms(self.median), ms(self.lowest), ms(self.highest));
        write!(f, "{median:.digits$} ms ({lowest:.digits$}..{highest:.digits$})")
    }
}
