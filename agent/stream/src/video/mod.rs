//! The display's picture: taken, encoded once for all viewers, and controlled.

mod capture;
mod control;
pub mod convert;
pub mod encode;
pub mod pace;
mod screenshot;
mod shared;

use crate::args::Encoder;
use crate::media::{Feedback, Video, VideoStatus};
use anyhow::Context;
use capture::Capture;
use control::Control;
use dillinger_ring::socket::Socket;
use encode::Choice;
use encode::pipeline::Format;
use encode::worker::Worker;
use shared::Shared;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// Access units that a viewer may lag behind, half a second of them, until he needs a keyframe.
const UNITS: usize = 32;
/// Requests on their way.
const COMMANDS: usize = 64;
/// For the display to set the first mode.
const PATIENCE: Duration = Duration::from_secs(5);
/// Until the connections of the viewers say what they take, bits a second.
const FIRST_BITRATE: u64 = 4_000_000;

/// A mode of the display.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode {
    /// Pixels; even.
    pub width: u32,
    /// Pixels; even.
    pub height: u32,
    /// Hz.
    pub refresh_rate: u32,
}

/// What the video part has to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The connection to the display server.
    pub socket: Socket,
    /// Gets what the display server says that is no picture.
    pub feedback: broadcast::Sender<Feedback>,
    /// The display's first mode.
    pub mode: Mode,
    /// The most pictures a second that are encoded.
    pub frame_rate: u32,
    /// What the user wants.
    pub encoder: Encoder,
    /// Bits a second; without one a fitting one is reckoned.
    pub max_bitrate: Option<u64>,
}

/// Starts to take pictures; they are encoded as soon as somebody watches.
///
/// The receiver is told when there are no pictures any more. Errors: no encoder works, or the display server does not
/// answer.
pub async fn start(settings: Settings) -> anyhow::Result<(Video, oneshot::Receiver<anyhow::Error>)> {
    let Settings { socket, feedback, mode, frame_rate, encoder, max_bitrate } = settings;
    let format = Format { width: mode.width, height: mode.height, frame_rate };
    let shared = Arc::new(Shared::default());
    let (failed, mut failure) = oneshot::channel();
    let capture = Capture::start(socket, Arc::clone(&shared), feedback, failed)?;
    let (done, set) = oneshot::channel();
    capture.send(capture::Command::Mode(mode, done));
    let choice = tokio::task::spawn_blocking(move || encode::choose(encoder, format));
    match tokio::time::timeout(PATIENCE, set).await.context("the display sets no mode")? {
        Ok(set) => set.map_err(anyhow::Error::msg)?,
        Err(_) => return Err((&mut failure).await.unwrap_or_else(|_| anyhow::anyhow!("the display is gone"))),
    }
    let choices = choice.await?.map_err(anyhow::Error::msg)?;
    let rungs: Vec<_> = choices.iter().map(|choice| choice.rung).collect();
    let (units, _) = broadcast::channel(UNITS);
    let (commands, requests) = mpsc::channel(COMMANDS);
    let (status, watched) = watch::channel(first_status(mode, max(max_bitrate, mode, frame_rate), &choices)?);
    let rate = Arc::new(AtomicU32::new(frame_rate));
    let encoder_failure = start_encoder(Worker {
        rungs,
        most: frame_rate,
        frame_rate: Arc::clone(&rate),
        shared: Arc::clone(&shared),
        units: units.clone(),
    })?;
    let control = Control::new(capture, shared, status, choices, rate, frame_rate, max_bitrate);
    tokio::spawn(control.run(requests, FIRST_BITRATE));
    Ok((Video { units, commands, status: watched }, either(failure, encoder_failure)))
}

/// Before anything was encoded.
fn first_status(mode: Mode, max_bitrate: u64, choices: &[Choice]) -> anyhow::Result<VideoStatus> {
    let Choice { rung, reason } = choices.first().context("no encoder")?;
    tracing::info!(encoder = rung.name, reason, "the encoder is chosen");
    Ok(VideoStatus {
        encoder: rung.name.to_owned(),
        encoder_reason: reason.clone(),
        codec: rung.codec,
        codecs: choices.iter().map(|choice| choice.rung.codec).collect(),
        width: mode.width,
        height: mode.height,
        refresh_rate: mode.refresh_rate,
        frame_rate: 0.0,
        bitrate: 0,
        max_bitrate,
        encode_latency: Duration::ZERO,
        captured: 0,
        dropped: 0,
    })
}

fn start_encoder(worker: Worker) -> anyhow::Result<oneshot::Receiver<anyhow::Error>> {
    let (failed, failure) = oneshot::channel();
    std::thread::Builder::new().name("encode".to_owned()).spawn(move || {
        if let Err(error) = worker.run() {
            let _ = failed.send(error.context("the encoder fails"));
        }
    })?;
    Ok(failure)
}

/// Told by the first of two.
fn either(
    one: oneshot::Receiver<anyhow::Error>,
    other: oneshot::Receiver<anyhow::Error>,
) -> oneshot::Receiver<anyhow::Error> {
    let (failed, failure) = oneshot::channel();
    tokio::spawn(async move {
        let error = tokio::select! { Ok(error) = one => error, Ok(error) = other => error, else => return };
        let _ = failed.send(error);
    });
    failure
}

/// The most that is encoded in a mode, bits a second, if the setting says nothing else.
fn max(setting: Option<u64>, mode: Mode, frame_rate: u32) -> u64 {
    setting.unwrap_or_else(|| fitting_bitrate(mode.width, mode.height, frame_rate))
}

/// More bits than this a viewer does not see: about 7 Mbit/s for 1280x720 at 60.
fn fitting_bitrate(width: u32, height: u32, frame_rate: u32) -> u64 {
    (u64::from(width) * u64::from(height) * u64::from(frame_rate) * 13 / 100).clamp(2_000_000, 50_000_000)
}
