//! What the one encoder makes, from what the viewers decode.

use super::offer::Pictures;
use crate::media::VideoCodec;
use std::time::{Duration, Instant};

/// How long nobody may need the worse codec before the preferred one is back:
/// a page that was loaded anew is there again by then.
const RETURN_AFTER: Duration = Duration::from_secs(10);

/// The best of `possible`, which begins with it, that all viewers decode.
pub(super) fn common(possible: &[VideoCodec], viewers: &[Pictures]) -> Option<VideoCodec> {
    possible.iter().copied().find(|codec| all_decode(viewers, *codec))
}

fn all_decode(viewers: &[Pictures], codec: VideoCodec) -> bool {
    viewers.iter().all(|viewer| viewer.payload(codec).is_some())
}

/// Follows the connected viewers: to another codec at once when one of them
/// needs it, back to the preferred one after a while.
#[derive(Debug, Default)]
pub(super) struct Needs {
    current: Option<VideoCodec>,
    /// Since when a better one would do.
    better_since: Option<Instant>,
}

impl Needs {
    /// Nobody is connected: the next viewer has the choice.
    pub(super) fn nobody(&mut self) {
        *self = Self::default();
    }

    /// What the encoder is to make from now on, if that changes.
    pub(super) fn follow(&mut self, possible: &[VideoCodec], viewers: &[Pictures], now: Instant) -> Option<VideoCodec> {
        let best = common(possible, viewers)?;
        if self.current == Some(best) {
            self.better_since = None;
            return None;
        }
        if self.current.is_some_and(|current| all_decode(viewers, current)) {
            let since = *self.better_since.get_or_insert(now);
            if now.saturating_duration_since(since) < RETURN_AFTER {
                return None;
            }
        }
        (self.current, self.better_since) = (Some(best), None);
        Some(best)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use VideoCodec::{H264, Vp8};

    const BOTH: [VideoCodec; 2] = [H264, Vp8];
    const SECOND: Duration = Duration::from_secs(1);

    fn takes(codecs: &[VideoCodec]) -> Pictures {
        Pictures::of("0".into(), |codec| codecs.contains(&codec).then(|| 96.into()))
    }

    #[test]
    fn all_viewers_decode_it() {
        let (all, firefox, old) = (takes(&BOTH), takes(&[Vp8]), takes(&[H264]));
        assert_eq!(common(&BOTH, &[all, old]), Some(H264));
        assert_eq!(common(&BOTH, &[all, firefox]), Some(Vp8));
        assert_eq!(common(&BOTH, &[old, firefox]), None);
        assert_eq!(common(&[H264], &[all, firefox]), None);
    }

    #[test]
    fn away_at_once_and_back_after_a_while() {
        let (mut needs, now) = (Needs::default(), Instant::now());
        let (alone, two) = (&[takes(&BOTH)], &[takes(&BOTH), takes(&[Vp8])]);
        assert_eq!(needs.follow(&BOTH, alone, now), Some(H264));
        assert_eq!(needs.follow(&BOTH, two, now), Some(Vp8));
        assert_eq!(needs.follow(&BOTH, two, now), None);
        assert_eq!(needs.follow(&BOTH, alone, now + SECOND), None);
        assert_eq!(needs.follow(&BOTH, two, now + 5 * SECOND), None, "the page was loaded anew");
        assert_eq!(needs.follow(&BOTH, alone, now + 12 * SECOND), None);
        assert_eq!(needs.follow(&BOTH, alone, now + 22 * SECOND), Some(H264));
        assert_eq!(needs.follow(&BOTH, alone, now + 60 * SECOND), None);
    }

    #[test]
    fn the_first_viewer_does_not_wait() {
        let (mut needs, now) = (Needs::default(), Instant::now());
        assert_eq!(needs.follow(&BOTH, &[takes(&[Vp8])], now), Some(Vp8));
        needs.nobody();
        assert_eq!(needs.follow(&BOTH, &[takes(&BOTH)], now), Some(H264));
    }
}
