//! The connection of the sound server.

use super::packet::BYTES;
use crate::input::readiness::register;
use dillinger_ring::connection::Listener;
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{RecvFlags, recv};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::{AsyncFd, AsyncFdReadyGuard};

/// Pieces that are taken at once. A sound server has less on the way.
const MOST: usize = 64;
/// Pieces that are left out at once, for a sound server that never stops.
const MOST_SKIPPED: usize = 1024;
/// Until it is tried again to accept a sound server, if the computer has no room for it.
const PAUSE: Duration = Duration::from_millis(100);

/// What happened.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A sound server has connected.
    Came,
    /// It is not connected any more, for this reason.
    Went(String),
    /// Pieces that were played, in their order; of [`BYTES`] bytes each.
    Played(Vec<u8>),
}

/// Where the sound server connects, and the one that is connected. The one that comes takes the place of the one before.
pub(super) struct Server {
    listener: Listener,
    comes: AsyncFd<OwnedFd>,
    connected: Option<AsyncFd<OwnedFd>>,
}

impl Server {
    /// To be called in a tokio runtime.
    pub(super) fn new(listener: Listener) -> io::Result<Self> {
        let comes = register(listener.as_fd().try_clone_to_owned()?, Interest::READABLE)?;
        Ok(Self { listener, comes, connected: None })
    }

    /// Waits for what happens next. While nobody `listens` nothing is received, and a full queue wakes nobody.
    pub(super) async fn next(&mut self, listens: bool) -> io::Result<Event> {
        // A connection that is closed is always told.
        let interest = if listens { Interest::READABLE } else { Interest::PRIORITY };
        loop {
            tokio::select! {
                ready = self.comes.readable() => match self.listener.accept() {
                    Ok(Some(connection)) => {
                        self.connected = Some(register(connection, Interest::READABLE | Interest::PRIORITY)?);
                        return Ok(Event::Came);
                    }
                    Ok(None) => ready?.clear_ready(),
                    Err(error) => {
                        tracing::error!(%error, "the sound server cannot be accepted");
                        tokio::time::sleep(PAUSE).await;
                    }
                },
                ready = ready(self.connected.as_ref(), interest) => match take(ready?, listens) {
                    Ok(played) if played.is_empty() => {}
                    Ok(played) => return Ok(Event::Played(played)),
                    Err(reason) => {
                        self.connected = None;
                        return Ok(Event::Went(reason));
                    }
                }
            }
        }
    }

    /// Leaves out what was played before. Asks the socket itself: the runtime may not have heard yet that there is something
    /// in it.
    pub(super) fn skip(&mut self) -> Option<Event> {
        let socket = self.connected.as_ref()?.get_ref();
        let mut piece = [0; BYTES];
        let end = (0..MOST_SKIPPED).map(|_| receive(socket, &mut piece)).find(|received| *received != Ok(true))?;
        let reason = end.err()?;
        self.connected = None;
        Some(Event::Went(reason))
    }
}

async fn ready(connected: Option<&AsyncFd<OwnedFd>>, interest: Interest) -> io::Result<AsyncFdReadyGuard<'_, OwnedFd>> {
    match connected {
        Some(connected) => connected.ready(interest).await,
        None => std::future::pending().await,
    }
}

/// The pieces that are there, if somebody `listens`. An error is the end of the connection, and of what came just before.
fn take(mut ready: AsyncFdReadyGuard<'_, OwnedFd>, listens: bool) -> Result<Vec<u8>, String> {
    let mut played = Vec::new();
    if !listens {
        let closed = ready.ready().is_read_closed();
        ready.clear_ready_matching(tokio::io::Ready::PRIORITY);
        return if closed { Err(closed_by_server()) } else { Ok(played) };
    }
    let mut piece = [0; BYTES];
    while played.len() < MOST * BYTES {
        if !receive(ready.get_inner(), &mut piece)? {
            ready.clear_ready();
            break;
        }
        played.extend_from_slice(&piece);
    }
    Ok(played)
}

/// Receives a piece. False: there is none. An error is the end of the connection.
fn receive(socket: &OwnedFd, piece: &mut [u8; BYTES]) -> Result<bool, String> {
    // Without room for descriptors the kernel closes those that come with it.
    match retry_on_intr(|| recv(socket, &mut *piece, RecvFlags::DONTWAIT | RecvFlags::TRUNC)) {
        Ok((_, BYTES)) => Ok(true),
        Ok((_, 0)) | Err(Errno::CONNRESET) => Err(closed_by_server()),
        Ok((_, length)) => Err(format!("the sound server sent {length} bytes, where each message has {BYTES}")),
        Err(Errno::AGAIN) => Ok(false),
        Err(error) => Err(format!("the sound server's connection: {error}")),
    }
}

fn closed_by_server() -> String {
    "the sound server closed its connection".to_owned()
}
