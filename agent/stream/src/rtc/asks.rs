//! What the viewers want of the video part.

use super::limits::Limits;
use crate::media::{VideoCodec, VideoCommand};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::Sender;

/// Least time between two keyframes that are asked for: they are large.
const KEYFRAME_GAP: Duration = Duration::from_millis(400);

/// Requests to the video part. None is lost when its queue is full: they stay
/// here, each kind once, until [`Asks::flush`] finds room.
#[derive(Debug)]
pub(super) struct Asks {
    commands: Sender<VideoCommand>,
    watched: Latch<bool>,
    codec: Latch<VideoCodec>,
    limits: Latch<Limits>,
    keyframe: bool,
    last_keyframe: Option<Instant>,
}

#[derive(Debug)]
struct Latch<T> {
    told: Option<T>,
    wanted: Option<T>,
}

impl<T: Copy + PartialEq> Latch<T> {
    const EMPTY: Self = Self { told: None, wanted: None };

    fn waits(&self) -> bool {
        self.told != self.wanted
    }

    fn flush(&mut self, tell: impl FnOnce(T) -> bool) {
        if let Some(wanted) = self.wanted
            && self.waits()
            && tell(wanted)
        {
            self.told = Some(wanted);
        }
    }
}

impl Asks {
    /// Nothing is asked yet.
    pub(super) fn new(commands: Sender<VideoCommand>) -> Self {
        Self {
            commands,
            watched: Latch::EMPTY,
            codec: Latch::EMPTY,
            limits: Latch::EMPTY,
            keyframe: false,
            last_keyframe: None,
        }
    }

    /// Whether anybody watches.
    pub(super) fn watched(&mut self, watched: bool) {
        self.watched.wanted = Some(watched);
    }

    /// What the encoder is to make.
    pub(super) fn codec(&mut self, codec: VideoCodec) {
        self.codec.wanted = Some(codec);
    }

    /// How much the encoder may make.
    pub(super) fn limits(&mut self, limits: Limits) {
        self.limits.wanted = Some(limits);
    }

    /// A viewer needs a keyframe.
    pub(super) fn keyframe(&mut self) {
        self.keyframe = true;
    }

    /// A keyframe came: whoever asked before has it.
    pub(super) fn keyframe_came(&mut self) {
        self.keyframe = false;
    }

    /// When [`Asks::flush`] has something to do that it could not do before.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.keyframe.then(|| self.last_keyframe.map(|last| last + KEYFRAME_GAP)).flatten()
    }

    /// Whether something could not be said so far.
    pub(super) fn waits(&self) -> bool {
        self.keyframe || self.watched.waits() || self.codec.waits() || self.limits.waits()
    }

    /// Sends what there is to say.
    pub(super) fn flush(&mut self, now: Instant) {
        let commands = &self.commands;
        // First, or a picture would be encoded that the first viewer cannot decode.
        self.codec.flush(|codec| commands.try_send(VideoCommand::Codec(codec)).is_ok());
        self.watched.flush(|watched| commands.try_send(VideoCommand::Watched(watched)).is_ok());
        self.limits
            .flush(|(bitrate, frame_rate)| commands.try_send(VideoCommand::Limits { bitrate, frame_rate }).is_ok());
        let may = self.last_keyframe.is_none_or(|last| now.saturating_duration_since(last) >= KEYFRAME_GAP);
        if self.keyframe && may {
            self.keyframe = commands.try_send(VideoCommand::Keyframe).is_err();
            self.last_keyframe = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;

    #[test]
    fn keyframes_have_a_distance() {
        let (sender, mut commands) = mpsc::channel(8);
        let (mut asks, now) = (Asks::new(sender), Instant::now());
        for after in [0, 100, 200] {
            asks.keyframe();
            asks.flush(now + Duration::from_millis(after));
        }
        assert!(matches!(commands.try_recv(), Ok(VideoCommand::Keyframe)));
        assert!(commands.try_recv().is_err());
        let due = asks.deadline().unwrap();
        assert_eq!(due, now + KEYFRAME_GAP);
        asks.flush(due);
        assert!(matches!(commands.try_recv(), Ok(VideoCommand::Keyframe)));
        asks.keyframe();
        asks.keyframe_came();
        assert_eq!(asks.deadline(), None);
    }

    #[test]
    fn nothing_is_lost_in_a_full_queue() {
        let (sender, mut commands) = mpsc::channel(1);
        let (mut asks, now) = (Asks::new(sender), Instant::now());
        asks.watched(true);
        asks.limits((1, 2));
        asks.flush(now);
        assert!(matches!(commands.try_recv(), Ok(VideoCommand::Watched(true))) && asks.waits());
        asks.limits((3, 4));
        asks.flush(now);
        assert!(!asks.waits());
        assert!(matches!(commands.try_recv(), Ok(VideoCommand::Limits { bitrate: 3, frame_rate: 4 })));
        asks.flush(now);
        assert!(commands.try_recv().is_err(), "each once");
    }
}
