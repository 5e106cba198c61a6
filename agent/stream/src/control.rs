//! The streamer's side of the private D-Bus interface of the agent.
//!
//! It listens on a socket in the directory of the streamer, which nobody but the
//! user can reach. The agent may connect again and again, as it may be
//! restarted while the game goes on.

mod changes;
mod file;
mod interface;

use crate::media::{Audio, Input, Video};
use crate::rtc::Viewers;
use dillinger_runner_api::streamer;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// Most connections at one time: one agent, one that takes over, a person who looks.
const CONNECTIONS: usize = 8;
/// How long a connection may take to say who it is.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// What the interface is about.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The viewers.
    pub viewers: Viewers,
    /// The pictures.
    pub video: Video,
    /// The sound.
    pub audio: Audio,
    /// The input.
    pub input: Input,
}

/// Listens on the socket `control` in `directory`, with mode 0600, in the
/// Tokio runtime of the caller. A socket that nobody listens on is replaced.
/// The task never ends by itself.
///
/// # Errors
/// The socket cannot be made, or somebody listens on it already.
pub fn start(directory: &Path, parts: Parts) -> io::Result<JoinHandle<()>> {
    let path = directory.join(streamer::SOCKET);
    remove_stale(&path)?;
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(tokio::spawn(accept(listener, parts)))
}

fn remove_stale(path: &Path) -> io::Result<()> {
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !metadata.file_type().is_socket() {
        let text = format!("{} is there and is no socket", path.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    }
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        let text = format!("another streamer listens on {}", path.display());
        return Err(io::Error::new(io::ErrorKind::AddrInUse, text));
    }
    std::fs::remove_file(path)
}

async fn accept(listener: UnixListener, parts: Parts) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let parts = parts.clone();
                tokio::spawn(async move {
                    if let Err(error) = serve(stream, parts).await {
                        tracing::warn!(%error, "connection to the control socket");
                    }
                    drop(permit);
                });
            }
            Err(error) => {
                // Out of descriptors, most likely: trying at once would spin.
                tracing::error!(%error, "control socket");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve(stream: UnixStream, parts: Parts) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (events, video) = (parts.viewers.events(), parts.video.status.clone());
    let watched =
        changes::Watched { events, video, audio: parts.audio.status.clone(), gamepads: parts.input.gamepads.clone() };
    // The agent is the server of the handshake: it can look at the credentials of this process, while its own have no
    // process number in the container.
    let connection = zbus::connection::Builder::unix_stream(stream.into_std()?)
        .p2p()
        .serve_at(streamer::PATH, interface::Streamer::new(parts))
        .build();
    let connection = tokio::time::timeout(HANDSHAKE_TIME, connection).await??;
    changes::announce(&connection, watched).await?;
    Ok(())
}
