//! A deadline for the X server: 8 seconds.
//!
//! The window manager asks it and waits for the answer, and writes to it and waits until it reads. If that lasts too long, its
//! connections are closed, so that the waiting ends.

use crate::server::Server;
use anyhow::Context;
use rustix::net::Shutdown;
use smithay::reexports::calloop::LoopHandle;
use smithay::reexports::calloop::ping::{Ping, make_ping};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Between two looks at whether the display waits.
const PAUSE: Duration = Duration::from_secs(2);
/// How long it may wait: so many of these. Not one long time: all of the container may have slept in it.
const STEP: Duration = Duration::from_millis(250);
const MOST_STEPS: u32 = 32;

/// Watches the event loop, for as long as the program runs.
pub(super) fn watch(events: &LoopHandle<'static, Server>, connections: Vec<OwnedFd>) -> anyhow::Result<()> {
    let (ping, source) = make_ping().context("no ping")?;
    let awake = Arc::new(AtomicBool::new(false));
    let said = Arc::clone(&awake);
    let pinged = move |(), (): &mut (), _: &mut Server| said.store(true, Ordering::Relaxed);
    events.insert_source(source, pinged).map_err(|error| error.error).context("no event source")?;
    let look = move || {
        while answers(&ping, &awake) {
            std::thread::sleep(PAUSE);
        }
        tracing::error!("Xwayland does not answer");
        for connection in &connections {
            let _ = rustix::net::shutdown(connection, Shutdown::Both);
        }
    };
    std::thread::Builder::new().name("x11-deadline".to_owned()).spawn(look).context("no thread")?;
    Ok(())
}

/// Whether the event loop runs.
fn answers(ping: &Ping, awake: &AtomicBool) -> bool {
    ping.ping();
    (0..MOST_STEPS).any(|_| {
        std::thread::sleep(STEP);
        awake.swap(false, Ordering::Relaxed)
    })
}
