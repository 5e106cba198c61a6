//! What the others ask of the video part, and what it tells them.

use super::capture::{Capture, Command};
use super::encode::Choice;
use super::pace::Governor;
use super::screenshot;
use super::shared::Shared;
use super::{Mode, max};
use crate::media::{VideoCodec, VideoCommand, VideoStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::MissedTickBehavior;

/// For a screenshot, or for the display server to set a mode.
const PATIENCE: Duration = Duration::from_secs(5);
/// The lowest bitrate: a picture below it shows nothing.
const LEAST_BITRATE: u64 = 100_000;

pub(super) struct Control {
    capture: Capture,
    shared: Arc<Shared>,
    status: Arc<watch::Sender<VideoStatus>>,
    /// The encoders of the session.
    choices: Vec<Choice>,
    /// Of the encoder.
    rate: Arc<AtomicU32>,
    governor: Governor,
    /// What the viewers' connections take; 0 means all.
    limit: u32,
    most: u32,
    max_bitrate: Option<u64>,
    /// What was told to the thread that takes pictures.
    told: u32,
    /// Somebody watches.
    watched: bool,
}

impl Control {
    pub(super) fn new(
        capture: Capture,
        shared: Arc<Shared>,
        status: watch::Sender<VideoStatus>,
        choices: Vec<Choice>,
        rate: Arc<AtomicU32>,
        most: u32,
        max_bitrate: Option<u64>,
    ) -> Self {
        let (status, governor) = (Arc::new(status), Governor::new(most));
        Self { capture, shared, status, choices, rate, governor, limit: 0, most, max_bitrate, told: 0, watched: false }
    }

    pub(super) async fn run(mut self, mut requests: mpsc::Receiver<VideoCommand>, bitrate: u64) {
        self.set_bitrate(bitrate);
        self.set_frame_rate();
        let mut second = tokio::time::interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                request = requests.recv() => match request {
                    Some(request) => {
                        let before = self.watched;
                        self.request(request);
                        if self.watched != before {
                            second.reset();
                        }
                    }
                    None => break,
                },
                // Nobody watches: nothing is encoded, so there is nothing to tell and nothing to wake up for.
                _ = second.tick(), if self.watched => self.tell(),
            }
        }
        self.shared.close();
    }

    fn watch(&mut self, watched: bool) {
        self.watched = watched;
        self.shared.watch(watched);
        self.capture.send(Command::Run(watched));
        if !watched {
            self.status.send_if_modified(|status| std::mem::take(&mut status.frame_rate) != 0.0);
        }
    }

    fn request(&mut self, request: VideoCommand) {
        match request {
            VideoCommand::Keyframe => self.shared.keyframe(),
            VideoCommand::Watched(watched) => self.watch(watched),
            VideoCommand::Codec(codec) => self.set_codec(codec),
            VideoCommand::Limits { bitrate, frame_rate } => {
                self.limit = frame_rate;
                self.set_bitrate(bitrate);
                self.set_frame_rate();
            }
            VideoCommand::Resize { width, height, refresh_rate, done } => {
                self.resize(width, height, refresh_rate, done);
            }
            VideoCommand::Screenshot(done) => self.screenshot(done),
        }
    }

    fn set_codec(&mut self, codec: VideoCodec) {
        let found = self.choices.iter().enumerate().find(|(_, choice)| choice.rung.codec == codec);
        let Some((place, Choice { rung, reason })) = found.filter(|_| self.status.borrow().codec != codec) else {
            return;
        };
        tracing::info!(encoder = rung.name, reason, "another encoder");
        self.shared.set_rung(place);
        // A picture that stands still has to be taken once more.
        self.capture.send(Command::Refresh);
        self.status.send_modify(|status| {
            (status.encoder, status.encoder_reason) = (rung.name.to_owned(), reason.clone());
            status.codec = codec;
        });
    }

    fn set_bitrate(&mut self, bitrate: u64) {
        let most = self.status.borrow().max_bitrate;
        let bitrate = bitrate.clamp(LEAST_BITRATE, most.max(LEAST_BITRATE));
        self.shared.set_bitrate(bitrate);
        self.status.send_if_modified(|status| std::mem::replace(&mut status.bitrate, bitrate) != bitrate);
    }

    fn set_frame_rate(&mut self) {
        let allowed = if self.limit == 0 { self.most } else { self.limit.min(self.most) };
        let rate = allowed.min(self.governor.rate());
        self.rate.store(rate, Ordering::Relaxed);
        if std::mem::replace(&mut self.told, rate) != rate {
            self.capture.send(Command::FrameRate(rate));
        }
    }

    /// The last second, for the status and for the frame rate of the next.
    fn tell(&mut self) {
        let (second, captured, dropped) = self.shared.second();
        let length = second.length.as_secs_f64().clamp(0.5, 2.0);
        let each = second.busy.checked_div(second.units).unwrap_or_default();
        self.governor.second(second.pictures, second.dropped, each);
        self.set_frame_rate();
        let encode_latency = second.latency.checked_div(second.units).unwrap_or_default();
        self.status.send_if_modified(|status| {
            let before = status.clone();
            status.frame_rate = (f64::from(second.units) / length * 10.0).round() / 10.0;
            (status.encode_latency, status.captured, status.dropped) = (encode_latency, captured, dropped);
            *status != before
        });
    }

    fn resize(&mut self, width: u32, height: u32, refresh_rate: u32, done: oneshot::Sender<Result<(), String>>) {
        let now = mode(&self.status.borrow());
        let or = |wanted: u32, now: u32| if wanted == 0 { now } else { wanted };
        let mode = Mode {
            width: or(width, now.width),
            height: or(height, now.height),
            refresh_rate: or(refresh_rate, now.refresh_rate),
        };
        if let Err(reason) = possible(mode) {
            let _ = done.send(Err(reason));
            return;
        }
        let (applied, set) = oneshot::channel();
        self.capture.send(Command::Mode(mode, applied));
        let (status, max_bitrate) = (Arc::clone(&self.status), max(self.max_bitrate, mode, self.most));
        tokio::spawn(async move {
            let result = match tokio::time::timeout(PATIENCE, set).await {
                Ok(Ok(result)) => result,
                Ok(Err(_)) | Err(_) => Err("the display server does not answer".to_owned()),
            };
            if result.is_ok() {
                status.send_modify(|status| {
                    (status.width, status.height, status.refresh_rate) = (mode.width, mode.height, mode.refresh_rate);
                    status.max_bitrate = max_bitrate;
                });
            }
            let _ = done.send(result);
        });
    }

    fn screenshot(&mut self, done: oneshot::Sender<Result<Vec<u8>, String>>) {
        let (taken, frame) = oneshot::channel();
        self.capture.send(Command::Snapshot(taken));
        tokio::spawn(async move {
            let result = match tokio::time::timeout(PATIENCE, frame).await {
                Ok(Ok(frame)) => match tokio::task::spawn_blocking(move || screenshot::png(&frame)).await {
                    Ok(result) => result.map_err(|error| format!("{error:#}")),
                    Err(error) => Err(error.to_string()),
                },
                Ok(Err(_)) | Err(_) => Err("the display server gives no picture".to_owned()),
            };
            let _ = done.send(result);
        });
    }
}

fn mode(status: &VideoStatus) -> Mode {
    Mode { width: status.width, height: status.height, refresh_rate: status.refresh_rate }
}

/// What a resize may ask for.
fn possible(mode: Mode) -> Result<(), String> {
    let even = |side: u32, most: u32| (16..=most).contains(&side) && side.is_multiple_of(2);
    if !even(mode.width, 7680) {
        return Err(format!("a width of {} pixels; it is an even number from 16 to 7680", mode.width));
    }
    if !even(mode.height, 4320) {
        return Err(format!("a height of {} pixels; it is an even number from 16 to 4320", mode.height));
    }
    if !(1..=240).contains(&mode.refresh_rate) {
        return Err(format!("a refresh rate of {} Hz; it is a number from 1 to 240", mode.refresh_rate));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::fitting_bitrate;

    #[test]
    fn bitrates_grow_with_the_picture_within_bounds() {
        assert_eq!(fitting_bitrate(320, 200, 30), 2_000_000);
        assert!((7_000_000..8_000_000).contains(&fitting_bitrate(1280, 720, 60)));
        assert_eq!(fitting_bitrate(7680, 4320, 120), 50_000_000);
    }

    #[test]
    fn the_most_follows_the_mode_but_not_where_it_is_set() {
        let [small, large] =
            [(1280, 720), (3840, 2160)].map(|(width, height)| Mode { width, height, refresh_rate: 60 });
        assert!(max(None, large, 60) > max(None, small, 60));
        assert_eq!([small, large].map(|mode| max(Some(3_000_000), mode, 60)), [3_000_000; 2]);
    }

    #[test]
    fn a_mode_that_cannot_be_is_named() {
        let mode = |width, height, refresh_rate| Mode { width, height, refresh_rate };
        assert_eq!(possible(mode(1920, 1080, 120)), Ok(()));
        assert!(possible(mode(1921, 1080, 60)).unwrap_err().contains("width of 1921"));
        assert!(possible(mode(1920, 5000, 60)).unwrap_err().contains("height of 5000"));
        assert!(possible(mode(1920, 1080, 0)).unwrap_err().contains("rate of 0"));
    }
}
