//! What a connection takes, as found while pictures followed each other.
//!
//! While a picture stands still next to nothing is sent, and what the bandwidth
//! estimation makes of that sinks far below what the connection takes. So what
//! it says then does not count, and when pictures flow again it begins anew
//! with what it said before.

use std::time::{Duration, Instant};

/// Pictures follow each other when there is no more between two of them.
const FOLLOWING: Duration = Duration::from_millis(250);
/// Without a picture for this long it stands still.
const STILL: Duration = Duration::from_millis(500);

/// The pictures of one viewer, over time.
#[derive(Debug, Default)]
pub(super) struct Flow {
    last: Option<Instant>,
    still: bool,
    estimate: Option<u64>,
}

impl Flow {
    /// A picture is sent. Returns what the estimation is to begin anew with, in
    /// bits a second, if it is to.
    pub(super) fn picture(&mut self, now: Instant) -> Option<u64> {
        let gap = now.saturating_duration_since(self.last.replace(now)?);
        let again = self.still && gap <= FOLLOWING;
        self.still = !again && (self.still || gap >= STILL);
        self.estimate.filter(|_| again)
    }

    /// The connection is estimated to take this, bits a second.
    pub(super) fn estimated(&mut self, estimate: u64, now: Instant) {
        let long = self.last.is_some_and(|last| now.saturating_duration_since(last) >= STILL);
        if !(self.still || long) {
            self.estimate = Some(estimate);
        }
    }

    /// What the connection takes, bits a second, if that is known.
    pub(super) fn estimate(&self) -> Option<u64> {
        self.estimate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_still_picture_does_not_make_the_connection_slow() {
        let (mut flow, begin) = (Flow::default(), Instant::now());
        let at = |millis| begin + Duration::from_millis(millis);
        flow.estimated(4_000_000, at(0));
        for picture in 0..10 {
            assert_eq!(flow.picture(at(100 + 16 * picture)), None);
        }
        flow.estimated(7_000_000, at(250));
        flow.estimated(300_000, at(2000));
        for second in 2..9 {
            assert_eq!(flow.picture(at(1000 * second)), None, "the same picture once more");
            flow.estimated(300_000, at(1000 * second + 100));
        }
        assert_eq!((flow.picture(at(9000)), flow.picture(at(9016))), (None, Some(7_000_000)));
        assert_eq!(flow.picture(at(9032)), None, "once");
        flow.estimated(5_000_000, at(9040));
        assert_eq!(flow.estimate(), Some(5_000_000));
    }

    #[test]
    fn few_pictures_flow_too() {
        let (mut flow, begin) = (Flow::default(), Instant::now());
        for picture in 0..20 {
            assert_eq!(flow.picture(begin + Duration::from_millis(100 * picture)), None);
            flow.estimated(100_000 * (picture + 1), begin + Duration::from_millis(100 * picture + 50));
        }
        assert_eq!(flow.estimate(), Some(2_000_000));
    }
}
