//! The thread that plays the controllers of all sessions.
//!
//! It is the only one that writes to a device, and it believes nothing: whatever a streamer or a game sends is bounded in
//! size and pace, and what makes no sense ends the one channel that it came through.

use super::Pad;
use super::controller::{Controller, Ready};
use dillinger_ring::socket::Socket;
use dillinger_runner_core::id::SessionId;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::time::Instant;

/// A controller: of which session, and its number there.
pub(super) type Key = (SessionId, u32);

/// What the thread is told.
#[derive(Debug)]
pub(super) enum Order {
    /// Plays a controller.
    Add(Key, Pad),
    /// Takes its states from this channel from now on.
    Connect(Key, Socket),
    /// Removes it from the computer.
    Remove(Key),
}

/// The way to the thread, which ends with it.
#[derive(Debug)]
pub(super) struct Line {
    orders: Option<Sender<Order>>,
    wake: Arc<OwnedFd>,
}

impl Line {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system permits no more.
    pub(super) fn start() -> io::Result<Self> {
        let wake = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let (orders, received) = channel();
        let mut thread = Thread { orders: received, wake: Arc::clone(&wake), all: BTreeMap::new() };
        std::thread::Builder::new().name("controllers".to_owned()).spawn(move || thread.run())?;
        Ok(Self { orders: Some(orders), wake })
    }

    /// Tells it something.
    pub(super) fn tell(&self, order: Order) {
        if let Some(orders) = &self.orders {
            // Fails if the thread has failed, which it has told.
            let _ = orders.send(order);
        }
        self.wake();
    }

    fn wake(&self) {
        // Fails if so much is waiting to be read that the thread wakes anyway.
        let _ = rustix::io::write(&*self.wake, &1_u64.to_ne_bytes());
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.orders = None;
        self.wake();
    }
}

struct Thread {
    orders: Receiver<Order>,
    wake: Arc<OwnedFd>,
    all: BTreeMap<Key, Controller>,
}

impl Thread {
    fn run(&mut self) {
        loop {
            let ready = match self.wait() {
                Ok(ready) => ready,
                Err(error) => return tracing::error!(%error, "the controllers cannot be waited for"),
            };
            if !self.obey() {
                return;
            }
            let now = Instant::now();
            self.all.retain(|key, controller| {
                let turn = controller.turn(ready.get(key).copied().unwrap_or_default(), now);
                if let Err(error) = &turn {
                    tracing::warn!(session = %key.0, node = controller.node(), %error, "a controller is gone");
                }
                turn.is_ok()
            });
        }
    }

    /// Waits until there is something to do, and says what can be read.
    fn wait(&mut self) -> io::Result<BTreeMap<Key, Ready>> {
        let now = Instant::now();
        let deadline = self.all.values_mut().filter_map(|controller| controller.deadline(now)).min();
        let timeout = deadline.map(|deadline| Timespec::try_from(deadline.saturating_duration_since(now)));
        let timeout = timeout.transpose().map_err(io::Error::other)?;
        let mut sources = vec![PollFd::new(&self.wake, PollFlags::IN)];
        let mut whose = Vec::new();
        for (key, controller) in &mut self.all {
            let (device, channel) = controller.sources(now);
            for (source, is_device) in [(device, true), (channel, false)] {
                if let Some(source) = source {
                    sources.push(PollFd::from_borrowed_fd(source, PollFlags::IN));
                    whose.push((*key, is_device));
                }
            }
        }
        match poll(&mut sources, timeout.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(BTreeMap::new()),
            Err(error) => return Err(error.into()),
        }
        let mut ready = BTreeMap::<Key, Ready>::new();
        for (source, (key, is_device)) in sources.iter().skip(1).zip(whose) {
            if !source.revents().is_empty() {
                let ready = ready.entry(key).or_default();
                *(if is_device { &mut ready.device } else { &mut ready.channel }) = true;
            }
        }
        Ok(ready)
    }

    /// Does what it was told. False if nobody will tell it anything more.
    fn obey(&mut self) -> bool {
        // Before the orders, so that one that comes meanwhile wakes it again. Fails if it was not woken.
        let _ = rustix::io::read(&*self.wake, &mut [0; 8]);
        loop {
            match self.orders.try_recv() {
                Ok(Order::Add(key, pad)) => self.add(key, pad),
                Ok(Order::Connect(key, channel)) => {
                    if let Some(controller) = self.all.get_mut(&key) {
                        controller.connect(channel);
                    }
                }
                Ok(Order::Remove(key)) => {
                    if let Some(controller) = self.all.remove(&key) {
                        controller.destroy();
                    }
                }
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn add(&mut self, key: Key, pad: Pad) {
        let node = pad.event_node();
        match Controller::new(pad, Instant::now()) {
            Ok(controller) => drop(self.all.insert(key, controller)),
            Err(error) => tracing::warn!(session = %key.0, node, %error, "a controller cannot be played"),
        }
    }
}
