//! The thread of the input.

use super::devices::Devices;
use super::gamepad::{Gamepads, Report};
use super::pace::Pace;
use super::seat::Seat;
use super::{Options, StartError};
use crate::clock::until;
use crate::media::{Feedback, InputCommand, InputEvent, ViewerId};
use dillinger_ring::pad::State;
use std::io;
use std::time::Instant;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// Commands that are sent to the display server at once.
const BATCH: usize = 64;
const REPORTS: usize = 16;

/// The inner ends of the channels.
pub(super) struct Ends {
    pub(super) requests: mpsc::Receiver<InputCommand>,
    pub(super) feedback: broadcast::Sender<Feedback>,
    pub(super) nodes: watch::Sender<Vec<String>>,
}

/// Runs until nobody commands any more or the display goes, for which `failed` gives the reason.
pub(super) fn run(
    options: &Options,
    ends: Ends,
    ready: oneshot::Sender<Result<(), StartError>>,
    failed: oneshot::Sender<io::Error>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(ready.send(Err(StartError::Thread(error)))),
    };
    let input = async {
        let mut worker = match Worker::new(options, ends) {
            Ok(worker) => worker,
            Err(error) => return drop(ready.send(Err(error))),
        };
        // Whoever started this waits no longer if the channel is closed.
        drop(ready.send(Ok(())));
        if let Err(error) = worker.work().await {
            // At the end of the streamer the display goes, and nobody asks why.
            drop(failed.send(error));
        }
    };
    tokio::task::LocalSet::new().block_on(&runtime, input);
}

struct Worker {
    seat: Seat,
    pace: Pace,
    gamepads: Gamepads,
    requests: mpsc::Receiver<InputCommand>,
    reports: mpsc::Receiver<Report>,
    feedback: broadcast::Sender<Feedback>,
}

impl Worker {
    fn new(options: &Options, ends: Ends) -> Result<Self, StartError> {
        let feedback = ends.feedback;
        let seat = Seat::new(Devices::new(&options.socket, options.clipboard)?)?;
        let (sender, reports) = mpsc::channel(REPORTS);
        let gamepads = Gamepads::new(ends.nodes, sender);
        Ok(Self { seat, pace: Pace::default(), gamepads, requests: ends.requests, reports, feedback })
    }

    async fn work(&mut self) -> io::Result<()> {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            while let Some((viewer, event)) = self.pace.pop(Instant::now()) {
                self.event(&viewer, event);
            }
            self.seat.devices().flush().await?;
            tokio::select! {
                biased;
                count = self.requests.recv_many(&mut batch, BATCH) => {
                    if count == 0 {
                        return Ok(());
                    }
                    batch.drain(..).for_each(|command| self.obey(command));
                }
                Some(report) = self.reports.recv() => {
                    if let Some(feedback) = self.gamepads.report(report) {
                        // Nobody may be there to feel it.
                        let _ = self.feedback.send(feedback);
                    }
                }
                () = until(self.pace.deadline()) => {}
            }
        }
    }

    fn obey(&mut self, command: InputCommand) {
        match command {
            InputCommand::Join { viewer, layout, done } => {
                let joined = self.join(&viewer, &layout);
                // Whoever asked may be gone; then he leaves as well.
                let _ = done.send(joined);
            }
            InputCommand::Leave(viewer) => {
                self.pace.forget(&viewer);
                self.seat.leave(&viewer);
                self.gamepads.leave(&viewer);
            }
            InputCommand::Event(viewer, InputEvent::Gamepad { pad, buttons, axes, triggers }) => {
                if self.seat.has(&viewer) {
                    self.gamepads.set(&viewer, pad, State::new(buttons, axes, triggers));
                }
            }
            InputCommand::Event(viewer, event) => {
                if self.seat.has(&viewer) {
                    self.pace.push(&viewer, event, Instant::now());
                }
            }
            InputCommand::Clipboard(text) => self.seat.devices().set_clipboard(&text),
            InputCommand::AddGamepad { channel, index, node } => self.gamepads.add(channel, index, node),
        }
    }

    fn event(&mut self, viewer: &ViewerId, event: InputEvent) {
        if event == InputEvent::ReleaseAll {
            self.gamepads.release(viewer);
        }
        self.seat.event(viewer, event);
    }

    fn join(&mut self, viewer: &ViewerId, layout: &str) -> Result<(), String> {
        self.pace.forget(viewer);
        let layout = layout.parse().map_err(|error: super::LayoutError| error.to_string())?;
        self.seat.join(viewer, layout).map_err(|error| error.to_string())
    }
}
