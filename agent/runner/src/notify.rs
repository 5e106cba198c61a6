//! The agent's own life, told to systemd (`sd_notify(3)`).

use libsystemd::daemon::{self, NotifyState};
use nix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// The agent serves its bus name.
pub fn ready(status: &str) {
    send(&[NotifyState::Ready, NotifyState::Status(status.to_owned())]);
}

/// The settings are being read again; [`ready`] follows.
pub fn reloading() {
    let usec = clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |now| now.tv_sec() * 1_000_000 + now.tv_nsec() / 1000);
    send(&[NotifyState::Reloading, NotifyState::Other(format!("MONOTONIC_USEC={usec}"))]);
}

/// The agent is going down.
pub fn stopping() {
    send(&[NotifyState::Stopping]);
}

/// The agent still works.
pub fn watchdog() {
    send(&[NotifyState::Watchdog]);
}

/// How often [`watchdog`] is wanted: half of what systemd allows
/// (`sd_watchdog_enabled(3)`); `None` without a watchdog.
pub fn watchdog_interval() -> Option<Duration> {
    daemon::watchdog_enabled(false).map(|limit| limit / 2)
}

fn send(states: &[NotifyState]) {
    if let Err(error) = daemon::notify(false, states) {
        tracing::warn!(%error, "systemd could not be notified");
    }
}
