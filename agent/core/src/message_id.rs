//! The `MESSAGE_ID`s of the agent's journal entries, see
//! systemd.journal-fields(7). The catalog in `units/` explains each to the
//! person who reads `journalctl -x`.

use crate::lifecycle::State;
use crate::outcome::Outcome;

/// Every id with its name, for tools and tests that walk them.
pub const ALL: &[(&str, &str)] = &[
    ("SESSION_PREPARING", SESSION_PREPARING),
    ("SESSION_STARTING", SESSION_STARTING),
    ("SESSION_RUNNING", SESSION_RUNNING),
    ("SESSION_PAUSED", SESSION_PAUSED),
    ("SESSION_STOPPING", SESSION_STOPPING),
    ("SESSION_EXITED", SESSION_EXITED),
    ("SESSION_FAILED", SESSION_FAILED),
    ("SESSION_KILLED", SESSION_KILLED),
    ("SESSION_OOM_KILL", SESSION_OOM_KILL),
    ("SESSION_TIMEOUT", SESSION_TIMEOUT),
    ("SESSION_STOPPED", SESSION_STOPPED),
    ("SESSION_START_FAILED", SESSION_START_FAILED),
    ("SESSION_DISPLAY_FAILED", SESSION_DISPLAY_FAILED),
    ("SESSION_LOST", SESSION_LOST),
    ("SESSION_LIMITS_CHANGED", SESSION_LIMITS_CHANGED),
    ("SETTINGS_REJECTED", SETTINGS_REJECTED),
    ("IMAGE_PREPARED", IMAGE_PREPARED),
];

/// A session was accepted and its units are being made.
pub const SESSION_PREPARING: &str = "f7ec2e13e5e8481ea4546dc159605de1";
/// systemd starts the session's units.
pub const SESSION_STARTING: &str = "bb838b4592014609a389bb5be06eed5d";
/// The game runs, for the first time or again after a pause.
pub const SESSION_RUNNING: &str = "38bece5d0f754658bd918ce66b9edcad";
/// The session is frozen.
pub const SESSION_PAUSED: &str = "a09d67d03dc44ef7a7ebd2f96ad100a8";
/// The session's units are being stopped.
pub const SESSION_STOPPING: &str = "b40f875efac14db7a8f44aa3c532a4f2";
/// The game ended by itself with status 0.
pub const SESSION_EXITED: &str = "520a1f12db9f4c019b517bc79aaeb605";
/// The game ended by itself with another status.
pub const SESSION_FAILED: &str = "2d072015bb2249648f5a284a34e2b344";
/// A signal ended the game.
pub const SESSION_KILLED: &str = "01dae80cefb14d249942f038a1f44761";
/// The kernel ended the game at its memory limit.
pub const SESSION_OOM_KILL: &str = "23448e2fb68b4d95ac0408d24497d39f";
/// The session reached its longest run time.
pub const SESSION_TIMEOUT: &str = "bd724415d3014d10b02f1713582fa17a";
/// The session was stopped because somebody asked for it.
pub const SESSION_STOPPED: &str = "78c5864e7f9c444aad23d22a48bbf728";
/// The game never ran.
pub const SESSION_START_FAILED: &str = "3165b54876244558907ab60f797c3be9";
/// The display of a streamed session died while its game ran.
pub const SESSION_DISPLAY_FAILED: &str = "be5ec8c4161242fb99bc2cabdd4dfadc";
/// The host went down while the session ran.
pub const SESSION_LOST: &str = "9b7173e7c8234dbb843c71c003ea0e2f";
/// Limits of a living session were changed.
pub const SESSION_LIMITS_CHANGED: &str = "c8ce6a1780f44b029bbd2708c2827efc";
/// The settings files have problems; the last good settings stay in force.
pub const SETTINGS_REJECTED: &str = "49b93b2fa31647c2a09524e3a3f556bc";
/// An image is ready for sessions.
pub const IMAGE_PREPARED: &str = "4e27b3983dfd4867a8931ee1af792a58";

/// The id of the entry that says a session reached `state`; an ended session
/// has one id per outcome.
pub fn of_state(state: State, outcome: Option<Outcome>) -> &'static str {
    match state {
        State::Preparing => SESSION_PREPARING,
        State::Starting => SESSION_STARTING,
        State::Running => SESSION_RUNNING,
        State::Paused => SESSION_PAUSED,
        State::Stopping => SESSION_STOPPING,
        State::Ended => of_outcome(outcome.unwrap_or(Outcome::Lost)),
    }
}

fn of_outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Exited => SESSION_EXITED,
        Outcome::Failed => SESSION_FAILED,
        Outcome::Killed => SESSION_KILLED,
        Outcome::OomKill => SESSION_OOM_KILL,
        Outcome::Timeout => SESSION_TIMEOUT,
        Outcome::Stopped => SESSION_STOPPED,
        Outcome::StartFailed => SESSION_START_FAILED,
        Outcome::DisplayFailed => SESSION_DISPLAY_FAILED,
        Outcome::Lost => SESSION_LOST,
    }
}
