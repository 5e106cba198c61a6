//! What paused sessions need when the user manager goes down.

use super::handle::Command;
use super::registry::RegistryHandle;
use dillinger_runner_core::lifecycle::State;
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;

/// Less than the agent itself has to stop.
const DEADLINE: Duration = Duration::from_secs(8);

/// Stops the paused sessions and awaits their ends. systemd gives up the stop
/// of a frozen unit: at a logout it would kill them untold and unrecorded.
pub async fn stop_paused(registry: &RegistryHandle) {
    let views = registry.list().await.unwrap_or_default();
    let paused: Vec<_> = views.into_iter().filter(|view| view.state() == State::Paused).collect();
    let stops = paused.into_iter().map(async |view| {
        let stopped = async { registry.get(view.id()).await?.call(Command::Stop).await };
        match stopped.await {
            Ok(()) => Arc::clone(&view).ended().await,
            Err(error) => tracing::warn!(session = %view.id(), %error, "stopping a paused session"),
        }
    });
    if tokio::time::timeout(DEADLINE, join_all(stops)).await.is_err() {
        tracing::warn!("paused sessions are still being stopped");
    }
}
