//! What the tests are made of: the display server with a streamer, programs of both kinds, and what they draw.

pub(crate) mod canvas;
pub(crate) mod display;
mod heard;
pub(crate) mod program;
pub(crate) mod state;
pub(crate) mod window;
pub(crate) mod x11;

use std::time::{Duration, Instant};

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until something is so. Only for what tells nobody when it changes.
pub(crate) fn until(what: &str, mut is: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < end, "not so in time: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
