//! Takes the pictures that the display server hands over, in a thread of its own.

mod frame;
mod ring;

pub(crate) use frame::{Frame, Pixels};

use super::Mode;
use super::shared::Shared;
use crate::media::Feedback;
use dillinger_ring::socket::Socket;
use rustix::event::EventfdFlags;
use std::os::fd::OwnedFd;
use std::sync::{Arc, mpsc};
use tokio::sync::{broadcast, oneshot};

/// What the thread is asked for.
#[derive(Debug)]
pub(super) enum Command {
    /// Whether pictures are wanted at all.
    Run(bool),
    /// The picture as it is now, even if nothing changed.
    Refresh,
    /// Pictures a second; 0 means all.
    FrameRate(u32),
    /// Another mode.
    Mode(Mode, oneshot::Sender<Result<(), String>>),
    /// One picture as it is now.
    Snapshot(oneshot::Sender<Frame>),
}

/// The thread's end: what it is asked for, and what wakes it up for that.
#[derive(Debug)]
struct Requests {
    commands: mpsc::Receiver<Command>,
    wake: Arc<OwnedFd>,
}

/// How the others reach the thread.
#[derive(Debug, Clone)]
pub(super) struct Capture {
    commands: mpsc::Sender<Command>,
    wake: Arc<OwnedFd>,
}

impl Capture {
    /// Starts the thread. `failed` is told when it ends, which it does only when the display server is gone. `feedback`
    /// gets what else the display server says.
    pub(super) fn start(
        socket: Socket,
        shared: Arc<Shared>,
        feedback: broadcast::Sender<Feedback>,
        failed: oneshot::Sender<anyhow::Error>,
    ) -> anyhow::Result<Self> {
        let (commands, requests) = mpsc::channel();
        let wake = Arc::new(rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let requests = Requests { commands: requests, wake: Arc::clone(&wake) };
        let mut worker = ring::Worker::new(socket, shared, feedback, requests);
        std::thread::Builder::new().name("capture".to_owned()).spawn(move || {
            if let Err(error) = worker.run() {
                let _ = failed.send(error.context("no pictures any more"));
            }
        })?;
        Ok(Self { commands, wake })
    }

    /// Without an answer when the thread has ended; the program ends then too.
    pub(super) fn send(&self, command: Command) {
        if self.commands.send(command).is_ok() {
            let _ = rustix::io::write(&*self.wake, &1u64.to_ne_bytes());
        }
    }
}
