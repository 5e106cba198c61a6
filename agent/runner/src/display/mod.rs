//! The displays of streamed sessions: the agent's side of the streamer's private interface.
//!
//! A session's directory has the socket of its streamer, which is in a container that others may have taken over by
//! what came from the network. So whatever it says has bounds: each call has a time-out, each message a length that is
//! known before it is read ([`framing`]), what it tells is read at a bounded pace ([`pace`]) and believed as far as it
//! makes sense ([`told`]), viewers that the agent did not make do not exist ([`made`]), and its socket has to be one.
//!
//! The streamer's container has no network. The agent binds its UDP sockets in the host's and passes the descriptors
//! ([`sockets`]). A `.socket` unit would do that too, but it fixes addresses and port when the unit is written, where
//! here they are found at each new viewer: an address that came with another network is offered as well, and a port
//! that is taken meanwhile is no failed start. It would also be one more unit per session.

mod addresses;
mod figures;
mod follow;
mod framing;
mod handshake;
mod link;
mod made;
mod pace;
mod pads;
mod picture;
mod socket;
mod sockets;
mod state;
mod told;

pub use figures::Figures;
pub use state::{Mode, State, Viewing};

use crate::gamepad::Pads;
use crate::paths::Paths;
use crate::session::View;
use crate::settings::SharedSettings;
use dillinger_runner_api::{Error, streamer};
use dillinger_runner_core::id::SessionId;
use dillinger_runner_core::lifecycle::State as Life;
use dillinger_runner_core::plan::STREAMER_DIRECTORY;
use link::Link;
use made::{Made, viewer_id};
use sockets::Sockets;
use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, broadcast, watch};
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// Calls of one session's display at a time; more are refused.
const CALLS_AT_ONCE: usize = 32;
/// How long the first viewer waits for a display that systemd calls up.
const SOON: Duration = Duration::from_secs(5);
/// Comings and goings of viewers that wait to be told.
const EVENTS: usize = 64;

/// The displays of all sessions that live. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Displays {
    paths: Paths,
    settings: SharedSettings,
    pads: Pads,
    all: Arc<Mutex<BTreeMap<SessionId, Display>>>,
}

impl Displays {
    /// None yet. Their controllers are among `pads`.
    pub fn new(paths: Paths, settings: SharedSettings, pads: Pads) -> Self {
        Self { paths, settings, pads, all: Arc::default() }
    }

    /// The display of a session, if it is a streamed one, followed from now on. Must be called in a Tokio runtime.
    pub fn open(&self, view: &Arc<View>) -> Option<Display> {
        let stream = view.record.spec.stream.as_ref()?;
        let mode = Mode::of(stream);
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let session = self.paths.session(view.id());
        let open = || Display::follow(Arc::clone(view), &session, self.settings.clone(), mode, self.pads.clone());
        Some(all.entry(view.id()).or_insert_with(open).clone())
    }

    /// The display of a session that has one and lives.
    pub fn get(&self, id: SessionId) -> Option<Display> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Follows it no longer. All viewers are gone with the session.
    pub fn close(&self, id: SessionId) {
        if let Some(display) = self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&id) {
            display.close();
        }
    }
}

/// A viewer to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewViewer {
    /// `player` or `spectator`.
    pub role: String,
    /// For people.
    pub name: String,
    /// As xkb names it; empty for the default.
    pub keyboard_layout: String,
}

/// What viewers did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewerEvent {
    /// Pictures go to this one.
    Connected(String),
    /// This one is gone, and why.
    Disconnected(String, String),
}

/// The display of one session. Clones are the same.
#[derive(Debug, Clone)]
pub struct Display {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    id: SessionId,
    view: Arc<View>,
    socket: PathBuf,
    settings: SharedSettings,
    state: watch::Sender<State>,
    /// None once the session has ended: who listens hears what was told until then, and that it was the last.
    events: Mutex<Option<broadcast::Sender<ViewerEvent>>>,
    link: Mutex<Option<Link>>,
    sockets: tokio::sync::Mutex<Sockets>,
    made: Mutex<Made>,
    figures: figures::Cache,
    pads: pads::Own,
    calls: Semaphore,
    follower: Mutex<Option<AbortHandle>>,
}

impl Display {
    fn follow(view: Arc<View>, session: &Path, settings: SharedSettings, mode: Mode, pads: Pads) -> Self {
        let pads = pads::Own::claim(pads, &view);
        let shared = Arc::new(Shared {
            id: view.id(),
            view,
            socket: session.join(STREAMER_DIRECTORY).join(streamer::SOCKET),
            settings,
            state: watch::Sender::new(State { mode, ..State::default() }),
            events: Mutex::new(Some(broadcast::Sender::new(EVENTS))),
            link: Mutex::default(),
            sockets: tokio::sync::Mutex::new(Sockets::new(session.join("sockets"))),
            made: Mutex::new(Made::new(session.join("viewers"))),
            figures: figures::Cache::default(),
            pads,
            calls: Semaphore::new(CALLS_AT_ONCE),
            follower: Mutex::default(),
        });
        let task = tokio::spawn(follow::follow(Arc::clone(&shared)));
        *shared.follower.lock().unwrap_or_else(PoisonError::into_inner) = Some(task.abort_handle());
        Self { shared }
    }

    fn close(&self) {
        if let Some(task) = self.shared.follower.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
        self.shared.hung_up("the session has ended");
        *self.shared.events.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.shared.pads.remove();
    }

    /// What the streamer told of itself, and the viewers.
    pub fn state(&self) -> State {
        self.shared.state.borrow().clone()
    }

    /// The same, with each change.
    pub fn watch(&self) -> watch::Receiver<State> {
        self.shared.state.subscribe()
    }

    /// Comings and goings of viewers from now on, until the session has ended; none if it has.
    pub fn events(&self) -> Option<broadcast::Receiver<ViewerEvent>> {
        let events = self.shared.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.as_ref().map(broadcast::Sender::subscribe)
    }

    /// Lets a viewer in; its id and the answer to its offer.
    ///
    /// # Errors
    /// As `Connect` of the contract.
    pub async fn connect(&self, viewer: &NewViewer, offer: &str) -> Result<(String, String), Error> {
        let shared = &self.shared;
        let _turn = shared.turn()?;
        let link = shared.link_soon().await?;
        shared.give_sockets(&link).await?;
        let id = viewer_id()?;
        shared.add_viewer(&id)?;
        let streamer = &link.streamer;
        let call = streamer.connect(&id, &viewer.role, &viewer.name, &viewer.keyboard_layout, offer);
        let nonsense = || Error::DisplayUnavailable(format!("the display of session {} gave no answer", shared.id));
        let answer = link.call(call).await;
        match answer.and_then(|answer| if told::is_answer(&answer) { Ok(answer) } else { Err(nonsense()) }) {
            Ok(answer) => Ok((id, answer)),
            Err(error) => {
                shared.drop_connecting(&id);
                Err(error)
            }
        }
    }

    /// Cuts a viewer off.
    ///
    /// # Errors
    /// As `Disconnect` of the contract.
    pub async fn disconnect(&self, viewer: &str) -> Result<(), Error> {
        let _turn = self.shared.turn()?;
        let link = self.shared.link()?;
        if !self.state().viewers.contains(viewer) {
            let viewer = dillinger_runner_core::problem::quoted(viewer);
            return Err(Error::InvalidRequest(format!("viewer: session {} has no viewer {viewer}", self.shared.id)));
        }
        link.call(link.streamer.disconnect(viewer)).await
    }

    /// Gives the display another mode; 0 keeps a value.
    ///
    /// # Errors
    /// As `Resize` of the contract.
    pub async fn resize(&self, mode: Mode) -> Result<(), Error> {
        mode.check_change()?;
        let _turn = self.shared.turn()?;
        let link = self.shared.link()?;
        link.call(link.streamer.resize(mode.width, mode.height, mode.refresh_rate)).await?;
        // The streamer tells it too; a caller who looks now finds it already.
        self.shared.update(|state| state.mode.change(mode));
        Ok(())
    }

    /// The picture as it is now, a sealed memory file with a PNG in it.
    ///
    /// # Errors
    /// As `Screenshot` of the contract.
    pub async fn screenshot(&self) -> Result<OwnedFd, Error> {
        let _turn = self.shared.turn()?;
        let link = self.shared.link()?;
        let image = OwnedFd::from(link.call(link.streamer.screenshot()).await?);
        if picture::is_picture(&image) {
            return Ok(image);
        }
        Err(Error::DisplayUnavailable(format!("the display of session {} gave no picture", self.shared.id)))
    }

    /// What is measured now; nothing if the streamer does not tell at once, or is frozen with its session.
    pub async fn figures(&self) -> Option<Figures> {
        if self.shared.view.state() == Life::Paused {
            return None;
        }
        let link = self.shared.link().ok()?;
        let mut figures = self.shared.figures.read(&link).await?;
        let state = self.shared.state.borrow();
        figures.viewers.retain(|viewer| state.viewers.contains(&viewer.viewer));
        Some(figures)
    }
}

impl Shared {
    /// Changes what is known; `change` says whether that is news.
    fn update(&self, change: impl FnOnce(&mut State) -> bool) -> bool {
        let news = self.state.send_if_modified(change);
        if let Some(audience) = &self.view.audience {
            let count = u32::try_from(self.state.borrow().viewers.count()).unwrap_or(u32::MAX);
            audience.viewers.send_if_modified(|viewers| std::mem::replace(viewers, count) != count);
        }
        news
    }

    fn link(&self) -> Result<Link, Error> {
        let link = self.link.lock().unwrap_or_else(PoisonError::into_inner).clone();
        link.ok_or_else(|| Error::Busy(format!("the display of session {} is not up", self.id)))
    }

    /// The same as soon as it is there, if it is about to be: systemd tells that a display is up before its socket was
    /// reached, and one that was frozen when this agent started could not be reached before.
    async fn link_soon(&self) -> Result<Link, Error> {
        let told_up = self.view.audience.as_ref().is_some_and(|audience| *audience.display_up.borrow());
        let is_due = told_up || matches!(self.view.state(), Life::Running | Life::Paused);
        let mut state = self.state.subscribe();
        if is_due && self.link().is_err() {
            let _ = timeout(SOON, state.wait_for(|state| state.up)).await;
        }
        self.link()
    }

    fn turn(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Error> {
        let busy = || format!("{CALLS_AT_ONCE} calls wait for the display of session {} already", self.id);
        self.calls.try_acquire().map_err(|_| Error::Busy(busy()))
    }

    fn made(&self) -> std::sync::MutexGuard<'_, Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add_viewer(&self, id: &str) -> Result<(), Error> {
        if !self.update(|state| state.viewers.add(id)) {
            return Err(Error::Busy(format!("the display of session {} has too many viewers", self.id)));
        }
        self.made().add(id);
        Ok(())
    }

    /// One that was not let in, unless the streamer says that it is connected.
    fn drop_connecting(&self, id: &str) {
        if self.update(|state| state.viewers.drop_connecting(id)) {
            self.made().remove(id);
        }
    }

    /// True if that is news.
    fn remove_viewer(&self, id: &str) -> bool {
        let news = self.update(|state| state.viewers.remove(id));
        if news {
            self.made().remove(id);
        }
        news
    }

    /// Gives the streamer a socket for each address that it has none of yet.
    async fn give_sockets(&self, link: &Link) -> Result<(), Error> {
        let mut sockets = self.sockets.lock().await;
        let fresh = sockets.fresh(&self.settings.current().stream)?;
        if fresh.is_empty() {
            return Ok(());
        }
        let descriptors = fresh.iter().map(|one| (zbus::Fd::from(one.socket.as_fd()), one.advertised.as_str()));
        link.call(link.streamer.set_sockets(descriptors.collect())).await?;
        sockets.given(&fresh);
        Ok(())
    }

    /// The streamer is there no more.
    fn hung_up(&self, why: &str) {
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let mut gone = Vec::new();
        self.update(|state| {
            gone = state.viewers.take();
            std::mem::take(&mut state.up) || !gone.is_empty()
        });
        for viewer in gone {
            self.tell(ViewerEvent::Disconnected(viewer, format!("failed: {why}")));
        }
    }

    fn tell(&self, event: ViewerEvent) {
        if let Some(events) = &*self.events.lock().unwrap_or_else(PoisonError::into_inner) {
            // Fails when nobody listens.
            let _ = events.send(event);
        }
    }
}
