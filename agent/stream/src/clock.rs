//! The clock of pictures and sound, and waiting.

use rustix::time::ClockId;
use std::time::{Duration, Instant};

/// `CLOCK_MONOTONIC`, which the display server's times are of too.
pub(crate) fn now() -> Duration {
    Duration::try_from(rustix::time::clock_gettime(ClockId::Monotonic)).unwrap_or_default()
}

/// Waits for a moment; for ever without one. The timer is late by up to a
/// millisecond, so a moment that is past does not go through it.
pub(crate) async fn until(deadline: Option<Instant>) {
    match deadline {
        // Other tasks get their turn even if one such moment follows the other.
        Some(deadline) if deadline <= Instant::now() => tokio::task::consume_budget().await,
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_that_is_past_needs_no_timer() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(until(Some(Instant::now())));
    }
}
