//! Signals and changed properties, told to one connection.

use super::interface::Streamer;
use crate::media::{AudioStatus, VideoStatus};
use crate::rtc::ViewerEvent;
use dillinger_runner_api::streamer;
use std::ops::Deref;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use zbus::object_server::SignalEmitter;

/// What is watched for a connection.
pub(super) struct Watched {
    pub(super) events: broadcast::Receiver<ViewerEvent>,
    pub(super) video: watch::Receiver<VideoStatus>,
    pub(super) audio: watch::Receiver<AudioStatus>,
    pub(super) gamepads: watch::Receiver<Vec<String>>,
}

/// Tells a connection what changes until it is closed.
///
/// # Errors
/// The connection broke.
pub(super) async fn announce(connection: &zbus::Connection, mut watched: Watched) -> zbus::Result<()> {
    let object = connection.object_server().interface::<_, Streamer>(streamer::PATH).await?;
    let emitter = object.signal_emitter();
    let mut known = watched.video.borrow_and_update().clone();
    loop {
        tokio::select! {
            () = connection.closed() => return Ok(()),
            event = watched.events.recv() => match event {
                Ok(ViewerEvent::Connected(viewer)) => Streamer::viewer_connected(emitter, &viewer.0).await?,
                Ok(ViewerEvent::Disconnected(viewer, reason)) => {
                    Streamer::viewer_disconnected(emitter, &viewer.0, &reason.to_string()).await?;
                }
                Err(RecvError::Lagged(lost)) => tracing::warn!(lost, "signals that a slow connection did not get"),
                Err(RecvError::Closed) => return Ok(()),
            },
            Ok(()) = watched.video.changed() => {
                let now = watched.video.borrow_and_update().clone();
                video_changed(&known, &now, object.get().await, emitter).await?;
                known = now;
            }
            Ok(()) = watched.audio.changed() => object.get().await.audio_changed(emitter).await?,
            Ok(()) = watched.gamepads.changed() => object.get().await.gamepads_changed(emitter).await?,
        }
    }
}

async fn video_changed(
    known: &VideoStatus,
    now: &VideoStatus,
    object: impl Deref<Target = Streamer>,
    emitter: &SignalEmitter<'_>,
) -> zbus::Result<()> {
    if now.encoder != known.encoder {
        object.encoder_changed(emitter).await?;
    }
    if now.encoder_reason != known.encoder_reason {
        object.encoder_reason_changed(emitter).await?;
    }
    if now.codec != known.codec {
        object.codec_changed(emitter).await?;
    }
    if now.width != known.width {
        object.width_changed(emitter).await?;
    }
    if now.height != known.height {
        object.height_changed(emitter).await?;
    }
    if now.refresh_rate != known.refresh_rate {
        object.refresh_rate_changed(emitter).await?;
    }
    Ok(())
}
