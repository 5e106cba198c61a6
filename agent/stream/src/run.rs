//! The whole program: starts the parts in their order, and ends with the display.

use crate::args::Args;
use crate::media::Audio;
use crate::process::{Display, Sound};
use crate::rtc::Viewers;
use crate::video::{self, Mode};
use crate::{audio, control, input, rtc};
use anyhow::Context;
use dillinger_ring::socket::Socket;
use libsystemd::daemon::{self, NotifyState};
use std::future;
use std::io;
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// Threads for the connections. Pictures, encoder and input have threads of their own.
const THREADS: usize = 2;
/// How long it is waited whether it was the display server that ended.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How long the farewell to the viewers may hold up the end.
const FAREWELL_TIME: Duration = Duration::from_millis(200);

/// Runs until SIGTERM or SIGINT, which is no error, or until the display, the encoder or the input fails.
pub fn run(args: &Args) -> anyhow::Result<()> {
    // Before any other program is started: it starts one that looks at its plugins, and waits for the end of a pipe to
    // that one. A program that is started at the same moment may hold the pipe as long as it runs.
    gstreamer::init().context("GStreamer")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
    let result = runtime.block_on(serve(args));
    // A library that hangs in a thread holds up no end.
    runtime.shutdown_background();
    result
}

async fn serve(args: &Args) -> anyhow::Result<()> {
    let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (mut sound, audio) = if args.no_audio { (None, audio::off()) } else { listen(args)? };
    let (mut display, socket) = Display::start(args)?;
    let mut viewers = None;
    let result = tokio::select! {
        result = session(args, socket, audio, &mut viewers) => result,
        error = display.died() => Err(error),
        () = keep(&mut sound) => Ok(()),
        () = ended(terminate, interrupt) => Ok(()),
    };
    let result = match result {
        Err(error) => Err(last_words(&mut display).await.unwrap_or(error)),
        Ok(()) => Ok(()),
    };
    let _ = daemon::notify(false, &[NotifyState::Stopping]);
    if let Some(viewers) = &viewers {
        // Without it the pages find out by themselves, after seconds.
        let _ = tokio::time::timeout(FAREWELL_TIME, viewers.close()).await;
    }
    tokio::join!(display.stop(), async {
        if let Some(sound) = &mut sound {
            sound.stop().await;
        }
    });
    result
}

/// How the display server ended, if it did: the parts that lose their connection to it find out first, and know less.
async fn last_words(display: &mut Display) -> Option<anyhow::Error> {
    tokio::time::timeout(LAST_WORDS, display.died()).await.ok()
}

/// The sound server, which is not started yet, and what will be heard of it.
fn listen(args: &Args) -> anyhow::Result<(Option<Sound>, Audio)> {
    let (sound, pipe) = Sound::new(&args.directory)?;
    let audio = audio::start(pipe, sound.status())?;
    Ok((Some(sound), audio))
}

/// Runs the sound server, if there is to be one. Never returns.
async fn keep(sound: &mut Option<Sound>) {
    match sound {
        Some(sound) => sound.run().await,
        None => future::pending().await,
    }
}

async fn ended(mut terminate: Signal, mut interrupt: Signal) {
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
}

/// All parts; returns when one cannot start or fails. `running`: the viewers, once there can be any.
///
/// Nobody waits for the sound server: a game that connects before it serves is served when it does.
async fn session(args: &Args, socket: Socket, audio: Audio, running: &mut Option<Viewers>) -> anyhow::Result<()> {
    let began = Instant::now();
    Display::listens(&args.directory).await?;
    let listens = began.elapsed();
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
    tracing::info!(?listens, all = ?began.elapsed(), "the display is ready");
    Err(failed(failure, deaf).await)
}

/// Waits for the end of the video part or the input part.
async fn failed(video: oneshot::Receiver<anyhow::Error>, input: oneshot::Receiver<io::Error>) -> anyhow::Error {
    tokio::select! {
        error = video => error.unwrap_or_else(|_| anyhow::anyhow!("the video part ended")),
        error = input => error.map_or_else(anyhow::Error::from, anyhow::Error::from).context("the input part ended"),
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
        input.send(io::ErrorKind::BrokenPipe.into()).unwrap();
        assert_eq!(format!("{:#}", failed(failure, deaf).await), "the input part ended: broken pipe");

        let ((_pictures, failure), (input, deaf)) = (oneshot::channel(), oneshot::channel());
        drop(input);
        assert_eq!(failed(failure, deaf).await.to_string(), "the input part ended", "its thread panicked");
    }
}
