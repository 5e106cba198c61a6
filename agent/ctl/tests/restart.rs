//! What commands do when the agent goes and comes back, on a message bus of their own.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fake;

use fake::{Calls, ID, agent_on, client_on};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(20);

/// A dbus-daemon(1) that ends with the test.
struct Bus {
    daemon: Child,
    address: String,
}

impl Bus {
    fn new() -> Self {
        let arguments = ["--session", "--nofork", "--print-address=1"];
        let mut daemon = Command::new("dbus-daemon")
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("this test needs dbus-daemon");
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { daemon, address: address.trim().to_owned() }
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.daemon.kill().unwrap();
        self.daemon.wait().unwrap();
    }
}

async fn called(calls: &Calls, start: &str) {
    while !calls.lock().unwrap().iter().any(|call| call.starts_with(start)) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn run_outlives_the_agent() {
    let bus = Bus::new();
    let calls = Calls::default();
    let agent = agent_on(&bus.address, &calls, &[]).await;
    let world = client_on(&bus.address, agent.clone(), calls.clone()).await;
    let run = world.ctl(&["run", "--", "/waits"]);
    let restart = async {
        called(&calls, "log None").await;
        agent.close().await.unwrap();
        // The game has ended while nobody was there to tell it.
        agent_on(&bus.address, &calls, &[(ID, "ended")]).await
    };
    let ((result, out, err), _agent) =
        tokio::time::timeout(DEADLINE, async { tokio::join!(Box::pin(run), Box::pin(restart)) })
            .await
            .expect("run did not end");
    assert_eq!(result.unwrap(), 0, "{err}");
    // What was written in the meantime is fetched from where the log broke off.
    assert!(calls.lock().unwrap().iter().any(|call| call.contains("log Some(\"c3\")")), "{calls:?}");
    assert!(out.starts_with("line 1\nline 2\nline 3\nline 4\nline 5\n"), "{out}");
}
