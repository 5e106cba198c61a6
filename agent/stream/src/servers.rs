//! Where display server and sound server come to, from containers of their own.

use crate::args::Args;
use crate::input::readiness::register;
use anyhow::Context;
use dillinger_ring::connection::Listener;
use dillinger_ring::socket::{ReceiveError, Socket};
use std::os::fd::AsFd;
use std::time::Duration;
use tokio::io::Interest;

/// The sockets in the streamer's directory. The names are agreed with the units: each server's container has one of the two
/// directories.
const DISPLAY: &str = "display/socket";
const SOUND: &str = "sound/socket";
/// For the display server to come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The sockets, before anybody has come.
#[derive(Debug)]
pub(crate) struct Sockets {
    pub(crate) display: Listener,
    /// None in a session without sound.
    pub(crate) sound: Option<Listener>,
}

impl Sockets {
    /// Listens for the servers of this session.
    pub(crate) fn new(args: &Args) -> anyhow::Result<Self> {
        let display = Listener::new(&args.directory.join(DISPLAY)).context("no socket for the display server")?;
        let sound = (!args.no_audio).then(|| Listener::new(&args.directory.join(SOUND)));
        Ok(Self { display, sound: sound.transpose().context("no socket for the sound server")? })
    }
}

/// Waits for the display server. There is one in the life of a session: who comes later finds no socket.
pub(crate) async fn display(listener: Listener, patience: Duration) -> anyhow::Result<Socket> {
    let ready = register(listener.as_fd().try_clone_to_owned()?, Interest::READABLE)?;
    let come = async {
        loop {
            let mut ready = ready.readable().await?;
            if let Some(connection) = listener.accept()? {
                return Ok::<_, anyhow::Error>(Socket::new(connection));
            }
            ready.clear_ready();
        }
    };
    match tokio::time::timeout(patience, come).await {
        Ok(connection) => connection.context("the display server cannot connect"),
        Err(_) => Err(anyhow::anyhow!("the display server has not come within {} s", patience.as_secs())),
    }
}

/// Whether the reason is that the display server has closed its connection.
pub(crate) fn display_has_gone(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| matches!(cause.downcast_ref(), Some(ReceiveError::Closed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dillinger_ring::connection::connect;
    use rustix::event::{PollFd, PollFlags, poll};

    #[tokio::test]
    async fn one_display_server_comes_and_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(DISPLAY);
        let listener = Listener::new(&path).unwrap();
        let (end, _end) = std::io::pipe().unwrap();
        let come = || connect(&path, Duration::ZERO, &end);
        let (first, second) = (come().unwrap().unwrap(), come().unwrap().unwrap());
        let socket = display(listener, PATIENCE).await.unwrap();
        assert!(!path.exists() && come().is_err());
        poll(&mut [PollFd::new(&second, PollFlags::empty())], None).unwrap();
        drop(first);
        let error = socket.receive::<dillinger_ring::message::FromDisplay>().unwrap_err();
        let error = anyhow::Error::from(error).context("the display server").context("no pictures any more");
        assert!(display_has_gone(&error), "{error:#}");
    }

    #[tokio::test]
    async fn a_display_server_that_does_not_come_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let listener = Listener::new(&directory.path().join("socket")).unwrap();
        let error = display(listener, Duration::ZERO).await.unwrap_err();
        assert_eq!(error.to_string(), "the display server has not come within 0 s");
        assert!(!display_has_gone(&error));
    }
}
