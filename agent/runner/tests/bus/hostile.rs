//! A client that means harm can neither crash nor stall the agent, nor make it grow.

mod calls;
mod raw;

use crate::client::{Session, request};
use crate::process::Process;
use crate::world::{World, eventually};
use calls::Calls;
use dillinger_runner_api::proxy::Options;
use dillinger_runner_api::{Error, names};
use raw::RawClient;
use std::fs;
use std::time::Duration;
use zbus::{OwnedFd, Variant};

/// How much larger the program may be after an attack than before, in KiB.
const GROWTH_MAX_KIB: u64 = 80 << 10;
/// How long a well-meant call may take after one.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Streams that the agent gives away at a time.
const STREAMS: usize = 64;

struct Attack {
    world: World,
    process: Process,
    session: Session,
    before_kib: u64,
}

impl Attack {
    /// The program with one session, which it adopted.
    async fn begin() -> Self {
        let world = World::new().await;
        let agent = world.agent().await;
        let mut events = agent.client.events().await;
        let session = agent.client.start(&request()).await.unwrap();
        events.until_state("running").await;
        agent.crash().await;
        let cgroup = world.directory.path().join("cgroup");
        fs::create_dir(&cgroup).unwrap();
        fs::write(cgroup.join("memory.current"), "4096\n").unwrap();
        // The program reads below the real hierarchy alone; this leads out of it.
        world.systemd.set_control_group(&session.unit, &format!("/../../..{}", cgroup.display()));
        let process = Process::start(&world).await;
        let session = process.client.session(&session.path).await;
        assert_eq!(session.proxy.state().await.unwrap(), "running");
        let before_kib = process.resident_kib();
        Self { world, process, session, before_kib }
    }

    fn calls(&self) -> Calls<'_> {
        Calls { bus: &self.process.client.bus, session: self.session.path.as_str() }
    }

    /// The program lives, answers in time, has its session, and is not much larger.
    async fn end(mut self) {
        assert!(self.process.lives());
        let answer = tokio::time::timeout(ANSWER_MAX, self.process.client.manager.list_sessions());
        let listed = answer.await.expect("an answer in time").unwrap();
        assert_eq!(listed.len(), 1, "{listed:?}");
        let mut events = self.process.client.events().await;
        self.session.proxy.stop(&Options::new()).await.unwrap();
        events.until_state("ended").await;
        self.world.clean().await;
        let process = &self.process;
        let limit = self.before_kib + GROWTH_MAX_KIB;
        eventually("the program is small again", || process.resident_kib() < limit).await;
    }
}

#[tokio::test]
async fn wrong_types_everywhere() {
    let attack = Attack::begin().await;
    attack.calls().wrong_bodies().await;
    attack.calls().wrong_values().await;
    attack.calls().wrong_objects().await;
    attack.end().await;
}

#[tokio::test]
async fn huge_values() {
    let attack = Attack::begin().await;
    attack.calls().huge().await;
    attack.end().await;
}

#[tokio::test]
async fn thousands_of_calls_whose_answers_nobody_reads() {
    let attack = Attack::begin().await;
    let mut client = RawClient::connect(&attack.world.bus.address);
    for number in 0..2500 {
        client.call(names::MANAGER_PATH, names::MANAGER_INTERFACE, "ListSessions", &());
        let request = Options::from([("Command", vec!["/bin/true"].into()), ("Title", format!("{number}").into())]);
        client.call(names::MANAGER_PATH, names::MANAGER_INTERFACE, "Explain", &request);
        client.call(attack.session.path.as_str(), names::SESSION_INTERFACE, "ReadMetrics", &());
        let request = Options::from([("Speed", number.into())]);
        client.call(names::MANAGER_PATH, names::MANAGER_INTERFACE, "StartSession", &request);
    }
    attack.end().await;
    drop(client);
}

#[tokio::test]
async fn clients_that_vanish() {
    let attack = Attack::begin().await;
    for number in 0..200 {
        let mut client = RawClient::connect(&attack.world.bus.address);
        let path = attack.session.path.as_str();
        match number % 4 {
            0 => client.call(path, names::SESSION_INTERFACE, "WatchMetrics", &100_000u64),
            1 => client.call(path, names::SESSION_INTERFACE, "OpenLog", &Options::from([("Follow", true.into())])),
            2 => client.call(names::MANAGER_PATH, names::MANAGER_INTERFACE, "StartSession", &Options::new()),
            _ => client.half_a_call(names::MANAGER_PATH, names::MANAGER_INTERFACE, "ListSessions"),
        }
    }
    let process = &attack.process;
    let before = 40;
    eventually("streams without a reader are closed", || process.open_files() < before).await;
    attack.end().await;
}

#[tokio::test]
async fn streams_that_nobody_reads() {
    let attack = Attack::begin().await;
    let files = attack.process.open_files();
    let session = &attack.session.proxy;
    let mut streams: Vec<OwnedFd> = Vec::new();
    let refused = loop {
        let opened = match streams.len() % 2 {
            0 => session.watch_metrics(100_000).await,
            _ => session.open_log(&Options::from([("Follow", Variant::from(true))])).await,
        };
        match opened {
            Ok(stream) => streams.push(stream),
            Err(error) => break error,
        }
    };
    assert_eq!((refused.short_name().as_str(), streams.len()), ("Busy", STREAMS));
    assert!(matches!(refused, Error::Busy(_)));
    drop(streams);
    let process = &attack.process;
    eventually("streams without a reader are closed", || process.open_files() <= files).await;
    session.watch_metrics(100_000).await.unwrap();
    attack.end().await;
}
