//! The thread that owns the connection to the compositor.

use super::clipboard::Clipboard;
use super::gamepad::{Gamepads, PadState, Report};
use super::pace::Pace;
use super::readiness::register;
use super::seat::Seat;
use super::wayland::{self, Client, Globals};
use super::{Options, StartError};
use crate::clock::until;
use crate::media::{Feedback, InputCommand, InputEvent, ViewerId};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tracing::warn;
use wayland_client::backend::WaylandError;
use wayland_client::{Connection, EventQueue};

/// Commands that are sent to the compositor at once.
const BATCH: usize = 64;
const REPORTS: usize = 16;

/// The inner ends of the channels.
pub(super) struct Ends {
    pub(super) requests: mpsc::Receiver<InputCommand>,
    pub(super) feedback: broadcast::Sender<Feedback>,
    pub(super) nodes: watch::Sender<Vec<String>>,
}

/// Runs until nobody commands any more or the compositor goes, for which `failed` gives the reason.
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
            // At the end of the streamer the compositor goes, and nobody asks why.
            drop(failed.send(error));
        }
    };
    tokio::task::LocalSet::new().block_on(&runtime, input);
}

struct Worker {
    wayland: Wayland,
    seat: Seat,
    pace: Pace,
    gamepads: Gamepads,
    requests: mpsc::Receiver<InputCommand>,
    reports: mpsc::Receiver<Report>,
    feedback: broadcast::Sender<Feedback>,
}

impl Worker {
    fn new(options: &Options, ends: Ends) -> Result<Self, StartError> {
        let (connection, mut queue, list) = wayland::connect(&options.socket)?;
        let handle = queue.handle();
        let globals = Globals::bind(&list, &handle)?;
        let manager = if options.clipboard { wayland::clipboard_manager(&list, &handle) } else { None };
        if options.clipboard && manager.is_none() {
            warn!("the compositor offers neither ext-data-control nor wlr-data-control, there is no clipboard");
        }
        let feedback = ends.feedback;
        let clipboard = manager.map(|manager| Clipboard::new(manager, &globals.seat, handle.clone(), feedback.clone()));
        let mut client = Client { clipboard };
        let seat = Seat::new(globals, handle)?;
        let broken = |reason: String| StartError::Connect { socket: options.socket.clone(), reason };
        queue.roundtrip(&mut client).map_err(|error| broken(error.to_string()))?;
        let wayland = Wayland::new(connection, queue, client).map_err(|error| broken(error.to_string()))?;
        let (sender, reports) = mpsc::channel(REPORTS);
        let gamepads = Gamepads::new(ends.nodes, sender);
        Ok(Self { wayland, seat, pace: Pace::default(), gamepads, requests: ends.requests, reports, feedback })
    }

    async fn work(&mut self) -> io::Result<()> {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            while let Some((viewer, event)) = self.pace.pop(Instant::now()) {
                self.event(&viewer, event);
            }
            self.wayland.flush().await?;
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
                read = self.wayland.read() => read?,
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
                    self.gamepads.set(&viewer, pad, PadState { buttons, axes, triggers });
                }
            }
            InputCommand::Event(viewer, event) => {
                if self.seat.has(&viewer) {
                    self.pace.push(&viewer, event, Instant::now());
                }
            }
            InputCommand::Clipboard(text) => {
                if let Some(clipboard) = &self.wayland.client.clipboard {
                    clipboard.set(text);
                }
            }
            InputCommand::AddGamepad { uinput, index, node } => self.gamepads.add(uinput, index, node),
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

/// The connection, driven without blocking.
struct Wayland {
    connection: Connection,
    queue: EventQueue<Client>,
    client: Client,
    socket: AsyncFd<OwnedFd>,
}

impl Wayland {
    fn new(connection: Connection, queue: EventQueue<Client>, client: Client) -> io::Result<Self> {
        let socket = register(connection.as_fd().try_clone_to_owned()?, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self { connection, queue, client, socket })
    }

    /// Sends everything. A compositor that reads nothing holds this up, so that
    /// nothing piles up here.
    async fn flush(&mut self) -> io::Result<()> {
        loop {
            self.queue.dispatch_pending(&mut self.client).map_err(io::Error::other)?;
            match self.connection.flush() {
                Ok(()) => return Ok(()),
                Err(WaylandError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(io::Error::other(error)),
            }
            let mut ready = self.socket.ready(Interest::READABLE | Interest::WRITABLE).await?;
            if ready.ready().is_readable() {
                read_events(&self.connection)?;
            }
            ready.clear_ready();
        }
    }

    /// Waits for events of the compositor and reads them.
    async fn read(&mut self) -> io::Result<()> {
        let mut ready = self.socket.readable().await?;
        read_events(&self.connection)?;
        ready.clear_ready();
        drop(ready);
        self.queue.dispatch_pending(&mut self.client).map_err(io::Error::other)?;
        Ok(())
    }
}

/// Reads until there is nothing more.
fn read_events(connection: &Connection) -> io::Result<()> {
    let Some(guard) = connection.prepare_read() else { return Ok(()) };
    match guard.read() {
        Ok(_) => Ok(()),
        Err(WaylandError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(io::Error::other(error)),
    }
}
