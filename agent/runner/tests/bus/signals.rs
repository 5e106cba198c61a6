//! Signals to the program: go, and read the settings again.

use crate::client::{request, words};
use crate::process::Process;
use crate::world::World;
use nix::sys::signal::Signal;
use std::fs;

async fn max_sessions(process: &Process) -> String {
    words(&process.client.manager.capabilities().await.unwrap()["MaxSessions"])
}

fn settings(world: &World, text: &str) {
    let directory = world.directory.path().join("config/dillinger");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("runner.toml"), text).unwrap();
}

#[tokio::test]
async fn a_reload_takes_good_settings_and_keeps_the_last_good_ones() {
    let world = World::new().await;
    settings(&world, "[ceilings]\nMaxSessions = 3\n");
    let process = Process::start(&world).await;
    let mut changes = process.client.events().await;
    assert_eq!(max_sessions(&process).await, "U32(3)");
    for (text, expected) in [
        ("[ceilings]\nMaxSessions = 5\n", "U32(5)"),
        ("[ceilings]\nMaxSessions = many\n", "U32(5)"),
        ("[ceilings]\nMaxSessions = 0\n", "U32(5)"),
        ("[ceilings]\nMaxSessions = 7\n", "U32(7)"),
    ] {
        settings(&world, text);
        process.signal(Signal::SIGHUP);
        let told = changes.until(|event| event.keys().contains(&"Capabilities")).await;
        assert_eq!(told.len(), 1);
        assert_eq!(max_sessions(&process).await, expected, "{text}");
        let findings = process.client.manager.diagnose().await.unwrap();
        let finding = findings.iter().find(|finding| words(&finding["Id"]) == "settings").unwrap();
        let wrong = text.contains("many") || text.contains("= 0");
        assert_eq!(words(&finding["Status"]) == "ok", !wrong, "{finding:?}");
        assert_eq!(words(&finding["Summary"]).contains("runner.toml:2"), wrong, "{finding:?}");
    }
}

#[tokio::test]
async fn the_program_goes_and_its_sessions_stay() {
    let world = World::new().await;
    let agent = world.agent().await;
    let mut events = agent.client.events().await;
    let session = agent.client.start(&request()).await.unwrap();
    events.until_state("running").await;
    agent.crash().await;
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let process = Process::start(&world).await;
        let status = process.end(signal).await;
        assert!(status.success(), "{status:?}");
        assert_eq!(world.systemd.active().len(), 2, "the unit and its slice");
    }
    let process = Process::start(&world).await;
    assert_eq!(process.client.session(&session.path).await.proxy.state().await.unwrap(), "running");
    assert_eq!(world.systemd.count("StopUnit"), 0);
}

#[tokio::test]
async fn a_second_agent_goes_away_and_touches_nothing() {
    let world = World::new().await;
    let process = Process::start(&world).await;
    // To a second agent this would be something that a crash has left.
    fs::create_dir_all(world.paths.session("ffffffffffffffffffffffffffffffff")).unwrap();
    let second = Process::spawn(&world).wait_with_output().await.unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains("another agent of this user owns org.dillinger.Runner1"), "{said}");
    assert_eq!(world.leftovers().len(), 1);
    process.client.manager.list_sessions().await.unwrap();
}
