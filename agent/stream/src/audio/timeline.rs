//! When the sound was played, and whether there is any.

use std::time::Duration;

/// Packets that still follow when the sound ends, so that it fades out in the
/// decoder instead of being repeated there.
const TAIL: u32 = 5;
/// Sound that is later than this follows a pause; less is a delay on its way.
const PAUSE: Duration = Duration::from_millis(100);
/// Arrivals of which the most punctual one says how late all of them are.
const ARRIVALS: u32 = 10;

/// Decides which packets are worth to be sent.
#[derive(Debug, Default)]
pub(super) struct Gate {
    tail: u32,
}

impl Gate {
    /// False for digital silence, but for the first of it after a sound.
    pub(super) fn passes(&mut self, samples: &[u8]) -> bool {
        if samples.iter().any(|byte| *byte != 0) {
            self.tail = TAIL;
            return true;
        }
        let passes = self.tail > 0;
        self.tail = self.tail.saturating_sub(1);
        passes
    }
}

/// Gives sound even times, from the uneven ones of its arrival.
///
/// Sound and times have one clock, so sound that is not interrupted is at its
/// time when its samples are counted from the first. Arrivals are uneven, but
/// never before their time.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    next: Option<Duration>,
    least: Option<Duration>,
    arrivals: u32,
}

impl Timeline {
    /// When sound of this length began to be played that seems to have begun at
    /// `arrived`, or earlier.
    pub(super) fn began(&mut self, arrived: Duration, length: Duration) -> Duration {
        let began = match self.next.map(|expected| (expected, arrived.checked_sub(expected))) {
            Some((expected, Some(late))) if late <= PAUSE => expected + self.behind(late),
            Some(_) | None => self.anew(arrived),
        };
        self.next = Some(began + length);
        began
    }

    fn anew(&mut self, at: Duration) -> Duration {
        (self.least, self.arrivals) = (None, 0);
        at
    }

    /// How much later than expected all sound is, once that is known.
    fn behind(&mut self, late: Duration) -> Duration {
        let least = self.least.map_or(late, |least| least.min(late));
        (self.least, self.arrivals) = (Some(least), self.arrivals + 1);
        if self.arrivals < ARRIVALS {
            return Duration::ZERO;
        }
        self.anew(least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SOUND: [u8; 4] = [0, 0, 1, 0];
    const SILENCE: [u8; 4] = [0; 4];
    const LENGTH: Duration = Duration::from_millis(10);

    fn began(timeline: &mut Timeline, milliseconds: u64) -> Duration {
        timeline.began(Duration::from_millis(milliseconds), LENGTH)
    }

    #[test]
    fn silence_makes_no_packets() {
        let mut gate = Gate::default();
        assert!(!gate.passes(&SILENCE));
        assert!(gate.passes(&SOUND));
        let after: Vec<_> = (0..8).map(|_| gate.passes(&SILENCE)).collect();
        assert_eq!(after, [true, true, true, true, true, false, false, false]);
        assert!(gate.passes(&SOUND) && gate.passes(&SILENCE));
    }

    #[test]
    fn what_was_delayed_has_the_time_at_which_it_was_played() {
        let mut timeline = Timeline::default();
        let arrivals = [100, 110, 186, 186, 187, 187, 188, 189, 190, 190, 191, 200, 210];
        let times = arrivals.map(|arrival| began(&mut timeline, arrival));
        let expected: Vec<_> = (10..20).map(|n| Duration::from_millis(n * 10)).collect();
        assert_eq!(times[..10], expected);
    }

    #[test]
    fn a_first_arrival_that_was_late_is_mended_by_the_next() {
        let mut timeline = Timeline::default();
        assert_eq!(began(&mut timeline, 107), Duration::from_millis(107));
        assert_eq!(began(&mut timeline, 110), Duration::from_millis(110));
        assert_eq!(began(&mut timeline, 120), Duration::from_millis(120));
    }

    #[test]
    fn lost_sound_is_seen_when_all_that_follows_is_late() {
        let mut timeline = Timeline::default();
        began(&mut timeline, 100);
        for packet in 1..10 {
            assert_eq!(began(&mut timeline, 130 + packet * 10), Duration::from_millis(100 + packet * 10));
        }
        assert_eq!(began(&mut timeline, 230), Duration::from_millis(230));
        assert_eq!(began(&mut timeline, 240), Duration::from_millis(240));
    }

    #[test]
    fn a_pause_is_no_delay() {
        let mut timeline = Timeline::default();
        began(&mut timeline, 100);
        assert_eq!(began(&mut timeline, 1100), Duration::from_millis(1100));
        assert_eq!(began(&mut timeline, 1110), Duration::from_millis(1110));
    }

    proptest! {
        #[test]
        fn arrivals_within_bounds_never_move_a_time(delays in prop::collection::vec(0..100u64, 1..200)) {
            let mut timeline = Timeline::default();
            began(&mut timeline, 1000);
            for (packet, delay) in (1u64..).zip(delays) {
                // One in five is punctual.
                let delay = if packet % 5 == 0 { 0 } else { delay };
                let time = 1000 + packet * 10;
                prop_assert_eq!(began(&mut timeline, time + delay), Duration::from_millis(time));
            }
        }
    }
}
