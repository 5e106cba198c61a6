//! How many pictures a second are bearable.

use std::time::Duration;

/// The lowest frame rate that a busy processor leads to.
const LEAST: u32 = 10;
/// Seconds without trouble after which the frame rate is raised again.
const PATIENCE_SECS: u32 = 5;

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
