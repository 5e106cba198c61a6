//! What others see and may ask of a session.

use super::{Audience, Result};
use dillinger_runner_api::Error;
use dillinger_runner_core::id::SessionId;
use dillinger_runner_core::lifecycle::State;
use dillinger_runner_core::limits::Limits;
use dillinger_runner_core::outcome::{EndFacts, Ending};
use dillinger_runner_core::record::SessionRecord;
use dillinger_runner_core::value::RawRequest;
use nix::sys::signal::Signal;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// What changes in a session's life.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// Where it is in its life.
    pub state: State,
    /// How it ended.
    pub ending: Option<Ending>,
    /// Realtime µs when the game ran; 0 before.
    pub started_usec: u64,
    /// Realtime µs of its end; 0 before.
    pub ended_usec: u64,
    /// Limits now in force.
    pub limits: Limits,
    /// cgroup of its slice, empty before it has one.
    pub control_group: String,
    /// What was recorded of its end.
    pub facts: Option<EndFacts>,
}

impl Status {
    /// A session that was just accepted.
    pub fn new(limits: Limits) -> Self {
        Self {
            state: State::Preparing,
            ending: None,
            started_usec: 0,
            ended_usec: 0,
            limits,
            control_group: String::new(),
            facts: None,
        }
    }

    /// How it ended, in the contract's word; empty while it lives.
    pub fn outcome(&self) -> &'static str {
        self.ending.as_ref().map_or("", |ending| ending.outcome.as_str())
    }

    /// The same in words; empty while it lives.
    pub fn reason(&self) -> String {
        self.ending.as_ref().map_or_else(String::new, |ending| ending.reason.clone())
    }

    /// Exit status, or the number of the signal that killed it; 0 while it
    /// lives.
    pub fn exit_status(&self) -> i32 {
        self.ending.as_ref().map_or(0, |ending| ending.exit_status)
    }
}

/// What is known of a session without asking its task.
#[derive(Debug)]
pub struct View {
    /// What it is; never changes.
    pub record: SessionRecord,
    /// What changes; written by the session's task alone.
    pub status: watch::Sender<Status>,
    /// Who watches a streamed session.
    pub audience: Option<Audience>,
}

impl View {
    /// A session that has this status.
    pub fn new(record: SessionRecord, status: Status) -> Self {
        let audience = record.spec.stream.is_some().then(Audience::default);
        Self { record, status: watch::Sender::new(status), audience }
    }

    /// The session's id.
    pub fn id(&self) -> SessionId {
        self.record.spec.id
    }

    /// A copy of what changes.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Its state.
    pub fn state(&self) -> State {
        self.status.borrow().state
    }

    /// Completes when the session is not paused.
    pub async fn awake(&self) {
        let mut status = self.status.subscribe();
        // An error means that the sender is gone, which is part of this.
        let _ = status.wait_for(|status| status.state != State::Paused).await;
    }

    /// Completes when the session has ended.
    pub async fn ended(self: Arc<Self>) {
        let mut status = self.status.subscribe();
        // An error means that the sender is gone, which this Arc rules out.
        let _ = status.wait_for(|status| status.state == State::Ended).await;
    }
}

/// A call on a session, with the way back.
#[derive(Debug)]
pub enum Command {
    /// End the game.
    Stop(Reply),
    /// Send a signal to the game.
    Kill(Signal, Reply),
    /// Freeze.
    Pause(Reply),
    /// Thaw.
    Resume(Reply),
    /// A viewer is about to connect: thaw what the idle policy has frozen.
    Attend(Reply),
    /// Change limits.
    SetLimits(RawRequest, Reply),
}

/// Where the answer goes.
pub type Reply = oneshot::Sender<Result<()>>;

/// The address of a session.
#[derive(Debug, Clone)]
pub struct Handle {
    /// What is known of it.
    pub view: Arc<View>,
    commands: mpsc::Sender<Command>,
}

impl Handle {
    /// A handle and the end that the session's task reads from. The queue is
    /// short: a caller who sends more waits.
    pub fn new(view: Arc<View>) -> (Self, mpsc::Receiver<Command>) {
        let (commands, receiver) = mpsc::channel(8);
        (Self { view, commands }, receiver)
    }

    /// Sends a command and awaits the answer.
    ///
    /// # Errors
    /// The session's own, or [`Error::NoSuchSession`] if it ended meanwhile.
    pub async fn call(&self, command: impl FnOnce(Reply) -> Command) -> Result<()> {
        let gone = || Error::NoSuchSession(format!("session {} has ended", self.view.id()));
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}
