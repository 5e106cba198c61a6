//! The pipe between a stream's task and its reader.

use nix::fcntl::{FcntlArg, fcntl};
use std::io;
use std::os::fd::OwnedFd;
use tokio::io::Interest;
use tokio::net::unix::pipe;

/// The read end (blocking, as programs expect it) and the write end (asynchronous) of a new pipe.
pub(super) fn pair() -> io::Result<(OwnedFd, pipe::Sender)> {
    let (sender, receiver) = pipe::pipe()?;
    Ok((receiver.into_blocking_fd()?, sender))
}

/// Makes the pipe hold at least `bytes` (rounded up to pages). Best effort: a refusal leaves the default of 64 KiB.
pub(super) fn set_capacity(sender: &pipe::Sender, bytes: i32) {
    let _ = fcntl(sender, FcntlArg::F_SETPIPE_SZ(bytes));
}

/// Writes `line` whole or, if there is no room, not at all (`WouldBlock`). `line` must not exceed `PIPE_BUF`.
pub(super) fn write_now(sender: &pipe::Sender, line: &[u8]) -> io::Result<()> {
    // Not `try_write`: that trusts what Tokio last heard of the pipe, which of a new one is nothing.
    nix::unistd::write(sender, line)?;
    Ok(())
}

/// Completes when the last reader has closed the pipe.
pub(super) async fn closed(sender: &pipe::Sender) {
    while let Ok(ready) = sender.ready(Interest::ERROR).await {
        if ready.is_error() || ready.is_write_closed() {
            return;
        }
    }
}
