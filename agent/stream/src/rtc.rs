//! The viewers of the session, over WebRTC.
//!
//! One task owns all viewers and all UDP sockets. Each picture is encoded once,
//! as something that all viewers decode, and goes to every viewer; a viewer that cannot keep up loses pictures up to
//! the next keyframe and holds up nobody. What players do goes to the input
//! part, what spectators do goes nowhere.

mod asks;
mod backlog;
mod clock;
mod codec;
mod flow;
mod gate;
mod leisure;
mod limits;
mod message;
mod news;
pub mod offer;
pub mod parse;
mod sockets;
mod task;
mod viewer;

use crate::media::{Audio, Input, InputCommand, Video, ViewerId};
use dillinger_runner_api::wire;
pub use sockets::Address;
use std::fmt;
use std::os::fd::OwnedFd;
use std::str::FromStr;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// How long the input part may take to get ready for a player.
const JOIN_TIME: Duration = Duration::from_secs(5);

/// What the session's settings say about viewers.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Whether clipboards are shared with players.
    pub clipboard: bool,
}

/// What a viewer may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Watches and plays.
    Player,
    /// Only watches.
    Spectator,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Player => "player",
            Self::Spectator => "spectator",
        })
    }
}

impl FromStr for Role {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "player" => Ok(Self::Player),
            "spectator" => Ok(Self::Spectator),
            other => Err(Error::InvalidRequest(format!("role {other:?} is neither player nor spectator"))),
        }
    }
}

/// Who wants to be a viewer.
#[derive(Debug, Clone)]
pub struct Request {
    /// The id that the agent chose.
    pub viewer: ViewerId,
    /// Player or spectator.
    pub role: Role,
    /// A name for people.
    pub name: String,
    /// xkb layout; empty: `us`.
    pub keyboard_layout: String,
}

/// Why a viewer is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The page closed the connection.
    Left,
    /// Nothing came back from it any more.
    Timeout,
    /// It did not connect in time.
    NeverConnected,
    /// The agent asked for it.
    Disconnected,
    /// The streamer stops.
    Ended,
    /// The connection broke.
    Failed(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Left => f.write_str("left"),
            Self::Timeout => f.write_str("timeout"),
            Self::NeverConnected => f.write_str("never-connected"),
            Self::Disconnected => f.write_str("disconnected"),
            Self::Ended => f.write_str("ended"),
            Self::Failed(why) => write!(f, "failed: {why}"),
        }
    }
}

/// What happened to a viewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewerEvent {
    /// Pictures go to it now.
    Connected(ViewerId),
    /// It is gone.
    Disconnected(ViewerId, Reason),
}

/// Why something cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The offer cannot be answered.
    #[error("{0}")]
    InvalidOffer(String),
    /// There is no viewer with this id.
    #[error("there is no viewer {0}")]
    NoSuchViewer(ViewerId),
    /// There are as many viewers as there may be.
    #[error("{0}")]
    Busy(String),
    /// A value is wrong.
    #[error("{0}")]
    InvalidRequest(String),
    /// It did not work.
    #[error("{0}")]
    Failed(String),
}

#[derive(Debug)]
enum Command {
    Connect(Request, String, oneshot::Sender<Result<String, Error>>),
    Disconnect(ViewerId, oneshot::Sender<Result<(), Error>>),
    SetSockets(Vec<sockets::Socket>, oneshot::Sender<Result<(), Error>>),
    Close(oneshot::Sender<Result<(), Error>>),
}

/// The viewers as the other parts see them. When the last one is gone all
/// viewers are disconnected.
#[derive(Debug, Clone)]
pub struct Viewers {
    commands: mpsc::Sender<Command>,
    input: mpsc::Sender<InputCommand>,
    status: watch::Receiver<Vec<wire::Viewer>>,
    events: broadcast::Sender<ViewerEvent>,
}

/// Starts the task that owns the viewers, in the Tokio runtime of the caller.
pub fn start(settings: Settings, video: Video, audio: Audio, input: Input) -> Viewers {
    let (commands, requests) = mpsc::channel(16);
    let (publish, status) = watch::channel(Vec::new());
    let events = broadcast::channel(256).0;
    let viewers = Viewers { commands, input: input.commands.clone(), status, events: events.clone() };
    tokio::spawn(task::run(settings, task::Parts { video, audio, input }, requests, task::Outlets { publish, events }));
    viewers
}

impl Viewers {
    /// Hands over UDP sockets, each bound to one address, with the `ip:port`
    /// that viewers are told. A socket for an address that is known is closed.
    ///
    /// # Errors
    /// One of them cannot be used; none was taken then.
    pub async fn set_sockets(&self, sockets: Vec<(OwnedFd, String)>) -> Result<(), Error> {
        let sockets: Result<Vec<_>, _> =
            sockets.into_iter().map(|(socket, advertised)| sockets::Socket::new(socket, &advertised)).collect();
        let sockets = sockets?;
        self.ask(|done| Command::SetSockets(sockets, done)).await
    }

    /// Lets a viewer in and answers its offer.
    ///
    /// # Errors
    /// The offer, the layout or the role is wrong, or there are too many viewers.
    pub async fn connect(&self, request: Request, offer: String) -> Result<String, Error> {
        let (player, viewer) = (request.role == Role::Player, request.viewer.clone());
        if self.status.borrow().iter().any(|known| *known.viewer == *viewer.0) {
            return Err(Error::InvalidRequest(format!("there is a viewer {viewer} already")));
        }
        if player {
            self.join(viewer.clone(), request.keyboard_layout.clone()).await?;
        }
        let answer = self.ask(|done| Command::Connect(request, offer, done)).await;
        if player && answer.is_err() {
            // Without the input part there is nothing to undo.
            let _ = self.input.send(InputCommand::Leave(viewer)).await;
        }
        answer
    }

    async fn join(&self, viewer: ViewerId, layout: String) -> Result<(), Error> {
        let (done, joined) = oneshot::channel();
        let join = async {
            self.input.send(InputCommand::Join { viewer, layout, done }).await.ok()?;
            joined.await.ok()
        };
        match tokio::time::timeout(JOIN_TIME, join).await {
            Ok(Some(joined)) => joined.map_err(Error::InvalidRequest),
            Ok(None) => Err(Error::Failed("there is no keyboard any more".to_owned())),
            Err(_) => Err(Error::Failed(format!("the keyboard was not ready in {} s", JOIN_TIME.as_secs()))),
        }
    }

    /// Cuts a viewer off.
    ///
    /// # Errors
    /// There is no such viewer.
    pub async fn disconnect(&self, viewer: ViewerId) -> Result<(), Error> {
        self.ask(|done| Command::Disconnect(viewer, done)).await
    }

    /// Says farewell to all viewers; nobody is let in any more.
    ///
    /// # Errors
    /// That was done before.
    pub async fn close(&self) -> Result<(), Error> {
        self.ask(Command::Close).await
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<Result<T, Error>>) -> Command) -> Result<T, Error> {
        let stopped = || Error::Failed("the streamer stops".to_owned());
        let (done, answer) = oneshot::channel();
        self.commands.send(command(done)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// The viewers as they are now; changes once a second and when one comes or goes.
    pub fn status(&self) -> &watch::Receiver<Vec<wire::Viewer>> {
        &self.status
    }

    /// What happens from now on.
    pub fn events(&self) -> broadcast::Receiver<ViewerEvent> {
        self.events.subscribe()
    }
}
