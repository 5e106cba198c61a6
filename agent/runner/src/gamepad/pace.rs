//! A bound on how often others can make the agent do something.

use std::time::{Duration, Instant};

/// How often at once.
pub(super) const BURST: u32 = 16;
/// Between two times in the long run: 1000 times a second.
pub(super) const PERIOD: Duration = Duration::from_millis(1);

/// What was done of late.
#[derive(Debug)]
pub(super) struct Pace {
    /// How often it may be done now.
    left: u32,
    /// Up to when this was counted.
    counted: Instant,
}

impl Pace {
    /// Nothing was done yet.
    pub(super) fn new(now: Instant) -> Self {
        Self { left: BURST, counted: now }
    }

    /// Whether it may be done now.
    pub(super) fn permits(&mut self, now: Instant) -> bool {
        let periods = now.saturating_duration_since(self.counted).as_millis();
        let more = u32::try_from(periods).unwrap_or(u32::MAX).min(BURST);
        self.left = self.left.saturating_add(more).min(BURST);
        self.counted = if self.left == BURST { now } else { self.counted + PERIOD * more };
        self.left > 0
    }

    /// Counts that it is done once.
    pub(super) fn count(&mut self) {
        self.left = self.left.saturating_sub(1);
    }

    /// When it may be done again; none if it may be now.
    pub(super) fn pause(&mut self, now: Instant) -> Option<Instant> {
        if self.permits(now) { None } else { Some(self.counted + PERIOD) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often something is done in this time by one who tries all the time.
    fn times(time: Duration) -> u32 {
        let start = Instant::now();
        let (mut pace, mut times, mut now) = (Pace::new(start), 0, start);
        while now < start + time {
            while pace.permits(now) {
                pace.count();
                times += 1;
            }
            now = pace.pause(now).unwrap();
        }
        times
    }

    #[test]
    fn there_is_a_burst_and_a_rate() {
        assert_eq!(times(Duration::from_nanos(1)), BURST);
        assert_eq!(times(Duration::from_secs(1)), BURST + 999);
    }

    #[test]
    fn rest_gives_no_more_than_a_burst() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        (0..BURST).for_each(|_| pace.count());
        assert!(!pace.permits(start) && pace.pause(start) == Some(start + PERIOD));
        let later = start + Duration::from_secs(3600);
        assert!(pace.permits(later));
        (0..BURST).for_each(|_| pace.count());
        assert!(!pace.permits(later));
    }
}
