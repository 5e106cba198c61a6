//! The task that keeps the connection to a streamer and hears what it tells.

use super::link::Link;
use super::state::{Viewing, clipped};
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
use tokio::time::{MissedTickBehavior, interval};
use zbus::{Message, MessageStream};

/// Between two connections: one that is cut again and again costs nothing.
const PAUSE: Duration = Duration::from_millis(500);
/// Between two messages that it sends by itself: one that sends without end is read no faster.
const PACE: Duration = Duration::from_millis(1);
/// For the first look at the properties.
const FIRST_LOOK: Duration = Duration::from_secs(10);

/// Follows the streamer from the moment when its unit is up, and not frozen with its session, until the task is aborted.
pub(super) async fn follow(shared: Arc<Shared>) {
    loop {
        display_is_up(&shared).await;
        shared.view.awake().await;
        let link = async {
            let stream = connect(&shared.socket).await;
            let stream = stream.map_err(|error| Error::DisplayUnavailable(format!("its socket: {error}")))?;
            Link::open(shared.id, stream).await
        };
        match link.await {
            Ok((link, signals)) => {
                serve(&shared, link, signals).await;
                shared.hung_up("the display has gone");
            }
            Err(error) => tracing::warn!(session = %shared.id, %error, "connecting to the display"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn display_is_up(shared: &Shared) {
    let Some(audience) = &shared.view.audience else { return pending().await };
    if audience.display_up.subscribe().wait_for(|up| *up).await.is_err() {
        pending::<()>().await;
    }
}

/// The directory is the streamer's too: what is no socket, or points elsewhere, is not followed.
async fn connect(socket: &Path) -> io::Result<std::os::unix::net::UnixStream> {
    let flags = nix::libc::O_PATH | nix::libc::O_NOFOLLOW | nix::libc::O_CLOEXEC;
    let file: File = OpenOptions::new().read(true).custom_flags(flags).open(socket)?;
    if !file.metadata()?.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "is none"));
    }
    UnixStream::connect(format!("/proc/self/fd/{}", file.as_raw_fd())).await?.into_std()
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
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while let Some(Ok(message)) = signals.next().await {
        pace.tick().await;
        hear(shared, &message);
    }
}

async fn first_look(shared: &Shared, link: &Link) -> Result<(), Error> {
    let late = || Error::DisplayUnavailable("it tells no properties".to_owned());
    let properties = link.properties(FIRST_LOOK).await.ok_or_else(late)?;
    let viewers = super::figures::viewers(&properties);
    shared.update(|state| {
        state.take_over(&properties);
        if !shared.pads().is_empty() {
            // It cannot have those yet that it is about to get.
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
                    state.take_over(&changed);
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
            if shared.update(|state| state.viewers.remove(&viewer)) {
                shared.tell(ViewerEvent::Disconnected(viewer, clipped(&reason)));
            }
        }
        _ => {}
    }
}
