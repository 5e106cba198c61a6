//! From the time that the media have to the times that WebRTC has.
//!
//! Sound and picture come with the `CLOCK_MONOTONIC` time at which they were
//! taken. Their RTP time stamps count from the same zero, and the sender
//! reports are made from the same clock, so that a browser plays them in step.

use std::time::{Duration, Instant};

/// Samples of an Opus packet of 10 ms.
const PACKET: u64 = 480;
/// How far the sound may be from its own count before it is set anew: 20 ms.
const TOLERANCE: u64 = 960;

/// RTP time stamp of a picture, 90 kHz.
pub(super) fn picture(taken: Duration) -> u64 {
    count(taken, 90)
}

/// RTP time stamps of the sound, 48 kHz.
///
/// They count samples and not time: a stamp that jumps by one sample because
/// the time was rounded would make the browser mend a gap that is none.
#[derive(Debug, Default)]
pub(super) struct Sound {
    next: Option<u64>,
}

impl Sound {
    /// The stamp of a packet, and whether it begins anew after silence.
    pub(super) fn stamp(&mut self, taken: Duration) -> (u64, bool) {
        let exact = count(taken, 48);
        let expected = self.next.filter(|next| next.abs_diff(exact) <= TOLERANCE);
        let stamp = expected.unwrap_or(exact);
        self.next = Some(stamp.wrapping_add(PACKET));
        (stamp, expected.is_none())
    }
}

fn count(taken: Duration, per_millisecond: u128) -> u64 {
    u64::try_from(taken.as_nanos() * per_millisecond / 1_000_000).unwrap_or(u64::MAX)
}

/// The instant of a `CLOCK_MONOTONIC` time that is past, which is the clock of
/// [`Instant`] on Linux. What claims to be after `latest` is `latest`.
pub(super) fn instant(taken: Duration, latest: Instant) -> Instant {
    let age = crate::clock::now().saturating_sub(taken);
    Instant::now().checked_sub(age).map_or(latest, |instant| instant.min(latest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_counts_samples() {
        let mut sound = Sound::default();
        let mut at = Duration::from_nanos(1_000_000_333);
        let (first, anew) = sound.stamp(at);
        assert!(anew);
        for packet in 1..1000 {
            at += Duration::from_nanos(10_000_000 + u64::from(packet % 3 == 0) * 1_000 - 300);
            assert_eq!(sound.stamp(at), (first + packet * PACKET, false));
        }
        assert!(sound.stamp(at + Duration::from_secs(2)).1, "after silence");
    }

    #[test]
    fn sound_and_picture_have_one_zero() {
        let at = Duration::from_millis(123_456_789);
        assert_eq!(picture(at) / 90, 123_456_789);
        assert_eq!(Sound::default().stamp(at).0 / 48, 123_456_789);
        assert_eq!(count(Duration::MAX, 90), u64::MAX);
    }

    #[test]
    fn instants_are_of_the_same_clock() {
        let seconds = Duration::from_secs;
        let (clock, now) = (crate::clock::now(), Instant::now());
        for latest in [now, now.checked_sub(seconds(2)).unwrap()] {
            let age = now - instant(clock.saturating_sub(seconds(3)), latest);
            assert!(age > seconds(2) && age < seconds(4), "{age:?}");
            assert_eq!(instant(clock + seconds(9), latest), latest);
        }
    }
}
