//! How a session ended, decided from facts that systemd and the kernel
//! recorded.

use crate::id::Role;
use crate::problem::quoted;
use crate::wine::{Report, exception_name};
use serde::{Deserialize, Serialize};

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// By itself, with status 0.
    Exited,
    /// By itself, with another status.
    Failed,
    /// By a signal that nobody asked the agent or systemd to send.
    Killed,
    /// By the kernel, at the memory limit.
    OomKill,
    /// By the longest run time.
    Timeout,
    /// Because somebody asked for it, whatever the status.
    Stopped,
    /// It never ran.
    StartFailed,
    /// The display of a streamed session died while the game ran.
    DisplayFailed,
    /// The host went down.
    Lost,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 9] = [
        Self::Exited,
        Self::Failed,
        Self::Killed,
        Self::OomKill,
        Self::Timeout,
        Self::Stopped,
        Self::StartFailed,
        Self::DisplayFailed,
        Self::Lost,
    ];

    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exited => "exited",
            Self::Failed => "failed",
            Self::Killed => "killed",
            Self::OomKill => "oom-kill",
            Self::Timeout => "timeout",
            Self::Stopped => "stopped",
            Self::StartFailed => "start-failed",
            Self::DisplayFailed => "display-failed",
            Self::Lost => "lost",
        }
    }
}

/// What was recorded when a unit of the session ended: the game's, or that of
/// a part of its display.
///
/// The unit's own `ExecStop=` and `ExecStopPost=` commands write it, so that it
/// exists whether or not the agent lives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndFacts {
    /// systemd's `Result` of the service (`$SERVICE_RESULT`, systemd.exec(5)).
    pub result: String,
    /// `ExecMainCode`: the `si_code` of wait(2): 1 exited, 2 killed, 3 dumped;
    /// 0 unknown.
    pub main_code: i32,
    /// `ExecMainStatus`: exit status or signal number.
    pub main_status: i32,
    /// Realtime µs when the unit became active; 0 if it never did.
    pub started_usec: u64,
    /// Realtime µs when the main process ended, or when this was recorded.
    pub ended_usec: u64,
    /// Realtime µs when the unit ceased to be active, where systemd told it. A
    /// service that says `STOPPING=1` (`sd_notify(3)`) does so before its main
    /// process ends.
    #[serde(default)]
    pub left_usec: Option<u64>,
    /// `$SERVICE_RESULT` at the moment when systemd began to stop the running
    /// unit; absent if the game ended first. `success` means that a stop job
    /// asked for it, [`IDLE`] that the agent did since nobody was connected.
    pub stopping: Option<String>,
    /// Realtime µs of that moment, where it was noted.
    #[serde(default)]
    pub stopping_usec: Option<u64>,
    /// Processes of the slice killed by the kernel's OOM killer
    /// (`memory.events`, cgroup v2).
    pub oom_kills: Option<u64>,
    /// CPU time of the slice, in µs.
    pub cpu_usage_usec: Option<u64>,
    /// Highest memory use of the slice, in bytes.
    pub memory_peak: Option<u64>,
    /// What the supervisor of a Windows game reported, if it came to that.
    #[serde(default)]
    pub windows: Option<Report>,
}

/// How a unit came to be stopped while it ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopping {
    /// See [`EndFacts::stopping`].
    pub result: String,
    /// See [`EndFacts::stopping_usec`].
    pub usec: Option<u64>,
}

/// The decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// How it ended.
    pub outcome: Outcome,
    /// Exit status; for [`Outcome::Killed`] the signal's number.
    pub exit_status: i32,
    /// The same in words.
    pub reason: String,
}

/// [`EndFacts::stopping`] of a session that its idle policy stopped.
pub const IDLE: &str = "idle";

/// Process killed or dumped core, in the codes of `siginfo_t`.
const CLD_KILLED: i32 = 2;
const CLD_DUMPED: i32 = 3;
/// Shells, crun and conmon report a signal as 128 plus its number.
const SIGNAL_BASE: i32 = 128;
/// The highest signal number on Linux (`SIGRTMAX`).
const SIGNAL_MAX: i32 = 64;

impl EndFacts {
    /// Decides how the session ended, from the facts of the game and of the parts
    /// of its display that it cannot live without, with the part to blame.
    ///
    /// A part that died by itself takes the game with it: systemd then stops the
    /// game as if that had been asked for, or the game ends for want of a display
    /// before systemd comes to it. It takes the other part with it too, which ends
    /// with status 0 when nobody is at the other end of its socket any more: systemd
    /// may see that end first, and then stops the one that died.
    pub fn ending_with(&self, display: &[(Role, Self)]) -> (Ending, Role) {
        let died = display.iter().filter(|(_, part)| part.died_before_a_stop_of(self));
        let Some((role, part)) = died.min_by_key(|(_, part)| (part.succeeded(), part.left())) else {
            return (self.ending(), Role::Game);
        };
        let before = |(_, other): &&(Role, Self)| !other.succeeded() && !other.was_asked_before(part.left());
        let (role, part) = match display.iter().find(before) {
            Some((role, failed)) if part.succeeded() => (role, failed),
            _ => (role, part),
        };
        (self.ending_by(*role, part), *role)
    }

    /// True if somebody asked this unit to stop before this time, realtime µs.
    fn was_asked_before(&self, usec: u64) -> bool {
        self.stopping.is_some() && self.stopping_usec.is_none_or(|stopping| stopping < usec)
    }

    fn succeeded(&self) -> bool {
        !self.was_killed() && self.main_status == 0
    }

    /// Realtime µs when the unit ceased to be active.
    fn left(&self) -> u64 {
        self.left_usec.unwrap_or(self.ended_usec)
    }

    /// True if nobody asked this unit to stop, nor the game before this one died.
    fn died_before_a_stop_of(&self, game: &Self) -> bool {
        let asked = matches!(game.stopping_usec, Some(usec) if usec < self.left());
        self.stopping.is_none() && !asked
    }

    fn ending_by(&self, role: Role, part: &Self) -> Ending {
        let title = role.title();
        let (exit_status, how) = match part.signal() {
            Some(signal) => (signal, format!("was killed by signal {signal}")),
            None => (part.main_status, format!("exited with status {}", part.main_status)),
        };
        let by_memory = |facts: &Self| facts.result == "oom-kill" || facts.oom_kills.is_some_and(|kills| kills > 0);
        let (outcome, reason) = if self.started_usec == 0 {
            (Outcome::StartFailed, format!("its {title}: {}", start_failure(&part.result, part.main_status)))
        } else if by_memory(self) || by_memory(part) {
            (Outcome::OomKill, format!("the kernel killed its {title} at the session's memory limit"))
        } else {
            (Outcome::DisplayFailed, format!("its {title} {how}"))
        };
        Ending { outcome, exit_status, reason }
    }

    /// Decides how the session ended, from the facts of the game alone.
    ///
    /// A stop that was asked for comes first: it is never a failure. Then what
    /// systemd and the kernel did, then what the game did.
    pub fn ending(&self) -> Ending {
        let status = self.exit_status();
        let end = |outcome, exit_status, reason: String| Ending { outcome, exit_status, reason };
        let never_ran = self.started_usec == 0;
        if self.stopping.as_deref() == Some(IDLE) {
            return end(Outcome::Stopped, status, "stopped since nobody was connected to it".to_owned());
        }
        let asked = self.stopping.as_deref() == Some("success");
        if asked || (never_ran && self.result == "success") {
            return end(Outcome::Stopped, status, "stopped on request".to_owned());
        }
        if never_ran {
            return end(Outcome::StartFailed, status, start_failure(&self.result, status));
        }
        if self.result == "oom-kill" || self.oom_kills.is_some_and(|kills| kills > 0) {
            return end(Outcome::OomKill, status, "the kernel killed it at its memory limit".to_owned());
        }
        if self.stopping.as_deref() == Some("timeout") {
            return end(Outcome::Timeout, status, "it reached its longest run time".to_owned());
        }
        if let Some(ending) = self.windows.as_ref().filter(|_| !self.was_killed()).and_then(windows_ending) {
            return ending;
        }
        match self.signal() {
            Some(signal) => end(Outcome::Killed, signal, format!("killed by signal {signal}")),
            None if status == 0 && matches!(self.result.as_str(), "success" | "exit-code") => {
                end(Outcome::Exited, 0, "exited with status 0".to_owned())
            }
            None if status == 0 => end(Outcome::Failed, 0, format!("systemd ended it: {}", self.result)),
            None => end(Outcome::Failed, status, format!("exited with status {status}")),
        }
    }

    /// The exit status of the game: a Windows game's own, which is more than the
    /// container's can hold.
    fn exit_status(&self) -> i32 {
        let code = self.windows.as_ref().and_then(|report| report.exit_code);
        code.map_or(self.main_status, u32::cast_signed)
    }

    /// Adds what was noted of its stop.
    pub fn set_stopping(&mut self, stopping: Option<Stopping>) {
        self.stopping_usec = stopping.as_ref().and_then(|stopping| stopping.usec);
        self.stopping = stopping.map(|stopping| stopping.result);
    }

    /// What was noted of its stop.
    pub fn stopping(&self) -> Option<Stopping> {
        let result = self.stopping.clone()?;
        Some(Stopping { result, usec: self.stopping_usec })
    }

    /// True if a signal ended the unit's main process, the container's monitor.
    pub fn was_killed(&self) -> bool {
        matches!(self.main_code, CLD_KILLED | CLD_DUMPED)
    }

    /// The signal that ended the game, directly or as told by conmon.
    fn signal(&self) -> Option<i32> {
        if self.was_killed() {
            return Some(self.main_status);
        }
        let signal = self.main_status - SIGNAL_BASE;
        (1..=SIGNAL_MAX).contains(&signal).then_some(signal)
    }
}

/// How a Windows game ended by itself; nothing if its supervisor could not say.
fn windows_ending(report: &Report) -> Option<Ending> {
    let program = report.program.as_deref().map(|name| format!(" in {}", quoted(name))).unwrap_or_default();
    let end = |outcome, code: u32, reason| Some(Ending { outcome, exit_status: code.cast_signed(), reason });
    match (&report.error, report.exception, report.exit_code) {
        (Some(error), ..) => end(Outcome::StartFailed, 1, error.clone()),
        (None, Some(code), _) => {
            let name = exception_name(code).map(|name| format!(" ({name})")).unwrap_or_default();
            end(Outcome::Failed, code, format!("unhandled exception 0x{code:08X}{name}{program}"))
        }
        (None, None, Some(0)) => end(Outcome::Exited, 0, "exited with status 0".to_owned()),
        (None, None, Some(code)) if report.wants_restart() => {
            end(Outcome::Exited, code, format!("installed, with status {code}: Windows would restart"))
        }
        (None, None, Some(code)) => {
            end(Outcome::Failed, code, format!("exited with status {}{program}", code.cast_signed()))
        }
        (None, None, None) => None,
    }
}

fn start_failure(result: &str, status: i32) -> String {
    match (result, status) {
        ("timeout", _) => "it did not start in time".to_owned(),
        (_, 127) => "the program was not found (status 127)".to_owned(),
        (_, 126) => "the program cannot be executed (status 126)".to_owned(),
        (_, 125) => "Podman could not make the container (status 125)".to_owned(),
        (result, status) => format!("the unit could not be started: {result} (status {status})"),
    }
}
