//! Pause, limits and signals of living sessions.

use crate::client::{Client, Events, Session, request};
use crate::podman::Generator;
use crate::systemd::Start;
use crate::world::{Agent, World};
use dillinger_runner_api::proxy::Options;
use zbus::Variant;

async fn running(settings: &str) -> (World, Agent, Events, Session) {
    let world = World::with(settings, Generator::Works).await;
    let agent = world.agent().await;
    let mut events = agent.client.events().await;
    let session = agent.client.start(&request()).await.unwrap();
    events.until_state("running").await;
    (world, agent, events, session)
}

fn limits(entries: &[(&'static str, u64)]) -> Options<'static> {
    entries.iter().map(|(key, value)| (*key, Variant::from(*value))).collect()
}

#[tokio::test]
async fn pause_and_resume() {
    let (world, _agent, mut events, session) = running("").await;
    session.proxy.resume().await.unwrap();
    session.proxy.pause().await.unwrap();
    session.proxy.pause().await.unwrap();
    let told = events.until_state("paused").await;
    assert_eq!(told.last().unwrap().keys(), ["State"]);
    assert_eq!(world.systemd.count("FreezeUnit"), 1);
    session.proxy.resume().await.unwrap();
    session.proxy.resume().await.unwrap();
    assert_eq!(events.until_state("running").await.last().unwrap().keys(), ["State"]);
    let thawed = format!("ThawUnit dillinger-session-{}.slice", session.id);
    assert_eq!(world.systemd.calls().iter().filter(|call| **call == thawed).count(), 1);
    world.systemd.set(|behaviour| behaviour.refuses_freeze = true);
    assert_eq!(session.proxy.pause().await.unwrap_err().short_name(), "SystemdFailed");
    assert_eq!(session.proxy.state().await.unwrap(), "running");
}

#[tokio::test]
async fn not_before_it_runs() {
    let world = World::new().await;
    world.systemd.set(|behaviour| behaviour.start = Start::Holds);
    let agent = world.agent().await;
    let session = agent.client.start(&request()).await.unwrap();
    for refused in [session.proxy.pause().await, session.proxy.kill(15).await] {
        assert_eq!(refused.unwrap_err().short_name(), "Busy");
    }
    assert_eq!(session.proxy.read_metrics().await.unwrap_err().short_name(), "Busy");
    for signal in [0, -1, 65, i32::MIN, i32::MAX] {
        assert_eq!(session.proxy.kill(signal).await.unwrap_err().short_name(), "InvalidRequest", "{signal}");
    }
}

#[tokio::test]
async fn limits_change_all_or_none() {
    let (world, agent, mut events, session) = running("[ceilings]\nMemoryMax = \"1G\"\n").await;
    let set = async |entries: &[(&'static str, u64)]| session.proxy.set_limits(&limits(entries)).await;
    set(&[("MemoryMax", 512 << 20), ("TasksMax", 64)]).await.unwrap();
    let told = events.next().await;
    assert_eq!(told.keys(), ["MemoryMax", "TasksMax"]);
    assert_eq!(session.proxy.memory_max().await.unwrap(), 512 << 20);
    for (entries, error) in [
        (vec![("TasksMax", 32), ("MemoryMax", 2 << 30)], "LimitExceeded"),
        (vec![("TasksMax", 32), ("MemoryMax", u64::MAX)], "LimitExceeded"),
        (vec![("TasksMax", 32), ("IOWeight", 100)], "Unsupported"),
        (vec![("TasksMax", 0)], "InvalidRequest"),
        (vec![("TasksMax", 32), ("Speed", 1)], "UnknownKey"),
        (vec![("TasksMax", 32), ("RuntimeMaxUSec", 1_000_000)], "UnknownKey"),
    ] {
        assert_eq!(set(&entries).await.unwrap_err().short_name(), error, "{entries:?}");
    }
    let cpus = Options::from([("AllowedCPUs", Variant::from("0"))]);
    assert_eq!(session.proxy.set_limits(&cpus).await.unwrap_err().short_name(), "Unsupported");
    assert_eq!(session.proxy.tasks_max().await.unwrap(), 64);
    assert_eq!(world.systemd.count("SetUnitProperties"), 1);
    session.proxy.stop(&Options::new()).await.unwrap();
    events.until_state("ended").await;
    world.clean().await;
    drop(agent);
}

#[tokio::test]
async fn nothing_asked_changes_nothing() {
    let (world, agent, _events, session) = running("").await;
    session.proxy.set_limits(&Options::new()).await.unwrap();
    let client = Client::new(&world.bus.address).await;
    let same = client.session(&session.path).await;
    assert_eq!(same.proxy.tasks_max().await.unwrap(), u64::MAX);
    drop(agent);
}
