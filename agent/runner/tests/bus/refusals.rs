//! Starts that cannot be: a typed error, and nothing is left.

use crate::client::{Event, request};
use crate::podman::Generator;
use crate::systemd::{Sees, Start};
use crate::world::World;
use dillinger_runner_api::proxy::Options;
use zbus::Variant;

async fn refused(world: &World, request: &Options<'_>) -> (String, String) {
    let agent = world.agent().await;
    let error = agent.client.start(request).await.err().expect("an error");
    world.clean().await;
    (error.short_name(), error.message())
}

#[tokio::test]
async fn by_the_generator() {
    for (generator, name, says) in [
        (Generator::Complains, "PodmanFailed", "unsupported key Whatever"),
        (Generator::Silent, "PodmanFailed", "it printed nothing"),
        (Generator::Dies, "PodmanFailed", "it printed nothing"),
        (Generator::Old, "Unsupported", "Podman 5.2.9 is too old"),
    ] {
        let world = World::with("", generator).await;
        let (error, message) = refused(&world, &request()).await;
        assert_eq!(error, name, "{generator:?}: {message}");
        assert!(message.contains(says), "{generator:?}: {message}");
        assert_eq!(world.systemd.count("StartUnit"), 0);
    }
}

#[tokio::test]
async fn without_a_generator() {
    let mut world = World::new().await;
    world.paths.generator = Some(world.directory.path().join("absent"));
    assert_eq!(refused(&world, &request()).await.0, "Unsupported");
}

#[tokio::test]
async fn on_cgroup_v1() {
    let mut world = World::new().await;
    world.paths.root = world.directory.path().join("old");
    let (error, message) = refused(&world, &request()).await;
    assert_eq!(error, "Unsupported");
    assert!(message.contains("cgroup v1"), "{message}");
}

#[tokio::test]
async fn by_systemd() {
    let world = World::new().await;
    world.systemd.set(|behaviour| behaviour.start = Start::Refused);
    let agent = world.agent().await;
    let mut events = agent.client.events().await;
    let error = agent.client.start(&request()).await.err().unwrap();
    assert_eq!(error.short_name(), "SystemdFailed");
    assert!(error.message().contains("Transaction is destructive"), "{error}");
    // It had appeared already, so its end is told.
    let told = events.until_state("ended").await;
    let Some(Event::Changed(_, values)) = told.last() else { panic!("{told:?}") };
    assert_eq!(values["Outcome"], "start-failed");
    assert!(values["OutcomeReason"].contains("Transaction is destructive"), "{values:?}");
    let listed = agent.client.manager.list_sessions().await.unwrap();
    assert_eq!(listed.iter().map(|(_, _, state)| state.as_str()).collect::<Vec<_>>(), ["ended"]);
    assert!(agent.client.ended(&listed[0].0).await.is_some());
    world.clean().await;
}

#[tokio::test]
async fn by_what_the_host_lacks() {
    let world = World::new().await;
    let agent = world.agent().await;
    let with = |key: &'static str, value: Variant<'static>| {
        let mut request = request();
        request.insert(key, value);
        request
    };
    let mount = |source: &str| with("Mounts", vec![(source.to_owned(), "/games".to_owned(), String::new())].into());
    let runtime = world.paths.runtime.to_str().unwrap();
    for (request, name, says) in [
        (with("Image", "localhost/absent:latest".into()), "ImageMissing", "localhost/absent:latest"),
        (with("Library", "absent".into()), "LibraryUnavailable", "absent"),
        (with("Library", "/absent/library".into()), "LibraryUnavailable", "/absent/library"),
        (mount("/absent"), "InvalidRequest", "/absent"),
        (mount(runtime), "InvalidRequest", "runtime directory"),
        (mount("/"), "InvalidRequest", "runtime directory"),
        (with("Saves", "/etc/passwd".into()), "InvalidRequest", "not a directory"),
        (with("IOWeight", 100u64.into()), "Unsupported", "controller io"),
        (with("AllowedCPUs", "0".into()), "Unsupported", "controller cpuset"),
        (with("Display", "wayland".into()), "Unsupported", "wayland"),
        (with("Gpus", vec!["nvidia.com/gpu=0"].into()), "Unsupported", "Gpus"),
        (with("RunnerVersion", "10.0".into()), "Unsupported", "no runner version"),
    ] {
        for error in [
            agent.client.manager.start_session(&request).await.err(),
            agent.client.manager.explain(&request).await.err(),
        ] {
            let error = error.unwrap_or_else(|| panic!("{request:?} was not refused"));
            assert_eq!(error.short_name(), name, "{request:?}: {error}");
            assert!(error.message().contains(says), "{error}");
        }
    }
    assert_eq!(world.leftovers(), Vec::<String>::new());
    assert_eq!(agent.client.manager.list_sessions().await.unwrap(), []);
}

#[tokio::test]
async fn a_failed_start_can_be_tried_again_with_its_id() {
    let world = World::new().await;
    world.systemd.set(|behaviour| behaviour.sees = Sees::Never);
    let agent = world.agent().await;
    let request = crate::client::request_with_id();
    assert_eq!(agent.client.start(&request).await.err().unwrap().short_name(), "SystemdFailed");
    world.clean().await;
    world.systemd.set(|behaviour| behaviour.sees = Sees::AtOnce);
    let mut events = agent.client.events().await;
    agent.client.start(&request).await.unwrap();
    events.until_state("running").await;
}
