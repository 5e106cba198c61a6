//! The calls on a living session.

use super::handle::{Command, Reply};
use super::task::Session;
use super::{Result, problems, systemd_failed};
use crate::cgroup;
use crate::journal;
use crate::store::{read_stopping, remove_stopping, write_stopping};
use dillinger_runner_api::Error;
use dillinger_runner_core::id::Role;
use dillinger_runner_core::lifecycle::State;
use dillinger_runner_core::limits::{INFINITY, Limit, Limits};
use dillinger_runner_core::problem::{ProblemClass, Problems};
use dillinger_runner_core::request;
use dillinger_runner_core::spec::check_ceilings;
use dillinger_runner_core::value::RawRequest;
use nix::sys::signal::Signal;
use std::path::PathBuf;
use std::time::Duration;

/// How long a signal waits for the container's init to be ready for it, and
/// how often it looks.
const INIT_DEADLINE: Duration = Duration::from_secs(1);
const INIT_PAUSE: Duration = Duration::from_millis(5);
/// How long a pause waits for Podman to leave the session alone.
const PODMAN_DEADLINE: Duration = Duration::from_secs(10);

impl Session {
    pub(super) async fn command(&mut self, command: Command) {
        let (reply, result): (Reply, Result<()>) = match command {
            Command::Stop(reply) => (reply, self.stop("success").await),
            Command::Kill(signal, reply) => (reply, self.kill(signal).await),
            Command::Pause(reply) => (reply, self.pause().await),
            Command::Resume(reply) => (reply, self.thaw().await),
            Command::Attend(reply) => (reply, self.attend().await),
            Command::SetLimits(raw, reply) => (reply, self.set_limits(&raw).await),
        };
        // A caller who left wants no answer.
        let _ = reply.send(result);
    }

    /// Marks why it is stopped, `success` if that was asked for, before asking
    /// systemd: systemd runs no `ExecStop=` for a unit that is still starting.
    pub(super) async fn stop(&mut self, result: &str) -> Result<()> {
        let session = self.context.paths.session(self.view.id());
        // One that is there says what began the stop, such as the longest run time.
        let is_first = read_stopping(&session, Role::Game).is_none();
        if is_first {
            let marked = write_stopping(&session, Role::Game, result);
            marked.map_err(|error| Error::SystemdFailed(format!("marking the stop: {error}")))?;
        }
        let stopped = self.thaw_and_stop().await;
        if is_first && stopped.is_err() {
            // Nobody stops it now; what is left of the mark would be a lie.
            let _ = remove_stopping(&session, Role::Game);
        }
        stopped
    }

    /// systemd refuses to stop a frozen unit.
    async fn thaw_and_stop(&mut self) -> Result<()> {
        self.thaw().await?;
        self.context.systemd.stop(&self.view.id().game_unit()).await.map(|_job| ()).map_err(systemd_failed)
    }

    async fn kill(&self, signal: Signal) -> Result<()> {
        if !self.view.state().can_signal() {
            return Err(self.not_now("has no process yet that a signal could reach"));
        }
        self.init_takes(signal).await;
        cgroup::signal_containers(&self.game_cgroup(), signal)
            .map_err(|error| Error::PodmanFailed(format!("sending {signal}: {error}")))
    }

    /// The cgroup of the game's unit: the display takes no part in what is done to
    /// the game.
    fn game_cgroup(&self) -> PathBuf {
        cgroup::directory(&self.view.status().control_group).join(self.view.id().unit(Role::Game))
    }

    /// Waits for the container's init to take the signal. After a while it never
    /// will, and what is sent is the container's to drop.
    async fn init_takes(&self, signal: Signal) {
        let cgroup = self.game_cgroup();
        let reachable = async {
            while matches!(cgroup::would_reach_containers(&cgroup, signal), Ok(false)) {
                tokio::time::sleep(INIT_PAUSE).await;
            }
        };
        let _ = tokio::time::timeout(INIT_DEADLINE, reachable).await;
    }

    pub(super) async fn pause(&mut self) -> Result<()> {
        match self.view.state() {
            State::Paused => return Ok(()),
            state if state.can_pause() => {}
            _ => return Err(self.not_now("can only be paused while it runs")),
        }
        // Frozen before it took signals, it would lose those that are sent while it is paused.
        self.init_takes(Signal::SIGTERM).await;
        let frozen = self.freeze_without_podman().await;
        self.look_whether_frozen().await;
        frozen
    }

    /// Freezes the session's slice when Podman is not at work in it. Frozen with
    /// a lock of its storage in hand, it would stop every other session's
    /// start and end.
    async fn freeze_without_podman(&self) -> Result<()> {
        let slice = self.view.id().slice();
        let cgroup = cgroup::directory(&self.view.status().control_group);
        loop {
            let left = cgroup::podman_leaves(&cgroup, PODMAN_DEADLINE).await;
            if !left.map_err(|error| Error::PodmanFailed(format!("waiting for Podman: {error}")))? {
                return Err(self.not_now("is still in Podman's hands"));
            }
            self.context.systemd.freeze(&slice).await.map_err(systemd_failed)?;
            // One that came in between is caught now.
            if cgroup::podman_processes(&cgroup).is_ok_and(|pids| pids.is_empty()) {
                return Ok(());
            }
            self.context.systemd.thaw(&slice).await.map_err(systemd_failed)?;
        }
    }

    /// Thaws the slice, then the units: somebody may have frozen one by hand.
    pub(super) async fn thaw(&mut self) -> Result<()> {
        if self.view.state() != State::Paused {
            return Ok(());
        }
        for unit in [&self.view.id().slice()].into_iter().chain(&self.view.record.units) {
            self.context.systemd.thaw(unit).await.map_err(systemd_failed)?;
        }
        self.look_whether_frozen().await;
        Ok(())
    }

    fn not_now(&self, why: &str) -> Error {
        Error::Busy(format!("session {} is {}, it {why}", self.view.id(), self.view.state().as_str()))
    }

    async fn set_limits(&mut self, raw: &RawRequest) -> Result<()> {
        let (changes, cpus) = request::parse_limits(raw).map_err(|found| problems(&found))?;
        let settings = self.context.settings.current();
        let asked = changes.iter().map(|(limit, value)| (*limit, *value));
        check_ceilings(asked, &settings.policy).map_err(|found| problems(&found))?;
        let limits = request::overlay(&self.view.status().limits, &changes, cpus.as_ref());
        self.check_controllers(&limits, changes.keys().copied(), cpus.is_some())?;
        let keys: Vec<Limit> = changes.keys().copied().collect();
        let slice = self.view.id().slice();
        self.context.systemd.set_limits(&slice, &limits, &keys, cpus.is_some()).await.map_err(systemd_failed)?;
        self.remember(&limits);
        let before = self.view.status();
        self.view.status.send_modify(|status| status.limits = limits.clone());
        self.context.publisher.changed(&self.view, &before).await;
        journal::limits_changed(&self.view.record.spec, &describe(&limits, &keys, cpus.is_some()));
        Ok(())
    }

    /// An agent after this one tells the limits in force.
    fn remember(&self, limits: &Limits) {
        let mut record = self.view.record.clone();
        record.spec.limits = limits.clone();
        if let Err(error) = self.context.records.write_session(&record) {
            tracing::warn!(session = %self.view.id(), %error, "changed limits are not recorded");
        }
    }

    /// systemd takes a limit whose controller is missing without a word.
    fn check_controllers(&self, limits: &Limits, changed: impl Iterator<Item = Limit>, cpus: bool) -> Result<()> {
        let delegated = self.context.host.controllers();
        let has = |controller: &str| delegated.iter().any(|one| one == controller);
        let mut found = Problems::default();
        let message = |controller| {
            format!(
                "needs the cgroup controller {controller}, which is not delegated to this user manager (see Diagnose)"
            )
        };
        for limit in changed.filter(|limit| !has(limit.controller())) {
            found.push(ProblemClass::Unsupported, limit.key(), message(limit.controller()));
        }
        if cpus && !limits.allowed_cpus.is_empty() && !has("cpuset") {
            found.push(ProblemClass::Unsupported, "AllowedCPUs", message("cpuset"));
        }
        found.or(()).map_err(|found| problems(&found))
    }
}

fn describe(limits: &Limits, changed: &[Limit], cpus: bool) -> String {
    let value = |limit: Limit| match limits.get(limit) {
        INFINITY => "infinity".to_owned(),
        value => value.to_string(),
    };
    let numbers = changed.iter().map(|limit| format!("{}={}", limit.key(), value(*limit)));
    let cpus = cpus.then(|| format!("AllowedCPUs={}", limits.allowed_cpus));
    numbers.chain(cpus).collect::<Vec<_>>().join(" ")
}
