//! Starting without a reload, and with one where systemd needs it.

use crate::client::{request, request_with_id};
use crate::podman::Generator;
use crate::systemd::Sees;
use crate::world::{World, eventually};
use futures_util::future::join_all;

/// Starts that the settings permit, at once.
const MANY: usize = 20;
const SETTINGS: &str = "[ceilings]\nMaxSessions = 100\n";

#[tokio::test]
async fn none_where_systemd_sees_the_files() {
    let world = World::with(SETTINGS, Generator::Works).await;
    let agent = world.agent().await;
    let request = request();
    let starts = join_all((0..MANY).map(|_| agent.client.manager.start_session(&request))).await;
    assert!(starts.iter().all(Result::is_ok), "{starts:?}");
    assert_eq!((world.systemd.count("StartUnit"), world.systemd.count("Reload")), (MANY, 0));
    assert_eq!(world.systemd.count("LoadUnit"), MANY, "one look for each unit");
}

#[tokio::test]
async fn a_touch_is_tried_first() {
    let world = World::new().await;
    world.systemd.set(|behaviour| behaviour.sees = Sees::Touched);
    let agent = world.agent().await;
    let session = agent.client.start(&request()).await.unwrap();
    assert_eq!((world.systemd.count("LoadUnit"), world.systemd.count("Reload")), (2, 0));
    assert!(world.systemd.calls().contains(&format!("StartUnit {}", session.unit)));
}

#[tokio::test]
async fn one_where_a_touch_does_not_help() {
    let world = World::new().await;
    world.systemd.set(|behaviour| behaviour.sees = Sees::Reloaded);
    let agent = world.agent().await;
    agent.client.start(&request()).await.unwrap();
    assert_eq!((world.systemd.count("Reload"), world.systemd.count("StartUnit")), (1, 1));
}

#[tokio::test]
async fn many_who_need_one_share_it() {
    let world = World::with(SETTINGS, Generator::Works).await;
    world.systemd.set(|behaviour| behaviour.sees = Sees::Reloaded);
    let gate = world.systemd.hold_reloads();
    let agent = world.agent().await;
    let request = request();
    let starts = join_all((0..MANY).map(|_| agent.client.manager.start_session(&request)));
    let release = async {
        // All have looked twice: all need a reload now, while the first is under way.
        eventually("every start looked twice", || world.systemd.count("LoadState") >= 2 * MANY).await;
        // The agent has read what the bus gave it before this.
        agent.client.manager.list_sessions().await.unwrap();
        gate.add_permits(MANY);
    };
    let (starts, ()) = tokio::join!(starts, release);
    assert!(starts.iter().all(Result::is_ok), "{starts:?}");
    let reloads = world.systemd.count("Reload");
    assert!((1..=2).contains(&reloads), "{reloads}");
}

#[tokio::test]
async fn always_where_the_settings_say_so() {
    let world = World::with("[systemd]\nDaemonReload = \"always\"\n", Generator::Works).await;
    let agent = world.agent().await;
    agent.client.start(&request()).await.unwrap();
    agent.client.start(&request()).await.unwrap();
    assert_eq!((world.systemd.count("Reload"), world.systemd.count("StartUnit")), (2, 2));
}

#[tokio::test]
async fn a_refused_one_is_told_and_leaves_nothing() {
    for (sees, refuses) in [(Sees::Reloaded, true), (Sees::Never, false)] {
        let world = World::new().await;
        world.systemd.set(|behaviour| (behaviour.sees, behaviour.refuses_reload) = (sees, refuses));
        let agent = world.agent().await;
        let error = agent.client.start(&request_with_id()).await.err().unwrap();
        assert_eq!(error.short_name(), "SystemdFailed");
        let says = if refuses { "rate limiting" } else { "after a reload" };
        assert!(error.message().contains(says), "{error}");
        world.clean().await;
        assert_eq!((world.systemd.count("Reload"), world.systemd.count("StartUnit")), (1, 0));
        assert_eq!(agent.client.manager.list_sessions().await.unwrap(), []);
    }
}
