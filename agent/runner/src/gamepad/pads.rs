//! The controllers of all sessions, as the rest of the agent has them.

use super::thread::{Line, Order};
use super::{Kept, Pad, store};
use dillinger_ring::socket::Socket;
use dillinger_runner_core::id::SessionId;
use std::sync::{Arc, Mutex, PoisonError};

/// The controllers that are played, each in systemd's file descriptor store as well. Cloning is cheap.
///
/// The thread that plays them starts with the first one and ends with the last clone of this; what is in the store is
/// there for the next agent.
#[derive(Debug, Clone, Default)]
pub struct Pads(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    line: Mutex<Option<Line>>,
    /// What an agent before has left, and nobody has claimed yet.
    kept: Mutex<Kept>,
}

impl Pads {
    /// No controller yet, but those that an agent before has left can be claimed.
    pub fn new(kept: Kept) -> Self {
        Self(Arc::new(Inner { line: Mutex::default(), kept: Mutex::new(kept) }))
    }

    /// Plays a controller that was just made.
    pub fn add(&self, session: SessionId, pad: Pad) {
        store::keep(session, &pad);
        self.order(Order::Add((session, pad.index), pad));
    }

    /// Plays what an agent before has left of a session's controllers, whose nodes are these by their numbers. Gives the
    /// numbers and nodes of those.
    pub fn claim(&self, session: SessionId, nodes: &[&str]) -> Vec<(u32, String)> {
        let claimed = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner).claim(session, nodes);
        let play = |pad: Pad| {
            let known = (pad.index, pad.event_node());
            self.order(Order::Add((session, pad.index), pad));
            known
        };
        claimed.into_iter().map(play).collect()
    }

    /// Removes what an agent before has left and no session claims.
    pub fn remove_unclaimed(&self) {
        std::mem::take(&mut *self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)).remove();
    }

    /// Takes the states of a controller from this channel, in the place of the one before.
    pub fn connect(&self, session: SessionId, index: u32, channel: Socket) {
        self.order(Order::Connect((session, index), channel));
    }

    /// Removes a controller from the computer.
    pub fn remove(&self, session: SessionId, index: u32) {
        store::remove(session, index);
        self.order(Order::Remove((session, index)));
    }

    fn order(&self, order: Order) {
        let mut line = self.0.line.lock().unwrap_or_else(PoisonError::into_inner);
        if line.is_none() {
            match Line::start() {
                Ok(started) => *line = Some(started),
                Err(error) => return tracing::error!(%error, "there is no thread for controllers"),
            }
        }
        if let Some(line) = &*line {
            line.tell(order);
        }
    }
}
