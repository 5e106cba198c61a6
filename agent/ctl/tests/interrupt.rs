//! Interrupts of `run`, in a process of their own: every command in it would notice them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod fake;

use fake::world;
use nix::sys::signal::{Signal, raise};
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn an_interrupt_stops_the_game() {
    let world = world().await;
    let run = world.ctl(&["run", "--", "/waits"]);
    let interrupt = async {
        while !world.calls().iter().any(|call| call.starts_with("start")) {
            tokio::task::yield_now().await;
        }
        // The handler was installed before the start.
        raise(Signal::SIGTERM).unwrap();
    };
    let ((result, _, err), ()) =
        tokio::time::timeout(DEADLINE, async { tokio::join!(run, interrupt) }).await.expect("run did not end");
    assert_eq!(result.unwrap(), 0);
    assert!(err.contains("interrupt again to kill"), "{err}");
    assert!(world.calls().contains(&"stop 01234567".to_owned()));
}
