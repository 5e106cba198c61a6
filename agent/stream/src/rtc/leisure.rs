//! How late the timers of a connection may be.
//!
//! The bandwidth estimation wants to be woken once in each round trip, which on
//! a fast network is a thousand times a second, and the pacer 25 times a second
//! even if it has nothing to send. Their sums come out the same when they are
//! made more rarely, as both reckon with the time that has passed. What is in
//! the queue, and the packets that probe the network, have their exact time.

use std::time::{Duration, Instant};
use str0m::{PacerReason, Reason};

/// Between two looks while media are sent.
const FLOWING: Duration = Duration::from_millis(10);
/// Between two looks while nothing is sent.
const STILL: Duration = Duration::from_millis(200);
/// How long after the last packet media count as sent.
const FLOW: Duration = Duration::from_millis(100);
/// A probe takes 15 ms; several may follow each other.
const PROBE: Duration = Duration::from_millis(50);

/// What has to be on time.
#[derive(Debug, Default)]
pub(super) struct Leisure {
    sent: Option<Instant>,
    probed: Option<Instant>,
}

impl Leisure {
    /// Something was given to the connection to be sent.
    pub(super) fn sent(&mut self, now: Instant) {
        self.sent = Some(now);
    }

    /// The connection has or had a deadline for this reason.
    pub(super) fn reason(&mut self, reason: Reason, now: Instant) {
        if matches!(reason, Reason::Pacer(PacerReason::Probe1 | PacerReason::Probe2)) {
            self.probed = Some(now);
        }
    }

    /// The deadline that will do for a connection that wants to be woken at `at`
    /// and has nothing in its queue.
    pub(super) fn deadline(&self, at: Instant, now: Instant) -> Instant {
        let since = |past: Option<Instant>| past.map(|past| now.saturating_duration_since(past));
        if since(self.probed).is_some_and(|since| since < PROBE) {
            return at;
        }
        let flowing = since(self.sent).is_some_and(|since| since < FLOW);
        at.max(now + if flowing { FLOWING } else { STILL })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_in_a_hurry_is_on_time() {
        let (mut leisure, now) = (Leisure::default(), Instant::now());
        let (soon, late) = (now + Duration::from_millis(1), now + Duration::from_secs(3));
        assert_eq!(leisure.deadline(soon, now), now + STILL);
        assert_eq!(leisure.deadline(late, now), late);
        leisure.sent(now);
        leisure.reason(Reason::BweDelayControl, now);
        assert_eq!(leisure.deadline(soon, now), now + FLOWING);
        assert_eq!(leisure.deadline(soon, now + FLOW), now + FLOW + STILL);
        leisure.reason(Reason::Pacer(PacerReason::Probe2), now);
        assert_eq!(leisure.deadline(soon, now), soon);
        assert_eq!(leisure.deadline(soon, now + PROBE), now + PROBE + FLOWING);
    }
}
