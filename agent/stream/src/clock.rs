//! The clock of pictures and sound.

use rustix::time::ClockId;
use std::time::Duration;

/// `CLOCK_MONOTONIC`, which the compositor's times are of too.
pub(crate) fn now() -> Duration {
    Duration::try_from(rustix::time::clock_gettime(ClockId::Monotonic)).unwrap_or_default()
}
