//! When the next picture is taken, and how many a second are bearable.

use std::time::Duration;

/// The lowest frame rate that a busy processor leads to.
const LEAST: u32 = 10;
/// Seconds without trouble after which the frame rate is raised again.
const PATIENCE_SECS: u32 = 5;

/// Holds a frame rate below the display's refresh rate.
///
/// The display shows a picture every period. To be shown the next one, the request has to be there before that; so it
/// comes some time after the last tick that is to be left out.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    period: Duration,
    interval: Duration,
    /// How far the time when a picture is due may be ahead of when it is shown. Where each n-th picture is taken, less
    /// than would lead to one more being left out now and then, as displays count whole milliseconds.
    ahead: Duration,
    due: Option<Duration>,
}

impl Pace {
    /// `frame_rate` 0 means every picture.
    pub fn new(refresh_rate: u32, frame_rate: u32) -> Self {
        let period = Duration::from_secs(1) / refresh_rate.max(1);
        let limited = frame_rate != 0 && frame_rate < refresh_rate;
        let interval = if limited { Duration::from_secs(1) / frame_rate } else { Duration::ZERO };
        let every_nth = limited && refresh_rate.is_multiple_of(frame_rate);
        Self { period, interval, ahead: if every_nth { period / 2 } else { period }, due: None }
    }

    /// A picture was shown at this time: when is the next one to be asked for? `None`: at once.
    pub fn next(&mut self, shown: Duration) -> Option<Duration> {
        if self.interval.is_zero() {
            return None;
        }
        // Against the time when it was due, so that the frame rate is kept where it is no part of the refresh rate;
        // never more than a period behind, or there would be a burst after a still picture.
        let base = self.due.map_or(shown, |due| due.clamp(shown.saturating_sub(self.period / 2), shown + self.ahead));
        let due = base + self.interval;
        self.due = Some(due);
        Some(due.saturating_sub(self.period * 3 / 4))
    }
}

/// Lowers the frame rate where the processor cannot encode all pictures, so that it has time for the game and no
/// picture waits.
#[derive(Debug, Clone, Copy)]
pub struct Governor {
    most: u32,
    rate: u32,
    calm_secs: u32,
}

impl Governor {
    /// `most`: the frame rate of a processor that is quick enough.
    pub fn new(most: u32) -> Self {
        Self { most, rate: most, calm_secs: 0 }
    }

    /// The frame rate at the moment.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// What the last second was like: pictures encoded, pictures that came while the encoder was busy, and how long one
    /// took. Returns the frame rate from now on.
    pub fn second(&mut self, encoded: u32, dropped: u32, each: Duration) -> u32 {
        let busy = each * self.rate > Duration::from_millis(850);
        if dropped * 10 > encoded.max(1) || busy {
            self.rate = (self.rate * 3 / 4).max(LEAST.min(self.most));
            self.calm_secs = 0;
        } else if self.rate < self.most && encoded > 0 {
            self.calm_secs += 1;
            let higher = (self.rate * 4 / 3 + 1).min(self.most);
            if self.calm_secs >= PATIENCE_SECS && each * higher < Duration::from_millis(650) {
                self.rate = higher;
                self.calm_secs = 0;
            }
        }
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Frames in ten seconds of a display that ticks every `tick`.
    fn frames(refresh_rate: u32, frame_rate: u32, tick: Duration) -> u32 {
        let mut pace = Pace::new(refresh_rate, frame_rate);
        let (mut now, mut asked, mut count) = (Duration::from_secs(100), Duration::ZERO, 0);
        while now < Duration::from_secs(110) {
            if asked <= now {
                count += 1;
                asked = pace.next(now).unwrap_or(now + MS);
            }
            now += tick;
        }
        count
    }

    #[test]
    fn every_picture_where_the_display_is_no_faster() {
        assert_eq!(Pace::new(60, 60).next(MS), None);
        assert_eq!(Pace::new(60, 0).next(MS), None);
        assert_eq!(Pace::new(60, 90).next(MS), None);
    }

    #[test]
    fn the_frame_rate_is_kept() {
        for (refresh, rate) in [(120, 60), (60, 30), (60, 45), (60, 50), (144, 60), (240, 60), (60, 20), (60, 1)] {
            let got = frames(refresh, rate, Duration::from_secs(1) / refresh);
            assert!(got.abs_diff(rate * 10) <= rate / 2 + 1, "{rate} of {refresh}: {got} in ten seconds");
        }
    }

    #[test]
    fn a_display_that_counts_whole_milliseconds_does_not_halve_it() {
        assert!((590..=640).contains(&frames(120, 60, 8 * MS)), "{}", frames(120, 60, 8 * MS));
        assert!((295..=320).contains(&frames(60, 30, 16 * MS)), "{}", frames(60, 30, 16 * MS));
    }

    #[test]
    fn no_burst_after_a_still_picture() {
        let mut pace = Pace::new(120, 60);
        pace.next(1000 * MS);
        let after = pace.next(9000 * MS).unwrap();
        assert!(after > 9000 * MS, "{after:?}");
    }

    #[test]
    fn a_busy_processor_gets_fewer_pictures_and_then_more_again() {
        let mut governor = Governor::new(60);
        assert_eq!(governor.second(58, 0, 5 * MS), 60);
        assert_eq!(governor.second(40, 20, 24 * MS), 45);
        assert_eq!(governor.second(30, 1, 24 * MS), 33, "no time left between two");
        for _ in 0..20 {
            governor.second(33, 0, 24 * MS);
        }
        assert_eq!(governor.rate(), 33, "it stays where it is while there is no room");
        for _ in 0..20 {
            governor.second(33, 0, 4 * MS);
        }
        assert_eq!(governor.rate(), 60);
        for _ in 0..20 {
            governor.second(1, 10, 900 * MS);
        }
        assert_eq!(governor.rate(), 10);
    }

    #[test]
    fn a_still_picture_changes_nothing() {
        let mut governor = Governor::new(60);
        for _ in 0..20 {
            assert_eq!(governor.second(0, 0, Duration::ZERO), 60);
        }
    }
}
