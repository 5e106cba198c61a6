//! An agent that goes without a word, and the next one.

use crate::client::{Event, ID, Session, request, request_with_id};
use crate::systemd::{End, Start};
use crate::world::{Agent, World};
use dillinger_runner_api::proxy::Options;
use std::fs;

async fn running() -> (World, Agent, Session) {
    let world = World::new().await;
    let agent = world.agent().await;
    let mut events = agent.client.events().await;
    let session = agent.client.start(&request_with_id()).await.unwrap();
    events.until_state("running").await;
    (world, agent, session)
}

/// How the next agent has the session.
async fn outcome(agent: &Agent, session: &Session) -> (String, String, i32) {
    let seen = agent.client.session(&session.path).await.proxy;
    (seen.state().await.unwrap(), seen.outcome().await.unwrap(), seen.exit_status().await.unwrap())
}

fn ended(outcome: &str, status: i32) -> (String, String, i32) {
    ("ended".to_owned(), outcome.to_owned(), status)
}

#[tokio::test]
async fn a_running_session_goes_on() {
    let (world, agent, session) = running().await;
    let (started, created) =
        (session.proxy.started_timestamp().await.unwrap(), session.proxy.created_timestamp().await.unwrap());
    agent.crash().await;
    let agent = world.agent().await;
    assert_eq!(outcome(&agent, &session).await, ("running".to_owned(), String::new(), 0));
    let mut events = agent.client.events().await;
    let seen = agent.client.session(&session.path).await;
    assert_eq!(seen.proxy.started_timestamp().await.unwrap(), started);
    assert_eq!(seen.proxy.created_timestamp().await.unwrap(), created);
    assert!(!seen.proxy.control_group().await.unwrap().is_empty());
    assert_eq!(agent.client.start(&request_with_id()).await.unwrap().path, session.path, "the same request");
    world.systemd.end(&session.unit, End::Exit(7)).await;
    events.until_state("ended").await;
    assert_eq!(outcome(&agent, &session).await, ended("failed", 7));
    world.clean().await;
    assert_eq!(world.systemd.count("StartUnit"), 1);
}

#[tokio::test]
async fn a_paused_session_is_still_paused() {
    let (world, agent, session) = running().await;
    session.proxy.pause().await.unwrap();
    agent.crash().await;
    let agent = world.agent().await;
    assert_eq!(outcome(&agent, &session).await.0, "paused");
    let mut events = agent.client.events().await;
    agent.client.session(&session.path).await.proxy.stop(&Options::new()).await.unwrap();
    events.until_state("ended").await;
    assert_eq!(outcome(&agent, &session).await, ended("stopped", 143));
}

#[tokio::test]
async fn a_starting_session_goes_on() {
    let world = World::new().await;
    world.systemd.set(|behaviour| behaviour.start = Start::Holds);
    let agent = world.agent().await;
    let session = agent.client.start(&request_with_id()).await.unwrap();
    world.systemd.until_state(&session.unit, "activating").await;
    agent.crash().await;
    let agent = world.agent().await;
    assert_eq!(outcome(&agent, &session).await.0, "starting");
    let mut events = agent.client.events().await;
    world.systemd.up(&session.unit).await;
    events.until_state("running").await;
}

#[tokio::test]
async fn an_end_meanwhile_is_known() {
    for (end, expected) in
        [(End::Exit(0), ended("exited", 0)), (End::Signal(11), ended("killed", 11)), (End::Oom, ended("oom-kill", 9))]
    {
        let (world, agent, session) = running().await;
        agent.crash().await;
        world.systemd.end(&session.unit, end).await;
        world.systemd.collect();
        let agent = world.agent().await;
        assert_eq!(outcome(&agent, &session).await, expected);
        assert!(agent.client.ended(&session.id).await.is_some());
        world.clean().await;
        let again = agent.client.start(&request_with_id()).await.unwrap();
        assert_eq!(again.path, session.path, "the same request finds the ended session while it is listed");
        assert_eq!(world.systemd.count("StartUnit"), 1);
    }
}

#[tokio::test]
async fn a_stop_that_was_asked_for_is_one_whoever_sees_it() {
    let (world, agent, session) = running().await;
    agent.crash().await;
    world.systemd.stop(&session.unit, "success").await;
    let agent = world.agent().await;
    assert_eq!(outcome(&agent, &session).await, ended("stopped", 143));
}

#[tokio::test]
async fn an_end_is_told_once_however_often_the_agent_goes() {
    let (world, agent, session) = running().await;
    world.systemd.end(&session.unit, End::Exit(3)).await;
    agent.crash().await;
    for _ in 0..3 {
        let agent = world.agent().await;
        assert_eq!(outcome(&agent, &session).await, ended("failed", 3));
        let ended = agent.client.manager.list_ended(&Options::new()).await.unwrap();
        assert_eq!(ended.len(), 1);
        agent.crash().await;
    }
    world.clean().await;
}

#[tokio::test]
async fn another_boot_means_lost() {
    let (world, agent, session) = running().await;
    agent.crash().await;
    world.systemd.reboot();
    fs::remove_dir_all(world.paths.units()).unwrap();
    fs::remove_dir_all(world.paths.sessions()).unwrap();
    let file = world.paths.state.join(format!("sessions/{ID}.json"));
    let mut record: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    record["boot_id"] = "00000000-0000-0000-0000-000000000000".into();
    fs::write(&file, record.to_string()).unwrap();
    let agent = world.agent().await;
    assert_eq!(outcome(&agent, &session).await, ended("lost", 0));
    world.clean().await;
}

#[tokio::test]
async fn a_user_manager_that_was_killed_means_lost() {
    let (world, agent, session) = running().await;
    agent.crash().await;
    world.systemd.reboot();
    for directory in [world.paths.units(), world.paths.sessions(), world.paths.quadlets()] {
        fs::remove_dir_all(directory).unwrap();
    }
    let agent = world.agent().await;
    assert_eq!(outcome(&agent, &session).await, ended("lost", 0));
    world.clean().await;
}

#[tokio::test]
async fn what_has_no_record_is_removed() {
    let (world, agent, session) = running().await;
    agent.crash().await;
    fs::remove_file(world.paths.state.join(format!("sessions/{ID}.json"))).unwrap();
    let other = world.paths.sessions().join("ffffffffffffffffffffffffffffffff");
    fs::create_dir_all(&other).unwrap();
    let agent = world.agent().await;
    assert_eq!(world.leftovers(), Vec::<String>::new());
    assert_eq!(agent.client.manager.list_sessions().await.unwrap(), []);
    assert!(world.systemd.calls().contains(&format!("StopUnit dillinger-session-{}.slice", session.id)));
}

#[tokio::test]
async fn a_broken_record_hides_no_other() {
    let (world, agent, session) = running().await;
    agent.crash().await;
    fs::write(world.paths.state.join("sessions/ffffffffffffffffffffffffffffffff.json"), "{").unwrap();
    fs::write(world.paths.state.join("ended/00000000000000000001-ffffffffffffffffffffffffffffffff.json"), "{").unwrap();
    let agent = world.agent().await;
    assert_eq!(outcome(&agent, &session).await.0, "running");
}

#[tokio::test]
async fn in_the_middle_of_a_start() {
    let world = World::new().await;
    let gate = world.systemd.hold_reloads();
    world.systemd.set(|behaviour| behaviour.sees = crate::systemd::Sees::Reloaded);
    let agent = world.agent().await;
    let (manager, first) = (agent.client.manager.clone(), request_with_id());
    let call = tokio::spawn(async move { manager.start_session(&first).await });
    world.systemd.called_times("Reload", 1).await;
    agent.crash().await;
    assert!(call.await.unwrap().is_err());
    gate.add_permits(100);
    let agent = world.agent().await;
    world.clean().await;
    assert_eq!(world.systemd.count("StartUnit"), 0);
    let listed = agent.client.manager.list_sessions().await.unwrap();
    assert!(listed.iter().all(|(_, _, state)| state == "ended"), "{listed:?}");
    let mut events = agent.client.events().await;
    agent.client.start(&request()).await.unwrap();
    let told = events.until_state("running").await;
    assert!(told.iter().any(|event| matches!(event, Event::Added(_))));
}
