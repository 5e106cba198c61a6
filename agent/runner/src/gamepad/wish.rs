//! The virtual controllers that a session wants: found to be possible, then
//! made.

use super::{Missing, Pad, check, create_pads, device};
use dillinger_runner_core::host::GamepadFact;
use dillinger_runner_core::spec::SessionSpec;
use std::io;
use std::path::Path;

fn wanted(spec: &SessionSpec) -> u32 {
    spec.stream.as_ref().map_or(0, |stream| stream.gamepads)
}

/// Whether this host can have what the session wants. Makes nothing.
pub fn found(root: &Path, spec: &SessionSpec) -> GamepadFact {
    if wanted(spec) == 0 {
        return GamepadFact::NotAsked;
    }
    check(&device(root)).map_or_else(|missing| GamepadFact::Missing(missing.to_string()), |()| GamepadFact::Possible)
}

/// Makes what the session wants, and tells what the game is to be given. Each
/// controller lasts as long as its descriptor.
pub async fn make(root: &Path, spec: &SessionSpec) -> (GamepadFact, Vec<Pad>) {
    let (device, count) = (device(root), wanted(spec));
    let made = tokio::task::spawn_blocking(move || create_pads(&device, count)).await;
    match made.unwrap_or_else(|error| Err(Missing::Refused(io::Error::other(error)))) {
        Ok(pads) => (GamepadFact::Made(pads.iter().map(Pad::event_node).collect()), pads),
        Err(missing) => (GamepadFact::Missing(missing.to_string()), Vec::new()),
    }
}
