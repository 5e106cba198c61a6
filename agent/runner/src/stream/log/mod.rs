//! The log of a session: what its units wrote to the journal, as JSON lines.
//!
//! journalctl reads the journal as a child process; [`line`] decides what belongs to the log and makes lines of it;
//! [`transfer`] moves them into the reader's pipe. What journald never stored cannot be read: it keeps no empty lines,
//! splits lines longer than its `LineMax=` (`"Continues":true`), and drops what exceeds its rate limit, which all
//! units of a user share. A log that is followed to its end says whether that happened.

mod export;
mod journalctl;
mod line;
mod settle;
mod tail;
mod transfer;

pub use tail::Tail;

use super::{StreamError, Streams, pipe};
use std::future::Future;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// Where the journal's tools and sockets are.
#[derive(Debug, Clone)]
pub struct Journal {
    /// The program; looked up in `PATH` if it is a bare name.
    pub journalctl: PathBuf,
    /// journald's Varlink socket. Open to everybody since systemd 258, to root alone before.
    pub varlink_socket: PathBuf,
    /// journald's socket for structured entries.
    pub native_socket: PathBuf,
    /// Whose units are read.
    pub uid: u32,
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            journalctl: "journalctl".into(),
            varlink_socket: "/run/systemd/journal/io.systemd.journal".into(),
            native_socket: "/run/systemd/journal/socket".into(),
            uid: nix::unistd::getuid().as_raw(),
        }
    }
}

/// What to read.
#[derive(Debug, Clone, Default)]
pub struct LogRequest {
    /// The session's units, with their types (`….service`).
    pub units: Vec<String>,
    /// When the session was created, in microseconds since the epoch: nothing older is read.
    pub created_usec: u64,
    /// When it ended, if it did.
    pub ended_usec: Option<u64>,
    /// Go on with new lines until the session has ended and everything is out.
    pub follow: bool,
    /// Of what there is, only the last so many lines.
    pub lines: Option<u32>,
    /// Only what comes after this journal cursor.
    pub cursor: Option<String>,
}

/// Opens the log of a session and returns the read end of its pipe.
///
/// `ended` completes when all units of the session are inactive; with `follow` the stream then ends by itself, as soon
/// as everything is out. Without `follow` it is not awaited. The stream also ends when the reader closes the pipe,
/// at once and also while the session is silent. A line is an object with `Timestamp`, `Cursor`, `Priority`, `Comm`,
/// `Pid`, `Message`, and where it applies `Lossy`, `Truncated` (longer than 1 MiB), `Continues`, `Dropped`,
/// `Incomplete`.
///
/// Must be called in a Tokio runtime.
///
/// # Errors
/// [`StreamError::Cursor`], [`StreamError::TooMany`], [`StreamError::Pipe`]
pub fn open(
    streams: &Streams,
    journal: &Journal,
    request: LogRequest,
    ended: impl Future<Output = ()> + Send + 'static,
) -> Result<OwnedFd, StreamError> {
    if let Some(cursor) = request.cursor.as_deref().filter(|cursor| !is_cursor(cursor)) {
        return Err(StreamError::Cursor(cursor.to_owned()));
    }
    let permit = streams.admit()?;
    let (reader, sender) = pipe::pair()?;
    let transfer = transfer::Transfer::new(journal.clone(), &request, sender);
    tokio::spawn(async move {
        transfer.run(request, ended).await;
        drop(permit);
    });
    Ok(reader)
}

/// A cursor is opaque, but always made of `key=hex` parts between semicolons (`sd_journal_get_cursor(3)`).
fn is_cursor(text: &str) -> bool {
    let is_part = |part: &str| {
        part.split_once('=').is_some_and(|(key, value)| {
            key.len() == 1
                && key.bytes().all(|byte| byte.is_ascii_lowercase())
                && (1..=32).contains(&value.len())
                && value.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    };
    text.split(';').all(is_part)
}

#[cfg(test)]
mod tests;
