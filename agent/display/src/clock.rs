//! The clock of pictures, callbacks and input: `CLOCK_MONOTONIC`.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds.
pub(crate) fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}

/// Milliseconds, which wrap around, as Wayland has it.
pub(crate) fn milliseconds() -> u32 {
    u32::try_from(now() / 1_000_000 % (1 << 32)).unwrap_or_default()
}
