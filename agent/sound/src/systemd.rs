//! What systemd says to the program, and the program to it.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::pipe::register;
use std::io;
use std::os::unix::net::{UnixDatagram, UnixStream};

/// A descriptor that can be read from once the program is asked to end. The main program of a container has to ask for
/// these signals: they do nothing to it otherwise.
pub(crate) fn end() -> io::Result<UnixStream> {
    let (asked, tell) = UnixStream::pair()?;
    register(SIGTERM, tell.try_clone()?)?;
    register(SIGINT, tell)?;
    Ok(asked)
}

/// Says that the program is ready, if somebody wants to know.
pub(crate) fn ready() -> io::Result<()> {
    match std::env::var_os("NOTIFY_SOCKET") {
        Some(path) => UnixDatagram::unbound()?.send_to(b"READY=1", path).map(drop),
        None => Ok(()),
    }
}
