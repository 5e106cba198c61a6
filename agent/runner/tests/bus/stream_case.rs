//! A streamed session, up to where its display tells what it is.

use crate::client::{Client, Event, Events, ID, Session, request_with_id};
use crate::streamer::{Manner, Streamer};
use crate::systemd::Start;
use crate::world::{Agent, World};
use dillinger_runner_api::Error;
use dillinger_runner_api::proxy::{Options, StreamProxy};
use std::time::{Duration, Instant};
use zbus::Variant;
use zbus::proxy::CacheProperties;

/// A streamed session whose display is up as far as systemd goes.
pub(crate) struct Case {
    pub(crate) world: World,
    pub(crate) agent: Agent,
    pub(crate) events: Events,
    pub(crate) session: Session,
    pub(crate) stream: StreamProxy<'static>,
}

pub(crate) async fn stream(client: &Client, session: &Session) -> StreamProxy<'static> {
    let proxy = StreamProxy::builder(&client.bus).path(session.path.clone());
    proxy.cache_properties(CacheProperties::No).build().await.unwrap()
}

impl Case {
    /// Up to the moment when systemd says that the display is up.
    pub(crate) async fn starting(settings: &str) -> Self {
        Self::asking_for(settings, []).await
    }

    /// The same with more in its request.
    pub(crate) async fn asking_for<const N: usize>(
        settings: &str,
        more: [(&'static str, Variant<'static>); N],
    ) -> Self {
        let world = World::new().await;
        world.settings(settings);
        world.systemd.set(|behaviour| behaviour.display = Start::Holds);
        let agent = world.agent().await;
        let events = agent.client.events().await;
        let mut request = request_with_id();
        request.insert("Display", "stream".into());
        request.extend(more);
        let session = agent.client.start(&request).await.unwrap();
        world.systemd.until_state(&format!("dillinger-session-{ID}-streamer.service"), "activating").await;
        let stream = stream(&agent.client, &session).await;
        Self { world, agent, events, session, stream }
    }

    pub(crate) fn streamer(&self, manner: Manner) -> Streamer {
        Streamer::start(&self.world.paths.session(ID).join("streamer"), manner)
    }

    pub(crate) async fn up(&self) {
        self.world.systemd.display_comes_up(&self.session.unit).await;
    }

    pub(crate) async fn with(settings: &str, manner: Manner) -> (Self, Streamer) {
        let mut case = Self::starting(settings).await;
        let streamer = case.streamer(manner);
        case.up().await;
        case.until_up().await;
        (case, streamer)
    }

    /// Waits until the game runs and the display tells what it is, in whichever order.
    pub(crate) async fn until_up(&mut self) {
        let (mut told, mut running) = (false, false);
        while !(told && running) {
            let event = self.events.next().await;
            told |= event.keys().contains(&"Encoder");
            running |= event.state() == Some("running");
        }
    }

    pub(crate) async fn good() -> (Self, Streamer) {
        Self::with("[stream]\nAddresses = [\"127.0.0.1\"]\n", Manner::Good).await
    }

    /// Waits until this property of the display has this value in words.
    pub(crate) async fn until(&mut self, name: &str, value: &str) {
        let told = |event: &Event| matches!(event, Event::Changed(_, all) if all.get(name).is_some_and(|v| v == value));
        self.events.until(told).await;
    }

    pub(crate) async fn connect(&self, offer: &str) -> Result<(String, String), Error> {
        self.stream.connect(offer, &Options::new()).await
    }

    pub(crate) async fn after_a_restart(self) -> Self {
        let Self { world, agent, session, .. } = self;
        agent.crash().await;
        let agent = world.agent().await;
        let events = agent.client.events().await;
        let session = agent.client.session(&session.path).await;
        let stream = stream(&agent.client, &session).await;
        Self { world, agent, events, session, stream }
    }

    pub(crate) async fn until_it_answers(&self) {
        let end = Instant::now() + crate::world::DEADLINE;
        while self.stream.encoder().await.unwrap().is_empty() {
            assert!(Instant::now() < end, "the display is not found again");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
