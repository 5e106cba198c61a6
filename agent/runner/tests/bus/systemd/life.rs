//! What happens to units: by calls of the agent, and by the test.

use super::commands::Variable;
use super::{Start, Systemd, job_path, slice_of};
use dillinger_runner::clock::now_usec;
use zbus::OwnedObjectPath;

/// Codes of `siginfo_t`.
const EXITED: i32 = 1;
const KILLED: i32 = 2;

/// How a game ends by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    /// With this status.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// By the kernel at the memory limit.
    Oom,
}

impl Systemd {
    pub(super) async fn run_start(&self, unit: &str, start: Start, number: u32, job: OwnedObjectPath) {
        if let Some(display) = self.display_of(unit)
            && !self.start_display(unit, &display).await
        {
            return;
        }
        match start {
            Start::Runs => {
                self.activating(unit).await;
                self.up(unit).await;
                self.job_removed(number, job, unit, "done").await;
            }
            Start::Holds => self.activating(unit).await,
            Start::EndsAtOnce(status) => {
                self.change(unit, |unit| unit.started_usec = now_usec());
                self.set_end(unit, End::Exit(status));
                self.run_commands(unit, "ExecStopPost", &variables(End::Exit(status))).await;
                self.change(unit, |unit| unit.active = if status == 0 { "inactive" } else { "failed" });
                self.drop_display_of(unit);
                self.job_removed(number, job, unit, "done").await;
            }
            Start::Refused => {}
        }
    }

    pub(super) async fn run_stop(&self, name: &str, number: u32, job: OwnedObjectPath) {
        let unit = slice_of(name).replace(".slice", ".service");
        let parts = if name == unit { Vec::new() } else { self.parts_of(&unit) };
        for unit in [unit.clone()].iter().chain(&parts) {
            if !matches!(self.unit(unit).active, "inactive" | "failed" | "deactivating") {
                self.stop(unit, "success").await;
            }
        }
        if name.ends_with(".slice") {
            // The job of a slice waits for what is in it.
            for part in &parts {
                crate::world::wait(|| matches!(self.unit(part).active, "inactive" | "failed")).await;
            }
            self.change(name, |slice| slice.active = "inactive");
            self.change(&unit, |unit| unit.job = None);
        }
        self.job_removed(number, job, name, "done").await;
    }

    pub(super) async fn activating(&self, unit: &str) {
        self.look(&slice_of(unit));
        self.change(&slice_of(unit), |slice| {
            slice.active = "active";
            slice.control_group = format!("/user.slice/{}", slice_of(unit));
        });
        self.change(unit, |unit| unit.active = "activating");
        self.tell(unit, &[("ActiveState", "activating"), ("SubState", "start")]).await;
    }

    /// The game of a unit that starts runs.
    pub(crate) async fn up(&self, unit: &str) {
        self.change(unit, |unit| {
            unit.active = "active";
            unit.started_usec = now_usec();
        });
        self.tell(unit, &[("ActiveState", "active"), ("SubState", "running")]).await;
    }

    /// The cgroup that systemd tells for a session.
    pub(crate) fn set_control_group(&self, unit: &str, path: &str) {
        self.change(&slice_of(unit), |slice| path.clone_into(&mut slice.control_group));
    }

    /// The game ends by itself.
    pub(crate) async fn end(&self, unit: &str, end: End) {
        self.set_end(unit, end);
        let variables = variables(end);
        self.run_commands(unit, "ExecStop", &variables).await;
        self.inactive(unit, &variables).await;
    }

    /// The game ends, and all that systemd tells comes in one piece: only the last state.
    pub(crate) async fn end_coalesced(&self, unit: &str, end: End) {
        self.set_end(unit, end);
        let variables = variables(end);
        self.run_commands(unit, "ExecStop", &variables).await;
        self.run_commands(unit, "ExecStopPost", &variables).await;
        self.change(unit, |unit| unit.active = "failed");
        self.tell(unit, &[("ActiveState", "failed"), ("SubState", "failed")]).await;
    }

    /// Podman could not make the container.
    pub(crate) async fn fail_start(&self, unit: &str, status: i32) {
        self.set_end(unit, End::Exit(status));
        self.inactive(unit, &variables(End::Exit(status))).await;
        if let Some((number, _)) = self.unit(unit).job {
            self.job_removed(number, job_path(number), unit, "failed").await;
        }
    }

    /// systemd ends a unit: because of a stop job (`success`) or at its longest run time (`timeout`).
    pub(crate) async fn stop(&self, unit: &str, result: &'static str) {
        let was_up = self.unit(unit).active == "active";
        self.change(unit, |unit| unit.active = "deactivating");
        self.tell(unit, &[("ActiveState", "deactivating"), ("SubState", "stop")]).await;
        if was_up {
            self.run_commands(unit, "ExecStop", &[("MAINPID", "1".to_owned()), ("SERVICE_RESULT", result.to_owned())])
                .await;
        }
        // Podman that is ended before the game runs has failed.
        let result = if was_up { result } else { "exit-code" };
        // What a display consists of ends with status 0 when it is asked to.
        let is_game = slice_of(unit).replace(".slice", ".service") == unit;
        let status = if was_up && !is_game { 0 } else { 143 };
        self.change(unit, |unit| {
            (unit.result, unit.code, unit.status, unit.exited_usec) = (result, EXITED, status, now_usec());
        });
        let variables = [("SERVICE_RESULT", result), ("EXIT_CODE", "exited"), ("EXIT_STATUS", &status.to_string())];
        self.inactive(unit, &variables.map(|(name, value)| (name, value.to_owned()))).await;
    }

    pub(super) async fn inactive(&self, unit: &str, variables: &[Variable]) {
        self.change(unit, |unit| unit.active = "deactivating");
        self.tell(unit, &[("ActiveState", "deactivating"), ("SubState", "stop-post")]).await;
        self.run_commands(unit, "ExecStopPost", variables).await;
        let active = if self.unit(unit).result == "success" { "inactive" } else { "failed" };
        self.change(unit, |unit| unit.active = active);
        self.tell(unit, &[("ActiveState", active), ("SubState", "dead")]).await;
        self.drop_display_of(unit);
    }

    pub(super) fn set_end(&self, unit: &str, end: End) {
        self.change(unit, |unit| {
            (unit.result, unit.code, unit.status) = match end {
                End::Exit(0) => ("success", EXITED, 0),
                End::Exit(status) => ("exit-code", EXITED, status),
                End::Signal(signal) => ("signal", KILLED, signal),
                End::Oom => ("oom-kill", KILLED, 9),
            };
            unit.exited_usec = now_usec();
        });
    }

    pub(super) async fn set_freezer(&self, slice: &str, state: &'static str) {
        let unit = slice.replace(".slice", ".service");
        let inherited = if state == "frozen" { "frozen-by-parent" } else { "running" };
        self.change(slice, |slice| slice.freezer = state);
        self.change(&unit, |unit| unit.freezer = inherited);
        self.tell(slice, &[("FreezerState", state)]).await;
        self.tell(&unit, &[("FreezerState", inherited)]).await;
    }

    /// Everything is gone as after a reboot.
    pub(crate) fn reboot(&self) {
        self.shared.state.lock().unwrap().units.clear();
    }

    /// systemd forgets units that nobody needs any more.
    pub(crate) fn collect(&self) {
        let mut state = self.shared.state.lock().unwrap();
        let needed = |unit: &super::Unit| !unit.references.is_empty() || !matches!(unit.active, "inactive" | "failed");
        state.units.retain(|_, unit| needed(unit));
    }

    /// Waits until the unit is in this state.
    pub(crate) async fn until_state(&self, unit: &str, active: &str) {
        crate::world::eventually(&format!("{unit} is {active}"), || self.unit(unit).active == active).await;
    }

    /// Waits until the unit's start job is done.
    pub(crate) async fn until_up(&self, unit: &str) {
        self.until_state(unit, "active").await;
    }

    /// Waits until a method was called so often.
    pub(crate) async fn called_times(&self, method: &str, times: usize) {
        crate::world::eventually(&format!("{times} calls of {method}"), || self.count(method) >= times).await;
    }
}

pub(super) fn variables(end: End) -> [Variable; 3] {
    let (result, code, status) = match end {
        End::Exit(0) => ("success", "exited", "0".to_owned()),
        End::Exit(status) => ("exit-code", "exited", status.to_string()),
        End::Signal(signal) => ("signal", "killed", signal.to_string()),
        End::Oom => ("oom-kill", "killed", "KILL".to_owned()),
    };
    [("SERVICE_RESULT", result.to_owned()), ("EXIT_CODE", code.to_owned()), ("EXIT_STATUS", status)]
}
