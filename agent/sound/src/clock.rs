//! When the pieces are due.

use crate::sound::LENGTH;
use std::time::Duration;

/// A piece that is later is not written: all that was missed would be heard late, and at once. What was to be played then is
/// over nevertheless, so that streams keep the time that their clients count on.
const LATEST: Duration = Duration::from_millis(50);
/// Who was away for longer stood still, as a session does that is frozen, and goes on where it was.
const LONGEST: Duration = Duration::from_millis(500);

/// A clock that runs only while something plays.
#[derive(Debug, Default)]
pub struct Clock {
    next: Option<Duration>,
}

impl Clock {
    /// When the next piece is due; none while the clock stands.
    pub fn next(&self) -> Option<Duration> {
        self.next
    }

    /// Lets it run, beginning now.
    pub fn run(&mut self, now: Duration) {
        self.next.get_or_insert(now);
    }

    /// Lets it stand.
    pub fn stop(&mut self) {
        self.next = None;
    }

    /// Whether a piece is due, and if so, whether it can still be heard.
    pub fn due(&mut self, now: Duration) -> Option<bool> {
        let next = self.next?;
        let late = now.checked_sub(next)?;
        let begins = if late > LONGEST { now } else { next };
        self.next = Some(begins + LENGTH);
        Some(late <= LATEST || begins == now)
    }

    /// How much of the piece that was made last is still to be heard.
    pub fn left(&self, now: Duration) -> Duration {
        self.next.map_or(Duration::ZERO, |next| next.saturating_sub(now).min(LENGTH))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// Pieces that are due at this time, and those of them that are heard.
    fn due(clock: &mut Clock, now: u64) -> (usize, usize) {
        let pieces: Vec<_> = std::iter::from_fn(|| clock.due(ms(now))).collect();
        (pieces.len(), pieces.iter().filter(|heard| **heard).count())
    }

    #[test]
    fn nothing_is_due_while_it_stands() {
        let mut clock = Clock::default();
        assert_eq!((clock.next(), due(&mut clock, 1000)), (None, (0, 0)));
        clock.run(ms(1000));
        assert_eq!((due(&mut clock, 1000), clock.next()), ((1, 1), Some(ms(1010))));
        clock.stop();
        assert_eq!((due(&mut clock, 2000), clock.left(ms(2000))), ((0, 0), ms(0)));
    }

    #[test]
    fn a_little_that_was_missed_is_made_good_for_and_more_is_over() {
        let mut clock = Clock::default();
        clock.run(ms(0));
        assert_eq!(due(&mut clock, 45), (5, 5));
        assert_eq!(due(&mut clock, 205), (16, 5), "those from 160 on");
        assert_eq!(clock.next(), Some(ms(210)), "time has gone on");
    }

    #[test]
    fn who_was_frozen_goes_on_where_he_was() {
        let mut clock = Clock::default();
        clock.run(ms(0));
        assert_eq!((due(&mut clock, 3_600_000), clock.next()), ((1, 1), Some(ms(3_600_010))));
    }

    #[test]
    fn what_is_left_of_a_piece_gets_less_with_time() {
        let mut clock = Clock::default();
        clock.run(ms(100));
        clock.due(ms(100));
        assert_eq!((clock.left(ms(100)), clock.left(ms(104)), clock.left(ms(130))), (ms(10), ms(6), ms(0)));
    }

    proptest! {
        #[test]
        fn late_calls_do_not_make_it_drift(late in prop::collection::vec(0..40_u64, 100)) {
            let mut clock = Clock::default();
            clock.run(ms(0));
            let mut pieces = 0;
            for (n, late) in (0..).zip(late) {
                pieces += due(&mut clock, n * 10 + late).1;
            }
            pieces += due(&mut clock, 1030).1;
            prop_assert_eq!(pieces, 104);
        }
    }
}
