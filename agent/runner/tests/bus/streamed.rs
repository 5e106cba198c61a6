//! Sessions with a display of their own: each order in which game and display come and go.

use crate::client::{Event, Events, ID, Session, request_with_id};
use crate::podman::{DISPLAY_IMAGE, WITHOUT_DISPLAY};
use crate::systemd::{End, Start};
use crate::world::{Agent, World};
use dillinger_runner_api::proxy::Options;
use std::os::unix::fs::PermissionsExt;
use zbus::Variant;

fn streamed(more: &[(&'static str, Variant<'static>)]) -> Options<'static> {
    let mut request = request_with_id();
    request.insert("Display", "stream".into());
    request.extend(more.iter().map(|(key, value)| (*key, value.try_clone().unwrap())));
    request
}

struct Case {
    world: World,
    agent: Agent,
    events: Events,
    session: Session,
}

impl Case {
    async fn new(display: Start, game: Start, more: &[(&'static str, Variant<'static>)]) -> Self {
        let world = World::new().await;
        world.systemd.set(|behaviour| (behaviour.display, behaviour.start) = (display, game));
        let agent = world.agent().await;
        let events = agent.client.events().await;
        let session = agent.client.start(&streamed(more)).await.unwrap();
        Self { world, agent, events, session }
    }

    async fn running(more: &[(&'static str, Variant<'static>)]) -> Self {
        let mut case = Self::new(Start::Runs, Start::Runs, more).await;
        case.events.until_state("running").await;
        case.session.proxy.resume().await.unwrap();
        case
    }

    /// Kills the agent; what `meanwhile` does, the next one has to find out.
    async fn unseen(self, meanwhile: impl AsyncFnOnce(&World, &Session)) -> Self {
        let Self { world, agent, session, .. } = self;
        agent.crash().await;
        meanwhile(&world, &session).await;
        let agent = world.agent().await;
        let events = agent.client.events().await;
        let session = agent.client.session(&session.path).await;
        Self { world, agent, events, session }
    }

    /// Outcome, status and reason, with nothing left behind.
    async fn finish(mut self) -> (String, i32, String) {
        let session = &self.session.proxy;
        if session.state().await.unwrap() != "ended" {
            self.events.until_state("ended").await;
        }
        self.world.clean().await;
        assert!(self.agent.client.ended(ID).await.is_some());
        let (outcome, status) = (session.outcome().await.unwrap(), session.exit_status().await.unwrap());
        (outcome, status, session.outcome_reason().await.unwrap())
    }

    async fn ends(self, outcome: &str, status: i32, words: &str) {
        let (found, code, reason) = self.finish().await;
        assert_eq!((found.as_str(), code), (outcome, status), "{reason}");
        assert!(reason.contains(words), "{reason}");
    }
}

#[tokio::test]
async fn the_game_ends() {
    for (end, outcome, status) in
        [(End::Exit(0), "exited", 0), (End::Exit(7), "failed", 7), (End::Signal(11), "killed", 11)]
    {
        let case = Case::running(&[]).await;
        case.world.systemd.end(&case.session.unit, end).await;
        case.ends(outcome, status, "").await;
    }
}

#[tokio::test]
async fn the_game_ends_before_anybody_could_look() {
    let case = Case::new(Start::Runs, Start::EndsAtOnce(7), &[]).await;
    case.ends("failed", 7, "").await;
}

#[tokio::test]
async fn the_display_has_a_private_directory() {
    let case = Case::running(&[]).await;
    for name in ["display", "display/X11-unix"] {
        let directory = case.world.paths.session(ID).join(name);
        assert_eq!(directory.metadata().unwrap().permissions().mode() & 0o777, 0o700, "{name}");
    }
}

#[tokio::test]
async fn the_display_dies() {
    for (end, outcome, status, words) in [
        (End::Exit(3), "display-failed", 3, "its streamer exited with status 3"),
        (End::Exit(0), "display-failed", 0, "its streamer exited with status 0"),
        (End::Signal(11), "display-failed", 11, "its streamer was killed by signal 11"),
        (End::Oom, "oom-kill", 9, "its streamer"),
    ] {
        let case = Case::running(&[]).await;
        case.world.systemd.display_dies(&case.session.unit, end).await;
        case.ends(outcome, status, words).await;
        let case = Case::running(&[]).await;
        case.world.systemd.display_dies_after_its_game(&case.session.unit, end).await;
        case.ends(outcome, status, words).await;
        let case = Case::running(&[]).await;
        case.world.systemd.display_dies_and_says_so(&case.session.unit, end).await;
        case.ends(outcome, status, words).await;
        let case = Case::running(&[]).await;
        let case = case.unseen(async |world, session| world.systemd.display_dies(&session.unit, end).await).await;
        case.ends(outcome, status, words).await;
    }
}

#[tokio::test]
async fn the_display_does_not_come_up() {
    let case = Case::new(Start::EndsAtOnce(1), Start::Runs, &[]).await;
    case.ends("start-failed", 1, "its streamer").await;
    let case = Case::new(Start::Holds, Start::Runs, &[]).await;
    case.world.systemd.until_state(&display(), "activating").await;
    let fails = async |world: &World, session: &Session| {
        world.systemd.display_fails_to_start(&session.unit, 127).await;
    };
    case.unseen(fails).await.ends("start-failed", 127, "its streamer").await;
}

#[tokio::test]
async fn the_agent_goes_while_the_display_starts() {
    let case = Case::new(Start::Holds, Start::Runs, &[]).await;
    case.world.systemd.until_state(&display(), "activating").await;
    let mut case = case.unseen(async |_, _| {}).await;
    assert_eq!(case.session.proxy.state().await.unwrap(), "starting");
    case.world.systemd.display_comes_up(&case.session.unit).await;
    case.events.until_state("running").await;
    case.world.systemd.display_dies(&case.session.unit, End::Exit(1)).await;
    case.ends("display-failed", 1, "").await;
}

#[tokio::test]
async fn a_stop_is_one_whatever_the_display_does() {
    let case = Case::running(&[]).await;
    case.session.proxy.stop(&Options::new()).await.unwrap();
    case.ends("stopped", 143, "on request").await;
    let case = Case::new(Start::Holds, Start::Runs, &[]).await;
    case.world.systemd.until_state(&display(), "activating").await;
    case.session.proxy.stop(&Options::new()).await.unwrap();
    case.ends("stopped", 0, "on request").await;
    for unit in [display(), format!("dillinger-session-{ID}.slice"), format!("dillinger-session-{ID}.service")] {
        let case = Case::running(&[]).await;
        let (path, interface) = ("/org/freedesktop/systemd1", Some("org.freedesktop.systemd1.Manager"));
        let body = (unit.as_str(), "replace");
        let bus = &case.agent.client.bus;
        bus.call_method(Some("org.freedesktop.systemd1"), path, interface, "StopUnit", &body).await.unwrap();
        case.ends("stopped", 143, "on request").await;
    }
}

#[tokio::test]
async fn the_agent_goes_while_the_game_runs_and_ends() {
    let case = Case::running(&[]).await;
    let case = case.unseen(async |world, session| world.systemd.end(&session.unit, End::Exit(7)).await).await;
    case.ends("failed", 7, "").await;
}

/// The shortest time that a request may ask for.
const SHORT: u64 = 1_000_000;

#[tokio::test]
async fn nobody_connects_and_it_is_stopped() {
    let case = Case::running(&[("IdleAction", "stop".into()), ("IdleTimeoutUSec", SHORT.into())]).await;
    case.ends("stopped", 143, "nobody").await;
}

#[tokio::test]
async fn nobody_connects_and_it_is_paused() {
    let mut case = Case::running(&[("IdleAction", "pause".into()), ("IdleTimeoutUSec", SHORT.into())]).await;
    case.events.until_state("paused").await;
    let mut case = case.unseen(async |_, _| {}).await;
    assert_eq!(case.session.proxy.state().await.unwrap(), "paused");
    case.session.proxy.resume().await.unwrap();
    let told = case.events.until_state("paused").await;
    assert!(told.iter().any(|event| Event::state(event) == Some("running")));
    case.session.proxy.stop(&Options::new()).await.unwrap();
    case.ends("stopped", 143, "on request").await;
}

#[tokio::test]
async fn an_absent_image_of_the_display_is_named() {
    let world = World::new().await;
    std::fs::write(world.paths.runtime.join(WITHOUT_DISPLAY), "").unwrap();
    let agent = world.agent().await;
    let refused = agent.client.start(&streamed(&[])).await.err().expect("a refusal");
    assert_eq!(refused.short_name(), "ImageMissing");
    assert!(refused.message().contains(DISPLAY_IMAGE) && refused.message().contains("PrepareImage"));
}

fn display() -> String {
    format!("dillinger-session-{ID}-streamer.service")
}
