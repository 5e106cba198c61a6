//! The viewers of a streamed session: what its task does when there are none.

use super::Result;
use super::task::Session;
use crate::store::{absent_is_fine, write_whole};
use dillinger_runner_api::Error;
use dillinger_runner_core::lifecycle::State;
use dillinger_runner_core::limits::INFINITY;
use dillinger_runner_core::outcome::IDLE;
use dillinger_runner_core::request::IdleAction;
use dillinger_runner_core::spec::StreamSpec;
use std::future::pending;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// What the task of a streamed session and the client of its streamer tell each
/// other.
#[derive(Debug)]
pub struct Audience {
    /// Whether the display is up, so that its streamer can be reached. Written by
    /// the session's task.
    pub display_up: watch::Sender<bool>,
    /// How many viewers were let in, connected or about to be: one that takes long
    /// to connect is not frozen out. Written by the streamer's client.
    pub viewers: watch::Sender<u32>,
}

impl Default for Audience {
    fn default() -> Self {
        Self { display_up: watch::Sender::new(false), viewers: watch::Sender::new(0) }
    }
}

/// The clock of a session's idle policy.
#[derive(Debug)]
pub(super) struct Idle {
    action: IdleAction,
    timeout: Duration,
    viewers: watch::Receiver<u32>,
    /// Since when it runs unwatched.
    since: Option<Instant>,
}

impl Idle {
    /// The clock of a session that has an idle policy.
    pub(super) fn new(stream: Option<&StreamSpec>, audience: Option<&Audience>) -> Option<Self> {
        let stream = stream.filter(|stream| stream.idle_action != IdleAction::Keep)?;
        let usec = Some(stream.idle_timeout_usec).filter(|usec| *usec != INFINITY)?;
        let viewers = audience?.viewers.subscribe();
        Some(Self { action: stream.idle_action, timeout: Duration::from_micros(usec), viewers, since: None })
    }

    /// Starts, goes on with or stops the clock.
    pub(super) fn observe(&mut self, state: State) {
        let idle = state == State::Running && *self.viewers.borrow() == 0;
        self.since = if idle { self.since.or_else(|| Some(Instant::now())) } else { None };
    }

    /// Returns when the number of viewers has changed, true when the time is over.
    pub(super) async fn wait(&mut self) -> bool {
        let deadline = self.since.and_then(|since| since.checked_add(self.timeout));
        let over = async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => pending().await,
            }
        };
        tokio::select! {
            Ok(()) = self.viewers.changed() => false,
            () = over => true,
        }
    }
}

impl Session {
    /// Nobody was connected for the time of the session's idle policy.
    pub(super) async fn idle_out(&mut self) {
        let Some(idle) = &mut self.idle else { return };
        // Whatever becomes of it, it is not tried again at once.
        idle.since = Some(Instant::now());
        let done = match idle.action {
            IdleAction::Keep => Ok(()),
            IdleAction::Pause => self.pause_idle().await,
            IdleAction::Stop => self.stop(IDLE).await,
        };
        match done {
            Ok(()) => tracing::info!(session = %self.view.id(), "nobody was connected, its idle action was taken"),
            Err(error) => tracing::warn!(session = %self.view.id(), %error, "its idle action failed"),
        }
    }

    async fn pause_idle(&mut self) -> Result<()> {
        let marked = write_whole(&self.idle_mark(), b"");
        marked.map_err(|error| Error::SystemdFailed(format!("marking the pause: {error}")))?;
        let paused = self.pause().await;
        if paused.is_err() {
            self.forget_idle_pause();
        }
        paused
    }

    /// Somebody is about to connect: a session that was paused since nobody was
    /// there goes on, and has the whole time of its idle policy again.
    pub(super) async fn attend(&mut self) -> Result<()> {
        if self.view.state() == State::Paused {
            if !self.idle_mark().exists() {
                return Err(Error::Busy(format!("session {} is paused, Resume makes it go on", self.view.id())));
            }
            self.thaw().await?;
        }
        if let Some(idle) = &mut self.idle {
            idle.since = None;
        }
        Ok(())
    }

    /// Says to the next agent too why the session is paused.
    fn idle_mark(&self) -> PathBuf {
        self.context.paths.session(self.view.id()).join("idle")
    }

    pub(super) fn forget_idle_pause(&self) {
        if let Err(error) = absent_is_fine(std::fs::remove_file(self.idle_mark())) {
            tracing::warn!(session = %self.view.id(), %error, "the mark of an idle pause stays behind");
        }
    }
}
