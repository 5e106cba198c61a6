//! The task that owns one session from its start, or its adoption, to its end.

use super::audience::Idle;
use super::handle::{Command, Status, View};
use super::{Context, Result, systemd_failed};
use crate::journal;
use crate::systemd::{ServiceStatus, SliceStatus, UnitEvent, UnitWatch};
use crate::windows::Prepared;
use dillinger_runner_api::Error;
use dillinger_runner_core::id::Role;
use dillinger_runner_core::lifecycle::{Active, State, UnitStatus, is_frozen};
use dillinger_runner_core::spec::SessionSpec;
use futures_util::future::{join, try_join_all, try_join3};
use std::future::pending;
use std::sync::Arc;
use tokio::sync::mpsc;

/// One session and everything its task holds.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) context: Context,
    pub(super) view: Arc<View>,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) watches: Watches,
    unit: UnitStatus,
    /// The unit was seen in another state than inactive since its start.
    was_up: bool,
    /// When it became active, realtime µs; 0 if that was not told.
    active_enter_usec: u64,
    /// The clock of its idle policy, if it has one.
    pub(super) idle: Option<Idle>,
    /// That of the slice, as soon as it was asked for.
    control_group: String,
    /// Its prefix and its saves, which nobody else may use.
    pub(super) held: Prepared,
}

#[derive(Debug)]
pub(super) struct Watches {
    pub(super) game: UnitWatch,
    pub(super) slice: UnitWatch,
    /// Of a streamed session.
    pub(super) streamer: Option<UnitWatch>,
}

impl Watches {
    /// To be called before anything is asked of systemd, so that nothing is
    /// missed.
    pub(super) async fn open(context: &Context, spec: &SessionSpec) -> Result<Self> {
        let (game, slice) = (spec.id.unit(Role::Game), spec.id.slice());
        let streamer = async {
            if spec.stream.is_none() {
                return Ok(None);
            }
            context.systemd.watch(&spec.id.unit(Role::Streamer)).await.map(Some)
        };
        let watches = try_join3(context.systemd.watch(&game), context.systemd.watch(&slice), streamer).await;
        watches.map(|(game, slice, streamer)| Self { game, slice, streamer }).map_err(systemd_failed)
    }
}

impl Session {
    /// Takes a session whose unit files are in place, and keeps its units
    /// loaded.
    pub(super) async fn attach(
        context: Context,
        view: Arc<View>,
        commands: mpsc::Receiver<Command>,
        watches: Watches,
    ) -> Result<Self> {
        let references = view.record.units.iter().map(|unit| context.systemd.reference(unit));
        try_join_all(references).await.map_err(systemd_failed)?;
        let unit = UnitStatus { active: Active::Inactive, frozen: false };
        let idle = Idle::new(view.record.spec.stream.as_ref(), view.audience.as_ref());
        Ok(Self {
            context,
            view,
            commands,
            watches,
            unit,
            was_up: false,
            active_enter_usec: 0,
            idle,
            control_group: String::new(),
            held: Prepared::default(),
        })
    }

    /// Takes a session whose unit files are in place and queues its start job.
    pub(super) async fn launch(
        context: Context,
        view: Arc<View>,
        commands: mpsc::Receiver<Command>,
        watches: Watches,
    ) -> Result<Self> {
        let (systemd, unit) = (context.systemd.clone(), view.id().game_unit());
        let (session, started) = join(Self::attach(context, view, commands, watches), systemd.start(&unit)).await;
        started.map_err(systemd_failed)?;
        let session = session?;
        session
            .context
            .files
            .note_start(session.view.id())
            .map_err(|error| Error::SystemdFailed(format!("noting the start: {error}")))?;
        session.enter(State::Starting).await;
        Ok(session)
    }

    /// Follows the session to its end, and clears up after it. Never returns
    /// when the bus is gone: the agent then goes too, and the next one adopts.
    pub(super) async fn run(mut self) {
        while !self.is_over() {
            if let Some(idle) = &mut self.idle {
                idle.observe(self.view.state());
            }
            tokio::select! {
                event = self.watches.game.next() => match event {
                    Some(event) => self.game(event).await,
                    None => pending().await,
                },
                event = self.watches.slice.next() => match event {
                    Some(event) => self.slice(event).await,
                    None => pending().await,
                },
                event = next_of(&mut self.watches.streamer) => match event {
                    Some(event) => self.display(event),
                    None => pending().await,
                },
                over = idle_over(&mut self.idle) => if over {
                    self.idle_out().await;
                },
                Some(command) = self.commands.recv() => self.command(command).await,
            }
        }
        self.finish().await;
    }

    /// The unit came up and went down again, or never will.
    fn is_over(&self) -> bool {
        self.was_up && self.unit.active == Active::Inactive
    }

    async fn game(&mut self, event: UnitEvent) {
        match event {
            UnitEvent::Changed { active_state, freezer_state, active_enter_usec } => {
                if let Some(state) = active_state {
                    self.unit.active = Active::parse(&state);
                }
                // systemd tells this with every change, mostly to say nothing new.
                if freezer_state.is_some_and(|state| is_frozen(&state) != self.unit.frozen) {
                    self.unit.frozen = self.is_frozen().await;
                }
                self.was_up |= self.unit.active != Active::Inactive;
                self.active_enter_usec = self.active_enter_usec.max(active_enter_usec);
            }
            // What changed was told before.
            UnitEvent::JobRemoved(_) if self.was_up => return,
            // The signal's own result says too little: a unit that failed at
            // once may be inactive without ever having been seen otherwise.
            UnitEvent::JobRemoved(_) => {
                if let Some(status) = self.service_status().await {
                    self.unit = status.unit();
                    self.was_up = true;
                }
            }
        }
        if self.unit.active == Active::Activating {
            self.find_control_group().await;
        }
        self.observe().await;
    }

    async fn slice(&mut self, event: UnitEvent) {
        if let UnitEvent::Changed { freezer_state: Some(_), .. } = event {
            self.look_whether_frozen().await;
        }
    }

    /// Its streamer can be reached, or no longer.
    fn display(&self, event: UnitEvent) {
        if let UnitEvent::Changed { active_state: Some(state), .. } = event {
            self.tell_display(Active::parse(&state));
        }
    }

    fn tell_display(&self, active: Active) {
        if let Some(audience) = &self.view.audience {
            let up = active == Active::Active;
            audience.display_up.send_if_modified(|known| std::mem::replace(known, up) != up);
        }
    }

    pub(super) async fn look_whether_frozen(&mut self) {
        self.unit.frozen = self.is_frozen().await;
        self.observe().await;
    }

    /// Whether the session is frozen now, by its slice or by the game's unit
    /// alone. A signal may be older than the last call that froze or thawed.
    async fn is_frozen(&self) -> bool {
        let (slice, game) = join(self.slice_status(), self.service_status()).await;
        is_frozen(&slice.freezer_state) || game.is_some_and(|game| game.unit().frozen)
    }

    /// What systemd says now: inactive if it does not know the unit, nothing if
    /// it does not answer.
    pub(super) async fn service_status(&self) -> Option<ServiceStatus> {
        let unit = self.view.id().game_unit();
        let gone = || ServiceStatus { active_state: "inactive".to_owned(), ..ServiceStatus::default() };
        match self.context.systemd.service(&unit).await {
            Ok(status) => Some(status.unwrap_or_else(gone)),
            Err(error) => {
                tracing::warn!(unit, %error, "systemd does not tell about a session");
                None
            }
        }
    }

    async fn slice_status(&self) -> SliceStatus {
        self.context.systemd.slice(&self.view.id().slice()).await.ok().flatten().unwrap_or_default()
    }

    /// Takes over what systemd says of a session that an agent before this one
    /// started. True if it still lives, or if systemd does not answer.
    pub(super) async fn take_over(&mut self) -> bool {
        let (status, slice) = join(self.service_status(), self.slice_status()).await;
        let Some(status) = status else { return true };
        self.unit = status.unit();
        self.unit.frozen |= is_frozen(&slice.freezer_state);
        self.active_enter_usec = status.active_enter_usec;
        // A start job that waits has not changed anything yet.
        self.was_up = self.unit.active != Active::Inactive || status.job.is_empty();
        if !self.was_up {
            // Also while its display starts, of which the game's unit knows nothing.
            self.enter(State::Starting).await;
        }
        self.observe().await;
        // After it: a streamer that is frozen with its session answers nobody.
        if self.view.audience.is_some() {
            let streamer = self.context.systemd.service(&self.view.id().unit(Role::Streamer)).await;
            self.tell_display(streamer.ok().flatten().unwrap_or_default().unit().active);
        }
        !self.is_over()
    }

    async fn observe(&mut self) {
        let before = self.view.state();
        let after = before.observe(&self.unit);
        if after == before {
            return;
        }
        let previous = self.view.status();
        if before == State::Paused {
            self.forget_idle_pause();
        }
        if before < State::Running && matches!(after, State::Running | State::Paused) {
            self.came_up().await;
        }
        self.enter_from(&previous, after).await;
    }

    /// The game runs: since when, and in which cgroup.
    async fn came_up(&mut self) {
        if self.active_enter_usec == 0 {
            self.active_enter_usec = self.service_status().await.unwrap_or_default().active_enter_usec;
        }
        self.find_control_group().await;
        self.view.status.send_modify(|status| {
            status.started_usec = self.active_enter_usec;
            status.control_group.clone_from(&self.control_group);
        });
    }

    /// Looked up while Podman makes the container, not when the game is up and
    /// its caller waits for the news.
    async fn find_control_group(&mut self) {
        if self.control_group.is_empty() {
            self.control_group = self.slice_status().await.control_group;
        }
    }

    async fn enter(&self, state: State) {
        self.enter_from(&self.view.status(), state).await;
    }

    async fn enter_from(&self, before: &Status, state: State) {
        self.view.status.send_modify(|status| status.state = state);
        self.context.publisher.changed(&self.view, before).await;
        journal::state(&self.view.record.spec, state, None);
    }
}

/// The next event of a unit that not every session has.
async fn next_of(watch: &mut Option<UnitWatch>) -> Option<UnitEvent> {
    match watch {
        Some(watch) => watch.next().await,
        None => pending().await,
    }
}

async fn idle_over(idle: &mut Option<Idle>) -> bool {
    match idle {
        Some(idle) => idle.wait().await,
        None => pending().await,
    }
}
