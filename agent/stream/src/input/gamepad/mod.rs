//! Controllers: the players' to the pads that the agent made, and rumble back.

mod device;
mod mapping;
mod rumble;
mod slots;
#[cfg(test)]
mod tests;

use crate::media::{Feedback, ViewerId};
use device::Device;
pub(in crate::input) use mapping::PadState;
use rumble::{Effects, Motors};
use slots::Slots;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tracing::{debug, warn};

/// A game may change its mind often; the players' motors are slow.
const RUMBLE_PERIOD: Duration = Duration::from_millis(10);

/// What the task of a pad tells.
#[derive(Debug)]
pub(super) enum Report {
    /// The motors of this pad are to run so.
    Motors(u32, Motors),
    /// This pad is gone, for this reason.
    Gone(u32, io::Error),
}

/// The pads of the session.
#[derive(Debug)]
pub(super) struct Gamepads {
    slots: Slots,
    pads: BTreeMap<u32, Pad>,
    nodes: watch::Sender<Vec<String>>,
    reports: mpsc::Sender<Report>,
}

#[derive(Debug)]
struct Pad {
    device: Rc<Device>,
    state: PadState,
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

    /// Another pad, or the same one again. To be called on a `LocalSet`.
    pub(super) fn add(&mut self, uinput: OwnedFd, index: u32, node: String) {
        let device = match Device::new(uinput) {
            Ok(device) => Rc::new(device),
            Err(error) => return warn!("the controller {node} cannot be used: {error}"),
        };
        let served = serve(index, Rc::clone(&device), self.reports.clone());
        let task = tokio::task::spawn_local(served).abort_handle();
        self.slots.add(index);
        self.pads.insert(index, Pad { device, state: PadState::default(), node, task });
        self.tell_nodes();
    }

    /// A player's controller is now so.
    pub(super) fn set(&mut self, viewer: &ViewerId, pad: u8, state: PadState) {
        if let Some(index) = self.slots.take(viewer, pad) {
            self.write(index, state);
        } else {
            debug!("controller {pad} of viewer {viewer}: every pad is taken");
        }
    }

    /// Everything of this viewer springs back.
    pub(super) fn release(&mut self, viewer: &ViewerId) {
        for index in self.slots.of(viewer) {
            self.write(index, PadState::default());
        }
    }

    /// The same, and others may have his pads.
    pub(super) fn leave(&mut self, viewer: &ViewerId) {
        self.release(viewer);
        for index in self.slots.of(viewer) {
            self.slots.release(index);
        }
    }

    /// What a pad's task told: feedback for the player who has it.
    pub(super) fn report(&mut self, report: Report) -> Option<Feedback> {
        let (index, motors) = match report {
            Report::Motors(index, motors) => (index, motors),
            Report::Gone(index, error) => {
                let pad = self.pads.remove(&index)?;
                warn!("the controller {} is gone: {error}", pad.node);
                self.slots.remove(index);
                self.tell_nodes();
                return None;
            }
        };
        let owner = self.slots.owner(index)?;
        let Motors { strong, weak, duration } = motors;
        Some(Feedback::Rumble { viewer: owner.viewer.clone(), pad: owner.pad, strong, weak, duration })
    }

    fn write(&mut self, index: u32, state: PadState) {
        let Some(pad) = self.pads.get_mut(&index) else { return };
        if let Err(error) = pad.device.write(&state, &pad.state) {
            warn!("the controller {}: {error}", pad.node);
        }
        pad.state = state;
    }

    fn tell_nodes(&self) {
        self.nodes.send_replace(self.pads.values().map(|pad| pad.node.clone()).collect());
    }
}

/// Answers the game's requests to one pad until the pad is gone.
async fn serve(index: u32, device: Rc<Device>, reports: mpsc::Sender<Report>) {
    let mut effects = Effects::new();
    let (mut news, mut running) = (false, false);
    let mut next = Instant::now();
    loop {
        let report = tokio::select! {
            served = device.serve(&mut effects) => match served {
                Ok(()) => {
                    news = true;
                    continue;
                }
                Err(error) => Report::Gone(index, error),
            },
            () = tokio::time::sleep_until(next), if news => {
                news = false;
                let now = Instant::now();
                next = now + RUMBLE_PERIOD;
                let motors = effects.motors(now.into_std());
                let ran = std::mem::replace(&mut running, !motors.duration.is_zero());
                if !ran && !running {
                    // An effect came or went that does not play.
                    continue;
                }
                Report::Motors(index, motors)
            }
        };
        let gone = matches!(report, Report::Gone(..));
        if reports.send(report).await.is_err() || gone {
            return;
        }
    }
}
