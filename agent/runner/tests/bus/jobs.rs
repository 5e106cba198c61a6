//! Jobs that prepare images.

use crate::client::{Client, Event, Events};
use crate::podman::{Generator, IMAGE, SLOW};
use crate::world::World;
use dillinger_runner_api::names;
use dillinger_runner_api::proxy::{JobProxy, Options};
use std::collections::BTreeMap;
use zbus::proxy::CacheProperties;

const AT_ONCE: usize = 8;

async fn prepare(client: &Client, image: &str) -> JobProxy<'static> {
    let options = Options::from([("Pull", "never".into())]);
    let path = client.manager.prepare_image(image, &options).await.unwrap();
    assert!(names::job_number(path.as_str()).is_some());
    let proxy = JobProxy::builder(&client.bus).path(path).cache_properties(CacheProperties::No);
    proxy.build().await.unwrap()
}

/// Everything that was told of the job until its state was this one.
async fn told(events: &mut Events, state: &str) -> BTreeMap<String, String> {
    let events = events.until_state(state).await;
    let changed = events.into_iter().filter_map(|event| match event {
        Event::Changed(_, values) => Some(values),
        _ => None,
    });
    changed.flatten().collect()
}

#[tokio::test]
async fn a_missing_image_fails_with_its_error() {
    let world = World::new().await;
    let agent = world.agent().await;
    let mut events = agent.client.events().await;
    let job = prepare(&agent.client, "localhost/absent").await;
    let told = told(&mut events, "failed").await;
    assert_eq!(told["ErrorName"], "org.dillinger.Runner1.Error.ImageMissing");
    assert!(told["ErrorMessage"].contains("localhost/absent"), "{told:?}");
    assert_eq!(job.error_name().await.unwrap(), told["ErrorName"]);
    assert_eq!((job.state().await.unwrap(), job.phase().await.unwrap()), ("failed".to_owned(), "looking".to_owned()));
    assert_eq!(
        (job.kind().await.unwrap(), job.image().await.unwrap()),
        ("prepare-image".into(), "localhost/absent".into())
    );
}

#[tokio::test]
async fn a_finished_job_goes_after_a_while() {
    let world = World::with("[retention]\nEndedObjects = 0\n", Generator::Works).await;
    let agent = world.agent().await;
    let mut events = agent.client.events().await;
    prepare(&agent.client, "localhost/absent").await;
    let gone =
        |event: &Event| matches!(event, Event::InterfacesRemoved(_, names) if names == &["org.dillinger.Runner1.Job"]);
    events.until(gone).await;
}

#[tokio::test]
async fn a_name_that_is_none_is_refused() {
    let world = World::new().await;
    let agent = world.agent().await;
    let mut events = agent.client.events().await;
    for (image, options, error) in [
        (IMAGE, Options::from([("Pull", "sometimes".into())]), "InvalidRequest"),
        (IMAGE, Options::from([("Pull", 1u32.into())]), "InvalidRequest"),
        (IMAGE, Options::from([("Push", "never".into())]), "UnknownKey"),
    ] {
        let refused = agent.client.manager.prepare_image(image, &options).await.unwrap_err();
        assert_eq!(refused.short_name(), error, "{options:?}");
    }
    for image in ["", "-v", "a b", "a/../b"] {
        let job = prepare(&agent.client, image).await;
        told(&mut events, "failed").await;
        assert_eq!(job.error_name().await.unwrap(), "org.dillinger.Runner1.Error.InvalidRequest", "{image}");
    }
}

#[tokio::test]
async fn only_so_many_run_at_a_time_and_each_can_be_canceled() {
    let world = World::new().await;
    let agent = world.agent().await;
    let mut jobs = Vec::new();
    for _ in 0..AT_ONCE {
        jobs.push(prepare(&agent.client, SLOW).await);
    }
    let busy = agent.client.manager.prepare_image(SLOW, &Options::new()).await.unwrap_err();
    assert_eq!(busy.short_name(), "Busy");
    let mut events = agent.client.events().await;
    for job in jobs {
        assert_eq!(job.state().await.unwrap(), "running");
        job.cancel().await.unwrap();
        told(&mut events, "canceled").await;
        job.cancel().await.unwrap();
        assert_eq!(job.state().await.unwrap(), "canceled");
    }
    // The place of a job is free when its end was told, or a moment later.
    while let Err(error) = agent.client.manager.prepare_image(SLOW, &Options::new()).await {
        assert_eq!(error.short_name(), "Busy");
    }
}
