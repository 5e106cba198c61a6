//! Starting the user's Podman socket by its systemd unit.

use super::error::PodmanError;
use crate::systemd::{Error, JobResult, Systemd, UnitEvent};
use std::time::Duration;

/// The unit that Podman ships for users, see podman-system-service(1).
const UNIT: &str = "podman.socket";
/// How long its start may take; a socket unit only binds a socket.
const START_TIMEOUT: Duration = Duration::from_secs(15);

/// Starts `podman.socket` and waits until its start job has ended.
pub(super) async fn start(systemd: &Systemd) -> Result<(), PodmanError> {
    let started = tokio::time::timeout(START_TIMEOUT, start_unit(systemd)).await;
    let outcome = match started {
        Ok(Ok(Some(result))) if result == "done" => return Ok(()),
        Ok(Ok(Some(result))) => format!("its start job ended with {result:?}"),
        Ok(Ok(None)) => "the bus went away".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("it did not start within {} s", START_TIMEOUT.as_secs()),
    };
    let remedy = format!("see systemctl --user status {UNIT}");
    Err(PodmanError::Unavailable(format!("{UNIT} cannot be started: {outcome}; {remedy}")))
}

/// The result of the start job; `None` when the bus went away before.
async fn start_unit(systemd: &Systemd) -> Result<Option<JobResult>, Error> {
    // Watched before the call, or the end of a quick job would be missed.
    let mut watch = systemd.watch(UNIT).await?;
    systemd.start(UNIT).await?;
    while let Some(event) = watch.next().await {
        if let UnitEvent::JobRemoved(result) = event {
            return Ok(Some(result));
        }
    }
    Ok(None)
}
