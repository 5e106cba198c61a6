//! Controllers: the players' to those that the agent has made, and rumble back.
//!
//! The agent alone has the devices. It gives a channel to each, on which it is told the controller's state and tells how
//! the motors are to run. Who plays with which is decided here.

mod channel;
mod slots;
#[cfg(test)]
mod tests;

use crate::media::{Feedback, ViewerId};
use channel::Channel;
use dillinger_ring::pad::{Rumble, State};
use dillinger_ring::socket::ReceiveError;
use slots::Slots;
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tracing::{debug, info, warn};

/// What the task of a pad tells: how the motors of this pad are to run.
#[derive(Debug)]
pub(super) struct Report(u32, Rumble);

/// The pads of the session.
#[derive(Debug)]
pub(super) struct Gamepads {
    slots: Slots,
    pads: BTreeMap<u32, Pad>,
    nodes: watch::Sender<Vec<String>>,
    reports: mpsc::Sender<Report>,
}

/// A pad is there until the session ends: an agent that is gone comes back with another channel.
#[derive(Debug)]
struct Pad {
    channel: Rc<Channel>,
    state: State,
    node: String,
    task: AbortHandle,
}

impl Drop for Pad {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Gamepads {
    /// `nodes` is kept up to date; `reports` are to come back to [`Self::report`].
    pub(super) fn new(nodes: watch::Sender<Vec<String>>, reports: mpsc::Sender<Report>) -> Self {
        Self { slots: Slots::default(), pads: BTreeMap::new(), nodes, reports }
    }

    /// Adds a pad, or gives one that is there another channel, and says there what state it has. To be called on a
    /// `LocalSet`.
    pub(super) fn add(&mut self, channel: OwnedFd, index: u32, node: String) {
        let channel = match Channel::new(channel) {
            Ok(channel) => Rc::new(channel),
            Err(error) => return warn!("the controller {node} cannot be used: {error}"),
        };
        let state = self.pads.get(&index).map(|pad| pad.state).unwrap_or_default();
        channel.send(state);
        let served = serve(index, node.clone(), Rc::clone(&channel), self.reports.clone());
        let task = tokio::task::spawn_local(served).abort_handle();
        self.slots.add(index);
        self.pads.insert(index, Pad { channel, state, node, task });
        self.nodes.send_replace(self.pads.values().map(|pad| pad.node.clone()).collect());
    }

    /// A player's controller is now so.
    pub(super) fn set(&mut self, viewer: &ViewerId, pad: u8, state: State) {
        if let Some(index) = self.slots.take(viewer, pad) {
            self.write(index, state);
        } else {
            debug!("controller {pad} of viewer {viewer}: every pad is taken");
        }
    }

    /// Everything of this viewer springs back.
    pub(super) fn release(&mut self, viewer: &ViewerId) {
        for index in self.slots.of(viewer) {
            self.write(index, State::default());
        }
    }

    /// The same, and others may have his pads.
    pub(super) fn leave(&mut self, viewer: &ViewerId) {
        self.release(viewer);
        for index in self.slots.of(viewer) {
            self.slots.release(index);
        }
    }

    /// What a pad's task told, as feedback for the player who has the pad.
    pub(super) fn report(&self, Report(index, rumble): Report) -> Option<Feedback> {
        let owner = self.slots.owner(index)?;
        let share = |motor: u16| f32::from(motor) / f32::from(u16::MAX);
        Some(Feedback::Rumble {
            viewer: owner.viewer.clone(),
            pad: owner.pad,
            strong: share(rumble.strong),
            weak: share(rumble.weak),
            duration: Duration::from_millis(rumble.milliseconds.into()),
        })
    }

    fn write(&mut self, index: u32, state: State) {
        let Some(pad) = self.pads.get_mut(&index) else { return };
        if pad.state != state {
            pad.state = state;
            pad.channel.send(state);
        }
    }
}

/// Tells what comes through one channel until it is closed.
async fn serve(index: u32, node: String, channel: Rc<Channel>, reports: mpsc::Sender<Report>) {
    loop {
        match channel.receive().await {
            Ok(rumble) => {
                if reports.send(Report(index, rumble)).await.is_err() {
                    return;
                }
            }
            Err(ReceiveError::Closed) => return info!("the controller {node} is without its agent"),
            Err(error) => return warn!("the controller {node}: {error}"),
        }
    }
}
