//! Many starts, the same start twice, and what a client sees of the set of sessions.

use crate::client::{Event, ID, request, request_with_id};
use crate::podman::Generator;
use crate::systemd::{End, Start};
use crate::world::{World, eventually};
use dillinger_runner_api::proxy::Options;
use futures_util::future::join_all;
use std::collections::BTreeSet;

#[tokio::test]
async fn the_same_request_twice_at_once_is_one_session() {
    let world = World::new().await;
    let agent = world.agent().await;
    let request = request_with_id();
    let calls = (0..10).map(|_| agent.client.manager.start_session(&request));
    let paths: BTreeSet<_> = join_all(calls).await.into_iter().map(|path| path.unwrap().to_string()).collect();
    assert_eq!(paths.len(), 1);
    assert_eq!(world.systemd.count("StartUnit"), 1);
    let dashed = "01234567-89AB-CDEF-0123-456789ABCDEF";
    let mut again = request_with_id();
    again.insert("Id", dashed.into());
    assert_eq!(agent.client.start(&again).await.unwrap().id, ID);
    assert_eq!(agent.client.manager.list_sessions().await.unwrap().len(), 1);
    assert_eq!(agent.client.manager.get_session(dashed).await.unwrap().as_str(), paths.first().unwrap());
}

#[tokio::test]
async fn a_session_says_what_was_asked_for() {
    let world = World::new().await;
    let agent = world.agent().await;
    for (display, yes, shows) in [("stream", true, true), ("stream", false, true), ("none", true, false)] {
        let mut request = request();
        request.extend([("Display", display.into()), ("UserNamespaces", yes.into())]);
        if shows {
            request.extend([("FrameOnInput", yes.into()), ("FillDisplay", yes.into())]);
        }
        let session = agent.client.start(&request).await.unwrap().proxy;
        assert_eq!(session.user_namespaces().await.unwrap(), yes);
        let told = (session.frame_on_input().await.unwrap(), session.fill_display().await.unwrap());
        assert_eq!(told, (yes && shows, yes && shows), "{display}");
    }
    let session = agent.client.start(&request()).await.unwrap().proxy;
    assert!(!session.user_namespaces().await.unwrap());
}

#[tokio::test]
async fn an_id_is_used_once() {
    let world = World::with("[retention]\nEndedObjects = 0\n", Generator::Works).await;
    let agent = world.agent().await;
    let mut events = agent.client.events().await;
    let session = agent.client.start(&request_with_id()).await.unwrap();
    let mut other = request_with_id();
    other.insert("Title", "another".into());
    assert_eq!(agent.client.start(&other).await.err().unwrap().short_name(), "AlreadyExists");
    world.systemd.until_up(&session.unit).await;
    world.systemd.end(&session.unit, End::Exit(0)).await;
    events.until(|event| matches!(event, Event::Removed(..))).await;
    let again = agent.client.start(&request_with_id()).await.err().unwrap();
    assert_eq!(again.short_name(), "AlreadyExists");
    assert!(again.message().contains("has ended already"), "{again}");
}

#[tokio::test]
async fn no_more_sessions_than_the_settings_permit() {
    let world = World::with("[ceilings]\nMaxSessions = 3\n", Generator::Works).await;
    let agent = world.agent().await;
    let request = request();
    let calls = (0..8).map(|_| agent.client.manager.start_session(&request));
    let (started, refused): (Vec<_>, Vec<_>) = join_all(calls).await.into_iter().partition(Result::is_ok);
    assert_eq!((started.len(), refused.len()), (3, 5));
    for refused in refused {
        assert_eq!(refused.unwrap_err().short_name(), "LimitExceeded");
    }
    let one = agent.client.session(started[0].as_ref().unwrap()).await;
    let mut events = agent.client.events().await;
    world.systemd.until_up(&one.unit).await;
    world.systemd.end(&one.unit, End::Exit(0)).await;
    events.until_state("ended").await;
    // An ended one that is still listed does not count.
    eventually("the place of an ended session", || !world.leftovers().iter().any(|left| left.contains(&one.id))).await;
    agent.client.start(&request).await.unwrap();
}

#[tokio::test]
async fn ended_sessions_go_after_a_while() {
    for retention in ["0", "\"100ms\""] {
        let settings = format!("[retention]\nEndedObjects = {retention}\n");
        let world = World::with(&settings, Generator::Works).await;
        world.systemd.set(|behaviour| behaviour.start = Start::EndsAtOnce(7));
        let agent = world.agent().await;
        let mut events = agent.client.events().await;
        let session = agent.client.start(&request()).await.unwrap();
        let told = events.until(|event| matches!(event, Event::Removed(..))).await;
        assert_eq!(told.last(), Some(&Event::Removed(session.id.clone(), "failed".to_owned())));
        let interfaces = vec!["org.dillinger.Runner1.Session".to_owned()];
        assert!(told.contains(&Event::InterfacesRemoved(session.path.to_string(), interfaces)), "{told:#?}");
        assert_eq!(agent.client.manager.list_sessions().await.unwrap(), []);
        assert_eq!(agent.client.manager.get_session(&session.id).await.unwrap_err().short_name(), "NoSuchSession");
        assert!(agent.client.ended(&session.id).await.is_some());
        world.clean().await;
    }
}

#[tokio::test]
async fn records_are_bounded_and_newest_first() {
    let world = World::with("[retention]\nEndedRecords = 3\n", Generator::Works).await;
    world.systemd.set(|behaviour| behaviour.start = Start::EndsAtOnce(0));
    let agent = world.agent().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        let mut events = agent.client.events().await;
        let mut request = request();
        request.insert("GameId", format!("game {}", number % 2).into());
        ids.push(agent.client.start(&request).await.unwrap().id);
        events.until_state("ended").await;
        world.clean().await;
    }
    let listed = async |options: Options<'static>| -> Vec<String> {
        let ended = agent.client.manager.list_ended(&options).await.unwrap();
        ended.iter().map(|record| crate::client::words(&record["Id"])).collect()
    };
    let newest: Vec<String> = ids.iter().rev().take(3).cloned().collect();
    assert_eq!(listed(Options::new()).await, newest);
    assert_eq!(listed(Options::from([("Limit", 1u32.into())])).await, newest[..1]);
    assert_eq!(listed(Options::from([("GameId", "game 1".into())])).await, newest[1..2]);
    assert_eq!(listed(Options::from([("SinceUSec", u64::MAX.into())])).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_explanation_is_what_a_start_installs_and_touches_nothing() {
    let world = World::new().await;
    let agent = world.agent().await;
    let explained = agent.client.manager.explain(&request_with_id()).await.unwrap();
    assert_eq!(world.leftovers(), Vec::<String>::new());
    assert_eq!(world.systemd.calls(), ["Subscribe", "ListUnitsByPatterns"]);
    let units: std::collections::HashMap<String, String> = explained["Units"].try_clone().unwrap().try_into().unwrap();
    let session = agent.client.start(&request_with_id()).await.unwrap();
    assert_eq!(units.len(), 2);
    for (name, text) in units {
        let directory = if name.ends_with(".slice") { world.paths.units() } else { world.paths.quadlets() };
        assert_eq!(std::fs::read_to_string(directory.join(&name)).unwrap(), text, "{name}");
    }
    assert_eq!(crate::client::words(&explained["Unit"]), session.unit);
}
