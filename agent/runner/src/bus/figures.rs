//! What a session uses, as the bus has it.

use crate::session::Status;
use crate::stream::StreamError;
use dillinger_runner_api::Error;
use dillinger_runner_core::metrics::Figure;
use std::collections::HashMap;
use zbus::Variant;

/// `a{sv}` of figures.
pub(super) type Metrics = HashMap<&'static str, Variant<'static>>;

/// One figure.
pub(super) fn value(figure: Figure) -> Variant<'static> {
    match figure {
        Figure::Whole(number) => Variant::from(number),
        Figure::Fraction(number) => Variant::from(number),
    }
}

/// What was recorded at the end.
pub(super) fn final_metrics(status: &Status) -> Metrics {
    let facts = status.facts.clone().unwrap_or_default();
    let recorded = [
        ("TimestampUSec", Some(status.ended_usec)),
        ("CPUUsageUSec", facts.cpu_usage_usec),
        ("MemoryPeak", facts.memory_peak),
        ("OOMKills", facts.oom_kills),
    ];
    recorded.into_iter().filter_map(|(key, value)| Some((key, Variant::from(value?)))).collect()
}

/// The D-Bus error of a stream that was not opened.
#[allow(clippy::needless_pass_by_value, reason = "the form of a map_err function")]
pub(super) fn stream_error(error: StreamError) -> Error {
    match error {
        StreamError::TooMany(_) => Error::Busy(error.to_string()),
        StreamError::Cursor(_) | StreamError::Interval(_) => Error::InvalidRequest(error.to_string()),
        StreamError::Pipe(_) => Error::SystemdFailed(error.to_string()),
    }
}
