//! The channel to one controller of the agent's.

use crate::input::readiness::register;
use dillinger_ring::pad::{Rumble, State};
use dillinger_ring::socket::{ReceiveError, Socket};
use rustix::io::Errno;
use std::cell::Cell;
use std::io;
use std::os::fd::OwnedFd;
use tokio::io::unix::AsyncFd;
use tokio::io::{Interest, Ready};
use tokio::sync::Notify;

/// A socket, and the state that it has no room for.
#[derive(Debug)]
pub(super) struct Channel {
    socket: Socket,
    ready: AsyncFd<OwnedFd>,
    unsent: Cell<Option<State>>,
    has_unsent: Notify,
}

impl Channel {
    /// The channel that this descriptor is.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub(super) fn new(descriptor: OwnedFd) -> io::Result<Self> {
        let ready = register(descriptor.try_clone()?, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self { socket: Socket::new(descriptor), ready, unsent: Cell::default(), has_unsent: Notify::new() })
    }

    /// Sends a state at once if there is room; otherwise [`Self::receive`] does, unless a newer one comes before.
    pub(super) fn send(&self, state: State) {
        if self.unsent.take().is_some() {
            self.unsent.set(Some(state));
        } else if self.socket.send(state) == Err(Errno::AGAIN) {
            self.unsent.set(Some(state));
            self.has_unsent.notify_one();
        }
        // Any other error is found by who reads.
    }

    fn send_unsent(&self) {
        if let Some(state) = self.unsent.take() {
            self.send(state);
        }
    }

    /// Waits for how the motors are to run, and sends meanwhile what had no room.
    ///
    /// # Errors
    /// The agent has closed the channel.
    pub(super) async fn receive(&self) -> Result<Rumble, ReceiveError> {
        loop {
            if let Some((rumble, _)) = self.socket.receive()? {
                return Ok(rumble);
            }
            let has_unsent = self.unsent.get().is_some();
            let interest = if has_unsent { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
            tokio::select! {
                ready = self.ready.ready(interest) => {
                    let Ok(mut guard) = ready else { return Err(ReceiveError::Closed) };
                    guard.clear_ready_matching(if has_unsent { Ready::ALL } else { Ready::READABLE });
                    self.send_unsent();
                }
                () = self.has_unsent.notified() => {}
            }
        }
    }
}
