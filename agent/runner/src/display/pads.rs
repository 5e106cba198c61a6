//! The controllers of one session: which there are, and their channels to the streamer.

use super::link::Link;
use super::state::State;
use super::{Display, Shared};
use crate::gamepad::{Pad, Pads};
use crate::session::View;
use dillinger_ring::socket::{Socket, pair};
use dillinger_runner_api::{Dict, Error};
use dillinger_runner_core::id::SessionId;
use rustix::net::sockopt::set_socket_send_buffer_size;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Room for what the streamer sends, bytes of the kernel's memory: a few states. A newer one takes the place of the last
/// that finds no room.
const ROOM: usize = 4096;

/// The session's own among all controllers.
#[derive(Debug)]
pub(super) struct Own {
    session: SessionId,
    all: Pads,
    /// Numbers and nodes.
    nodes: Mutex<Vec<(u32, String)>>,
}

impl Own {
    /// Those that an agent before has made for the session; none if it is a new one.
    pub(super) fn claim(all: Pads, view: &View) -> Self {
        let stream = view.record.spec.stream.as_ref();
        let stream = stream.filter(|stream| stream.gamepads > 0);
        let nodes: Vec<_> = stream.map(|stream| stream.gamepad_status.split(' ').collect()).unwrap_or_default();
        let nodes = Mutex::new(all.claim(view.id(), &nodes));
        Self { session: view.id(), all, nodes }
    }

    fn nodes(&self) -> MutexGuard<'_, Vec<(u32, String)>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.nodes().is_empty()
    }

    fn add(&self, pad: Pad) {
        self.nodes().push((pad.index, pad.event_node()));
        self.all.add(self.session, pad);
    }

    /// Removes them from the computer.
    pub(super) fn remove(&self) {
        for (index, _) in self.nodes().drain(..) {
            self.all.remove(self.session, index);
        }
    }
}

/// Both ends of a channel: ours and the streamer's.
fn channel() -> io::Result<(Socket, OwnedFd)> {
    let (ours, theirs) = pair()?;
    set_socket_send_buffer_size(&theirs, ROOM)?;
    Ok((ours, theirs))
}

impl Display {
    /// Gives the session controllers that were just made. The streamer gets channels to them as soon as it is there.
    pub fn add_pads(&self, pads: Vec<Pad>) {
        for pad in pads {
            self.shared.pads.add(pad);
        }
    }
}

impl Shared {
    /// Takes over properties of the streamer. Of controllers it can have those of the session alone.
    pub(super) fn take_over(&self, state: &mut State, properties: &Dict) {
        state.take_over(properties);
        let own = self.pads.nodes();
        if let Some(nodes) = &mut state.gamepads {
            nodes.retain(|node| own.iter().any(|(_, own)| own == node));
        }
    }

    /// Gives the streamer a channel to each controller, in the place of any before.
    pub(super) async fn hand_over_pads(&self, link: &Link) {
        let own = self.pads.nodes().clone();
        let mut has_all = true;
        for (index, node) in own {
            if let Err(error) = self.hand_over(link, index, &node).await {
                tracing::warn!(session = %self.id, node, %error, "handing over a controller");
                has_all = false;
            }
        }
        if !has_all {
            self.update(|state| {
                let news = state.gamepads.is_none();
                state.gamepads.get_or_insert_default();
                news
            });
        }
    }

    async fn hand_over(&self, link: &Link, index: u32, node: &str) -> Result<(), Error> {
        let (ours, theirs) = channel().map_err(|error| Error::DisplayUnavailable(format!("no channel: {error}")))?;
        link.call(link.streamer.add_gamepad(zbus::Fd::from(theirs.as_fd()), index, node)).await?;
        // What was said meanwhile waits in the channel.
        self.pads.all.connect(self.id, index, ours);
        Ok(())
    }
}
