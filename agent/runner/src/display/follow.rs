//! The task that keeps the connection to a streamer and hears what it tells.

use super::link::Link;
use super::state::Viewing;
use super::told::clipped;
use super::{Shared, ViewerEvent};
use dillinger_runner_api::{Dict, Error, streamer};
use futures_util::StreamExt;
use std::fs::{File, OpenOptions};
use std::future::pending;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::time::Instant;
use zbus::{Message, MessageStream};

/// Between two connections; longer after each that ended soon: one that is cut again and again costs nothing, and is
/// not told again and again.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// A connection that held for so long was a good one.
const GOOD: Duration = Duration::from_secs(10);
/// For the first look at the properties.
const FIRST_LOOK: Duration = Duration::from_secs(10);

/// Follows the streamer from the moment when its unit is up, and not frozen with its session, until the task is aborted.
pub(super) async fn follow(shared: Arc<Shared>) {
    let mut pause = PAUSE;
    loop {
        display_is_up(&shared).await;
        shared.view.awake().await;
        match connect(&shared.socket).await {
            Ok(stream) => {
                let began = Instant::now();
                converse(&shared, stream).await;
                pause = if began.elapsed() < GOOD { LONGEST_PAUSE.min(pause * 2) } else { PAUSE };
            }
            Err(error) => {
                tracing::warn!(session = %shared.id, %error, "the socket of the display");
                pause = PAUSE;
            }
        }
        tokio::time::sleep(pause).await;
    }
}

async fn converse(shared: &Shared, stream: UnixStream) {
    match Link::open(shared.id, stream).await {
        Ok((link, signals)) => {
            serve(shared, link, signals).await;
            shared.hung_up("the display has gone");
        }
        Err(error) => tracing::warn!(session = %shared.id, %error, "connecting to the display"),
    }
}

async fn display_is_up(shared: &Shared) {
    let Some(audience) = &shared.view.audience else { return pending().await };
    if audience.display_up.subscribe().wait_for(|up| *up).await.is_err() {
        pending::<()>().await;
    }
}

/// The directory is the streamer's too: what is no socket, or points elsewhere, is not followed.
async fn connect(socket: &Path) -> io::Result<UnixStream> {
    let flags = nix::libc::O_PATH | nix::libc::O_NOFOLLOW | nix::libc::O_CLOEXEC;
    let file: File = OpenOptions::new().read(true).custom_flags(flags).open(socket)?;
    if !file.metadata()?.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "is none"));
    }
    UnixStream::connect(format!("/proc/self/fd/{}", file.as_raw_fd())).await
}

async fn serve(shared: &Shared, link: Link, signals: MessageStream) {
    if let Err(error) = first_look(shared, &link).await {
        tracing::warn!(session = %shared.id, %error, "asking the display what it is");
        return;
    }
    let open = async {
        shared.hand_over_pads(&link).await;
        *shared.link.lock().unwrap_or_else(PoisonError::into_inner) = Some(link);
        shared.update(|state| !std::mem::replace(&mut state.up, true));
        pending::<()>().await;
    };
    // Side by side: answers come only while the signals before them are heard.
    tokio::select! {
        () = open => {}
        () = listen(shared, signals) => {}
    }
}

async fn listen(shared: &Shared, mut signals: MessageStream) {
    while let Some(message) = signals.next().await {
        match message {
            Ok(message) => hear(shared, &message),
            Err(error) => {
                let error = clipped(&error.to_string());
                tracing::info!(session = %shared.id, error, "the connection to the display has ended");
            }
        }
    }
}

async fn first_look(shared: &Shared, link: &Link) -> Result<(), Error> {
    let late = || Error::DisplayUnavailable("it tells no properties".to_owned());
    let properties = link.properties(FIRST_LOOK).await.ok_or_else(late)?;
    let viewers = shared.made().among(super::figures::viewers(&properties));
    shared.update(|state| {
        shared.take_over(state, &properties);
        if !shared.pads.is_empty() {
            // Each has yet to get a channel.
            state.gamepads = None;
        }
        state.viewers = Viewing::of(&viewers);
        true
    });
    Ok(())
}

fn hear(shared: &Shared, message: &Message) {
    let (header, body) = (message.header(), message.body());
    let member = header.member().map(ToString::to_string).unwrap_or_default();
    match member.as_str() {
        "PropertiesChanged" => {
            let Ok((interface, changed, _)) = body.deserialize::<(String, Dict, Vec<String>)>() else { return };
            if interface == streamer::INTERFACE {
                shared.update(|state| {
                    let before = state.clone();
                    shared.take_over(state, &changed);
                    *state != before
                });
            }
        }
        "ViewerConnected" => {
            let Ok(viewer) = body.deserialize::<String>() else { return };
            if shared.update(|state| state.viewers.connect(&viewer)) {
                shared.tell(ViewerEvent::Connected(viewer));
            }
        }
        "ViewerDisconnected" => {
            let Ok((viewer, reason)) = body.deserialize::<(String, String)>() else { return };
            if shared.remove_viewer(&viewer) {
                shared.tell(ViewerEvent::Disconnected(viewer, clipped(&reason)));
            }
        }
        _ => {}
    }
}
