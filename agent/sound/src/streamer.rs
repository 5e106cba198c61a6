//! The connection to the streamer, over which goes what is played.

use crate::run::Error;
use crate::sound::BYTES;
use dillinger_ring::connection::connect;
use rustix::io::Errno;
use rustix::net::sockopt::set_socket_send_buffer_size;
use rustix::net::{SendFlags, send};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

/// For the streamer to listen.
const PATIENCE: Duration = Duration::from_secs(30);
/// Memory for pieces that are not received yet: about a third of a second of them.
const QUEUE: usize = 64 * 1024;

/// The connection.
#[derive(Debug)]
pub(crate) struct Streamer(OwnedFd);

impl Streamer {
    /// Connects to the streamer, and waits until it listens. `None`: `end` can be read.
    pub(crate) fn connect(path: &Path, end: impl AsFd) -> Result<Option<Self>, Error> {
        let Some(socket) = connect(path, PATIENCE, end)? else { return Ok(None) };
        set_socket_send_buffer_size(&socket, QUEUE)
            .map_err(|error| Error::System { what: "bound what waits for the streamer", source: error.into() })?;
        Ok(Some(Self(socket)))
    }

    /// Sends a piece, unless there is no room for it. False: the streamer has gone.
    pub(crate) fn send(&self, piece: &[u8; BYTES]) -> bool {
        let sent = send(&self.0, piece, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
        !matches!(sent, Err(Errno::PIPE | Errno::CONNRESET))
    }
}

impl AsFd for Streamer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
