//! The agent's own life, told to systemd (`sd_notify(3)`).

#![allow(unsafe_code, reason = "descriptors of the environment are numbers")]

use libsystemd::activation::{FileDescriptor, receive_descriptors_with_names};
use libsystemd::daemon::{self, NotifyState};
use nix::time::{ClockId, clock_gettime};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
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

/// Has systemd keep these descriptors, under this name, for the next agent.
pub fn keep(name: &str, descriptors: &[BorrowedFd<'_>]) {
    // systemd is not to look whether their other ends are closed: a controller has none.
    let states = [NotifyState::Fdstore, NotifyState::Fdname(name.to_owned()), NotifyState::FdpollDisable];
    let descriptors: Vec<_> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
    if let Err(error) = daemon::notify_with_fds(false, &states, &descriptors) {
        tracing::warn!(name, %error, "systemd keeps no descriptors for the next agent");
    }
}

/// Has systemd close the descriptors that it keeps under this name.
pub fn release(name: &str) {
    send(&[NotifyState::FdstoreRemove, NotifyState::Fdname(name.to_owned())]);
}

/// Takes the descriptors that systemd has kept, with their names, and removes what tells of them from the environment. To
/// be called once, before there are threads. No program that the agent starts gets them.
pub fn kept() -> Vec<(String, OwnedFd)> {
    let received = receive_descriptors_with_names(true).unwrap_or_else(|error| {
        tracing::warn!(%error, "what systemd has kept cannot be taken back");
        Vec::new()
    });
    let own = |(descriptor, name): (FileDescriptor, String)| {
        // SAFETY: systemd has opened it for this process alone, and nobody else takes it.
        (name, unsafe { OwnedFd::from_raw_fd(descriptor.into_raw_fd()) })
    };
    received.into_iter().map(own).collect()
}

fn send(states: &[NotifyState]) {
    if let Err(error) = daemon::notify(false, states) {
        tracing::warn!(%error, "systemd could not be notified");
    }
}
