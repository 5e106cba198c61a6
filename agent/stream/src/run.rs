//! The whole program: starts the parts in their order, and ends with the display.

use crate::args::Args;
use crate::media::Audio;
use crate::rtc::Viewers;
use crate::servers::{self, Sockets};
use crate::video::{self, Mode};
use crate::{audio, control, input, rtc};
use anyhow::Context;
use dillinger_ring::connection::Listener;
use dillinger_ring::socket::ReceiveError;
use libsystemd::daemon::{self, NotifyState};
use std::io;
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// Threads for the connections. Pictures, encoder and input have threads of their own.
const THREADS: usize = 2;
/// How long the pictures' part may take to hear that the display server has gone, once the input has heard it.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How long the farewell to the viewers may hold up the end.
const FAREWELL_TIME: Duration = Duration::from_millis(200);

/// Runs until SIGTERM or SIGINT or until the display server goes, which are no errors, or until the display, the encoder or
/// the input fails.
pub fn run(args: &Args) -> anyhow::Result<()> {
    // First: the servers start at the same time, and GStreamer takes longer than they do.
    let sockets = Sockets::new(args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
    let signals = {
        let _runtime = runtime.enter();
        // A signal that nobody has asked for does nothing to the main program of a container.
        [SignalKind::terminate(), SignalKind::interrupt()].map(signal)
    };
    gstreamer::init().context("GStreamer")?;
    let [terminate, interrupt] = signals;
    let result = runtime.block_on(serve(args, sockets, terminate?, interrupt?));
    // A library that hangs in a thread holds up no end.
    runtime.shutdown_background();
    result
}

async fn serve(args: &Args, sockets: Sockets, terminate: Signal, interrupt: Signal) -> anyhow::Result<()> {
    let mut viewers = None;
    let audio = sockets.sound.map_or_else(|| Ok(audio::off()), audio::start)?;
    let result = tokio::select! {
        error = session(args, sockets.display, audio, &mut viewers) => match error {
            Err(error) if servers::display_has_gone(&error) => {
                tracing::info!("the display server has gone");
                Ok(())
            }
            result => result,
        },
        () = ended(terminate, interrupt) => Ok(()),
    };
    let _ = daemon::notify(false, &[NotifyState::Stopping]);
    if let Some(viewers) = &viewers {
        // Without it the pages find out by themselves, after seconds.
        let _ = tokio::time::timeout(FAREWELL_TIME, viewers.close()).await;
    }
    result
}

async fn ended(mut terminate: Signal, mut interrupt: Signal) {
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
}

/// All parts; returns when one cannot start or fails. `running`: the viewers, once there can be any.
///
/// Nobody waits for the sound server: a game that connects before it serves is served when it does.
async fn session(args: &Args, display: Listener, audio: Audio, running: &mut Option<Viewers>) -> anyhow::Result<()> {
    let began = Instant::now();
    let socket = servers::display(display, servers::PATIENCE).await?;
    let connected = began.elapsed();
    let (input, deaf) = input::start(input::Options { socket: socket.clone(), clipboard: args.clipboard }).await?;
    let (video, failure) = video::start(video::Settings {
        socket,
        feedback: input.feedback.clone(),
        mode: Mode { width: args.width, height: args.height, refresh_rate: args.refresh_rate },
        frame_rate: args.frame_rate,
        encoder: args.encoder,
        max_bitrate: args.max_bitrate,
    })
    .await?;
    let settings = rtc::Settings { clipboard: args.clipboard };
    let viewers = rtc::start(settings, video.clone(), audio.clone(), input.clone());
    let viewers = running.insert(viewers).clone();
    control::start(&args.directory, control::Parts { viewers, video, audio, input }).context("the agent's socket")?;
    daemon::notify(false, &[NotifyState::Ready]).context("systemd is not told")?;
    tracing::info!(?connected, all = ?began.elapsed(), "the display is ready");
    Err(failed(failure, deaf).await)
}

/// Waits for the end of the video part or the input part.
async fn failed(mut video: oneshot::Receiver<anyhow::Error>, input: oneshot::Receiver<io::Error>) -> anyhow::Error {
    let pictures = |error: Result<anyhow::Error, _>| error.unwrap_or_else(|_| anyhow::anyhow!("the video part ended"));
    tokio::select! {
        error = &mut video => pictures(error),
        error = input => match error {
            // The display server has gone. What it said before is read with the pictures, and may have been wrong.
            Ok(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {
                tokio::time::timeout(LAST_WORDS, video).await.map_or_else(|_| ReceiveError::Closed.into(), pictures)
            }
            error => error.map_or_else(anyhow::Error::from, anyhow::Error::from).context("the input part ended"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn neither_pictures_nor_input_end_unnoticed() {
        let ((pictures, failure), (_input, deaf)) = (oneshot::channel(), oneshot::channel());
        pictures.send(anyhow::anyhow!("no pictures")).unwrap();
        assert_eq!(failed(failure, deaf).await.to_string(), "no pictures");

        let ((_pictures, failure), (input, deaf)) = (oneshot::channel(), oneshot::channel());
        input.send(io::ErrorKind::OutOfMemory.into()).unwrap();
        assert_eq!(format!("{:#}", failed(failure, deaf).await), "the input part ended: out of memory");

        let ((_pictures, failure), (input, deaf)) = (oneshot::channel(), oneshot::channel());
        drop(input);
        assert_eq!(failed(failure, deaf).await.to_string(), "the input part ended", "its thread panicked");
    }

    #[tokio::test]
    async fn a_display_server_that_went_is_told_by_the_pictures_if_they_know_more() {
        for (pictures, gone) in [(Some("invalid message"), false), (None, true)] {
            let ((video, failure), (input, deaf)) = (oneshot::channel(), oneshot::channel());
            input.send(io::ErrorKind::BrokenPipe.into()).unwrap();
            let told = tokio::spawn(failed(failure, deaf));
            if let Some(pictures) = pictures {
                video.send(anyhow::anyhow!(pictures)).unwrap();
                assert_eq!(told.await.unwrap().to_string(), pictures);
            } else {
                assert_eq!(servers::display_has_gone(&told.await.unwrap()), gone);
            }
        }
    }
}
