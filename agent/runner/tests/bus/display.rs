//! Sessions with `Display=stream`: the public interface in front of a streamer.

use crate::client::Event;
use crate::stream_case::{Case, stream};
use crate::streamer::{Manner, PICTURE, Streamer};
use crate::world::World;
use dillinger_runner_api::names;
use dillinger_runner_api::proxy::Options;
use dillinger_runner_api::wire::{Metrics, Viewer};
use std::io::{BufRead, BufReader, Read};
use std::os::fd::OwnedFd;

#[tokio::test]
async fn an_offer_is_answered() {
    let (case, streamer) = Case::good().await;
    let options = [("Role", "spectator"), ("Name", "Zoë"), ("KeyboardLayout", "us(intl)")];
    let options: Options<'_> = options.into_iter().map(|(key, value)| (key, value.into())).collect();
    let (viewer, answer) = case.stream.connect("v=0", &options).await.unwrap();
    assert_eq!((viewer.len(), answer.as_str()), (32, "answer to v=0"));
    let (other, _) = case.connect("v=0").await.unwrap();
    assert_ne!(viewer, other);
    let expected = ["sockets 1", r#"connect spectator "Zoë" "us(intl)" 3"#, r#"connect player "" "" 3"#];
    assert_eq!(streamer.calls(), expected);
    let sockets = streamer.sockets();
    let (told, real) = sockets.first_key_value().unwrap();
    assert_eq!((sockets.len(), told), (1, &real.to_string()));
}

#[tokio::test]
async fn nobody_is_let_in_before_the_display_is_up() {
    let mut case = Case::starting("").await;
    let early = case.connect("v=0").await.unwrap_err();
    assert_eq!(early.short_name(), "Busy", "{early}");
    assert_eq!((case.stream.width().await.unwrap(), case.stream.encoder().await.unwrap()), (1280, String::new()));
    // systemd may say that it is up before its socket can be reached.
    case.up().await;
    let streamer = case.streamer(Manner::Good);
    case.until("Encoder", "x264").await;
    case.connect("v=0").await.unwrap();
    assert_eq!(streamer.connections(), 1);
}

#[tokio::test]
async fn wrong_calls_are_refused_by_name() {
    let (case, streamer) = Case::good().await;
    let option = |key: &'static str, value: zbus::Variant<'static>| Options::from([(key, value)]);
    for (options, error, words) in [
        (option("Rolle", "player".into()), "UnknownKey", "Rolle"),
        (option("Role", "admin".into()), "InvalidRequest", "player or spectator"),
        (option("Role", 1u32.into()), "InvalidRequest", "expected s"),
        (option("Name", "a\nb".into()), "InvalidRequest", "Name"),
        (option("Name", "x".repeat(129).into()), "InvalidRequest", "128"),
        (option("KeyboardLayout", "us;rm".into()), "InvalidRequest", "us(intl)"),
    ] {
        let refused = case.stream.connect("v=0", &options).await.unwrap_err();
        assert_eq!(refused.short_name(), error, "{refused}");
        assert!(refused.message().contains(words), "{refused}");
    }
    let long = "x".repeat(64 * 1024 + 1);
    for (offer, error, words) in [
        ("", "InvalidRequest", "empty"),
        (long.as_str(), "InvalidRequest", "65536"),
        ("bad", "InvalidRequest", "offer"),
        ("odd", "InvalidRequest", "as the test"),
        ("full", "Busy", "as the test"),
        ("broken", "DisplayUnavailable", "as the test"),
    ] {
        let refused = case.connect(offer).await.unwrap_err();
        assert_eq!(refused.short_name(), error, "{refused}");
        assert!(refused.message().contains(words), "{refused}");
    }
    case.connect(&"x".repeat(64 * 1024)).await.unwrap();
    assert_eq!(case.stream.disconnect("nobody").await.unwrap_err().short_name(), "InvalidRequest");
    assert_eq!(case.stream.resize(1281, 0, 0).await.unwrap_err().short_name(), "InvalidRequest");
    let unknown = case.stream.screenshot(&option("Format", "jpeg".into())).await.unwrap_err();
    assert_eq!(unknown.short_name(), "UnknownKey");
    assert!(!streamer.calls().iter().any(|call| call.starts_with("resize") || call.starts_with("disconnect")));
}

#[tokio::test]
async fn viewers_come_and_go() {
    let (mut case, streamer) = Case::good().await;
    let (viewer, _) = case.connect("v=0").await.unwrap();
    // One that the agent did not make is none.
    streamer.viewer_connected("somebody").await;
    streamer.viewer_connected(&viewer).await;
    streamer.viewer_connected(&viewer).await;
    assert_eq!(case.events.next().await, Event::ViewerConnected(viewer.clone()));
    let listed: Vec<Viewer> = case.stream.viewers().await.unwrap().iter().map(Viewer::from_dict).collect();
    let [shown] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!((shown.viewer.as_str(), shown.state.as_str()), (viewer.as_str(), "connected"));
    let (other, _) = case.connect("v=0").await.unwrap();
    case.stream.disconnect(&viewer).await.unwrap();
    assert_eq!(case.events.next().await, Event::ViewerDisconnected(viewer, "disconnected".to_owned()));
    streamer.viewer_disconnected(&other, "never-connected").await;
    assert_eq!(case.events.next().await, Event::ViewerDisconnected(other, "never-connected".to_owned()));
}

#[tokio::test]
async fn the_display_tells_what_changes() {
    let (mut case, streamer) = Case::good().await;
    streamer.tell(&[("Audio", "failed: it died".into()), ("Encoder", 7u32.into()), ("Width", 640u32.into())]).await;
    let mut told = case.events.until(|event| event.keys() == ["AudioStatus", "Width"]).await;
    assert_eq!(told.len(), 1);
    told.push(case.events.next().await);
    assert_eq!(told.last().unwrap().keys(), ["Width"], "of the session");
    assert_eq!(case.session.proxy.width().await.unwrap(), 640);
    assert_eq!(case.stream.audio_status().await.unwrap(), "failed: it died");
    case.stream.resize(1920, 1080, 0).await.unwrap();
    assert_eq!(streamer.calls().last().unwrap(), "resize 1920 1080 0");
    let mode = (case.stream.width().await.unwrap(), case.session.proxy.height().await.unwrap());
    assert_eq!((mode, case.session.proxy.refresh_rate().await.unwrap()), ((1920, 1080), 60));
}

#[tokio::test]
async fn a_screenshot_is_a_file_that_nobody_changes() {
    let (case, streamer) = Case::good().await;
    let image = OwnedFd::from(case.stream.screenshot(&Options::new()).await.unwrap());
    let mut file = std::fs::File::from(image);
    std::io::Seek::rewind(&mut file).unwrap();
    let mut picture = Vec::new();
    file.read_to_end(&mut picture).unwrap();
    assert_eq!(picture, PICTURE);
    streamer.set(Manner::Pipes);
    let refused = case.stream.screenshot(&Options::new()).await.unwrap_err();
    assert_eq!(refused.short_name(), "DisplayUnavailable");
}

#[tokio::test]
async fn figures_join_the_metrics() {
    let (case, streamer) = Case::good().await;
    let (viewer, _) = case.connect("v=0").await.unwrap();
    streamer.viewer_connected(&viewer).await;
    let cgroup = case.world.directory.path().join("cgroup");
    std::fs::create_dir(&cgroup).unwrap();
    std::fs::write(cgroup.join("memory.current"), "4096\n").unwrap();
    // The agent reads below the real hierarchy alone; this leads out of it.
    case.world.systemd.set_control_group(&case.session.unit, &format!("/../../..{}", cgroup.display()));
    let case = case.after_a_restart().await;
    case.until_it_answers().await;
    let read = Metrics::from_dict(&case.session.proxy.read_metrics().await.unwrap());
    let stream = OwnedFd::from(case.session.proxy.watch_metrics(100_000).await.unwrap());
    let sample = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        BufReader::new(std::fs::File::from(stream)).read_line(&mut line).unwrap();
        serde_json::from_str::<Metrics>(&line).unwrap()
    });
    for metrics in [read, sample.await.unwrap()] {
        assert_eq!((metrics.memory_current, metrics.viewers), (Some(4096), Some(1)));
        assert_eq!((metrics.frame_rate, metrics.encode_bitrate), (Some(59.5), Some(8_000_000)));
        assert_eq!((metrics.encode_latency_usec, metrics.viewer_round_trip_time_usec), (Some(1234), Some(7000)));
        assert_eq!(metrics.viewer_loss_fraction, Some(0.25));
    }
    assert!((case.stream.frame_rate().await.unwrap() - 59.5).abs() < f64::EPSILON);
    assert_eq!(case.stream.bitrate().await.unwrap(), 8_000_000);
    assert_eq!(case.stream.encode_latency_usec().await.unwrap(), 1234);
    streamer.die().await;
    let mut case = case;
    // The display that was found again may be told of before.
    case.events.until(|event| matches!(event, Event::ViewerDisconnected(..))).await;
    assert_eq!(Metrics::from_dict(&case.session.proxy.read_metrics().await.unwrap()).viewers, None);
}

#[tokio::test]
async fn a_streamer_that_dies_takes_its_viewers_along() {
    let (mut case, streamer) = Case::good().await;
    let (viewer, _) = case.connect("v=0").await.unwrap();
    streamer.viewer_connected(&viewer).await;
    assert_eq!(case.events.next().await, Event::ViewerConnected(viewer.clone()));
    streamer.die().await;
    let Event::ViewerDisconnected(gone, reason) = case.events.next().await else { panic!() };
    assert_eq!((gone, reason.starts_with("failed: ")), (viewer, true), "{reason}");
    assert_eq!(case.connect("v=0").await.unwrap_err().short_name(), "Busy");
}

#[tokio::test]
async fn the_end_of_a_session_tells_that_its_viewers_are_gone() {
    let (mut case, streamer) = Case::good().await;
    let mut viewers = Vec::new();
    for _ in 0..3 {
        let (viewer, _) = case.connect("v=0").await.unwrap();
        streamer.viewer_connected(&viewer).await;
        assert_eq!(case.events.next().await, Event::ViewerConnected(viewer.clone()));
        viewers.push(viewer);
    }
    case.session.proxy.stop(&Options::new()).await.unwrap();
    let mut gone = Vec::new();
    while gone.len() < viewers.len() {
        if let Event::ViewerDisconnected(viewer, reason) = case.events.next().await {
            assert_eq!(reason, "failed: the session has ended");
            gone.push(viewer);
        }
    }
    viewers.sort();
    assert_eq!(gone, viewers);
}

#[tokio::test]
async fn the_next_agent_goes_on() {
    let (case, streamer) = Case::good().await;
    let (viewer, _) = case.connect("v=0").await.unwrap();
    streamer.viewer_connected(&viewer).await;
    let first = streamer.sockets();
    let mut case = case.after_a_restart().await;
    case.until_it_answers().await;
    case.connect("v=0").await.unwrap();
    assert_eq!(streamer.sockets(), first, "the streamer has its sockets already");
    case.stream.disconnect(&viewer).await.unwrap();
    case.events.until(|event| event.viewer() == Some(&viewer)).await;
}

#[tokio::test]
async fn ports_of_the_settings_are_used_and_used_up() {
    let free = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = format!("[stream]\nAddresses = [\"127.0.0.1\"]\nPorts = {free}\nPublicAddress = \"203.0.113.7\"\n");
    let (case, streamer) = Case::with(&settings, Manner::Good).await;
    case.connect("v=0").await.unwrap();
    assert_eq!(streamer.sockets().into_keys().collect::<Vec<_>>(), [format!("127.0.0.1:{free}")]);
    let mut request = crate::client::request();
    request.insert("Display", "stream".into());
    request.insert("Id", "f".repeat(32).into());
    let second = case.agent.client.start(&request).await.unwrap();
    case.world.systemd.until_state(&format!("dillinger-session-{}-streamer.service", second.id), "activating").await;
    let _streamer = Streamer::start(&case.world.paths.session(&second.id).join("streamer"), Manner::Good);
    case.world.systemd.display_comes_up(&second.unit).await;
    let other = Case { stream: stream(&case.agent.client, &second).await, session: second, ..case };
    other.until_it_answers().await;
    let refused = other.connect("v=0").await.unwrap_err();
    assert_eq!(refused.short_name(), "LimitExceeded", "{refused}");
    assert!(refused.message().contains("Ports"), "{refused}");
}

#[tokio::test]
async fn an_ended_session_lets_nobody_in() {
    let (mut case, _streamer) = Case::good().await;
    case.session.proxy.stop(&Options::new()).await.unwrap();
    case.events.until_state("ended").await;
    let refusals = [
        case.connect("v=0").await.map(drop),
        case.stream.disconnect("x").await,
        case.stream.resize(0, 0, 30).await,
        case.stream.screenshot(&Options::new()).await.map(drop),
    ];
    for refused in refusals {
        assert_eq!(refused.unwrap_err().short_name(), "NoSuchSession");
    }
    assert_eq!(case.stream.width().await.unwrap(), 1280);
    case.world.clean().await;
}

#[tokio::test]
async fn only_streamed_sessions_have_the_interface() {
    let world = World::new().await;
    let agent = world.agent().await;
    let session = agent.client.start(&crate::client::request()).await.unwrap();
    let xml = zbus::fdo::IntrospectableProxy::builder(&agent.client.bus).destination(names::BUS_NAME);
    let xml = xml.path(session.path.clone()).build().await.unwrap().introspect().await.unwrap();
    assert!(!xml.contains(names::STREAM_INTERFACE));
    let refused = stream(&agent.client, &session).await.connect("v=0", &Options::new()).await.unwrap_err();
    assert!(
        refused.short_name().ends_with("UnknownInterface") || refused.short_name().ends_with("UnknownMethod"),
        "{refused:?}"
    );
}
