//! How fast the messages of a streamer are read.

use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// What one message takes at least, and what a second of reading brings at most: a streamer that talks without end
/// takes a small part of the one thread that serves all sessions.
const MESSAGE: Duration = Duration::from_millis(1);
const BYTES_A_SECOND: u32 = 2 << 20;
/// What may come at once after silence, in time: a quarter of a thousand messages, or half a mebibyte.
const BURST: Duration = Duration::from_millis(250);

/// What was read, as the time that it would have taken at the steady rate.
#[derive(Debug)]
pub(super) struct Pace {
    until: Instant,
}

impl Default for Pace {
    fn default() -> Self {
        Self { until: Instant::now() }
    }
}

impl Pace {
    /// Waits until the next message may be read.
    pub(super) async fn wait(&self) {
        if let Some(when) = self.until.checked_sub(BURST)
            && when > Instant::now()
        {
            sleep_until(when).await;
        }
    }

    /// A message of this length is being read.
    pub(super) fn charge(&mut self, length: usize) {
        let bytes = u32::try_from(length).unwrap_or(u32::MAX);
        let takes = Duration::from_secs(1) * bytes / BYTES_A_SECOND;
        self.until = self.until.max(Instant::now()) + takes.max(MESSAGE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn time_for(messages: u32, length: usize) -> Duration {
        let (began, mut pace) = (Instant::now(), Pace::default());
        for _ in 0..messages {
            pace.wait().await;
            pace.charge(length);
        }
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_few_messages_are_read_at_once_and_a_flood_is_not() {
        assert_eq!(time_for(200, 100).await, Duration::ZERO);
        let flood = time_for(10_000, 100).await;
        assert!(flood >= Duration::from_millis(9_500), "{flood:?}");
        let large = time_for(160, 128 * 1024).await;
        assert!(large >= Duration::from_secs(9), "twenty mebibytes in {large:?}");
    }
}
