//! The clock of pictures and sound, and waiting.

use rustix::time::ClockId;
use std::time::{Duration, Instant};

/// `CLOCK_MONOTONIC`, which the compositor's times are of too.
pub(crate) fn now() -> Duration {
    Duration::try_from(rustix::time::clock_gettime(ClockId::Monotonic)).unwrap_or_default()
}

/// Waits for a moment; for ever without one.
pub(crate) async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
