//! Streamed sessions whose streamer, callers or host are not as one would wish.

use crate::client::{Event, ID};
use crate::stream_case::Case;
use crate::streamer::{Manner, Streamer};
use crate::world::eventually;
use dillinger_runner_api::proxy::Options;
use futures_util::future::join_all;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_streamer_that_hangs_stalls_nobody() {
    let (case, streamer) = Case::good().await;
    streamer.set(Manner::Stuck);
    let hung = tokio::spawn({
        let stream = case.stream.clone();
        async move { stream.connect("v=0", &Options::new()).await }
    });
    eventually("the streamer has the call", || !streamer.calls().is_empty()).await;
    let before = Instant::now();
    for _ in 0..20 {
        case.stream.frame_rate().await.unwrap();
        case.agent.client.manager.list_sessions().await.unwrap();
        case.session.proxy.state().await.unwrap();
    }
    assert!(before.elapsed() < Duration::from_secs(3), "{:?}", before.elapsed());
    assert_eq!(hung.await.unwrap().unwrap_err().short_name(), "DisplayUnavailable");
    case.session.proxy.stop(&Options::new()).await.unwrap();
    case.world.clean().await;
}

#[tokio::test]
async fn a_streamer_that_says_nothing_or_the_wrong_thing_is_not_used() {
    for manner in [Manner::Silent, Manner::Newer] {
        let case = Case::starting("").await;
        let _streamer = case.streamer(manner);
        case.up().await;
        let busy = case.connect("v=0").await.unwrap_err();
        assert_eq!(busy.short_name(), "Busy", "{busy}");
        case.session.proxy.stop(&Options::new()).await.unwrap();
        case.world.clean().await;
    }
}

#[tokio::test]
async fn a_socket_that_is_none_is_not_followed() {
    let case = Case::starting("").await;
    let elsewhere = case.world.directory.path().join("elsewhere");
    std::fs::create_dir_all(&elsewhere).unwrap();
    let streamer = Streamer::start(&elsewhere, Manner::Good);
    let socket = case.world.paths.session(ID).join("streamer").join("control");
    std::os::unix::fs::symlink(elsewhere.join("control"), &socket).unwrap();
    case.up().await;
    assert_eq!(case.connect("v=0").await.unwrap_err().short_name(), "Busy");
    std::fs::remove_file(&socket).unwrap();
    let _real = case.streamer(Manner::Good);
    case.until_it_answers().await;
    assert_eq!(streamer.connections(), 0);
}

#[tokio::test]
async fn ten_thousand_calls() {
    let (case, streamer) = Case::good().await;
    let (viewer, _) = case.connect("v=0").await.unwrap();
    for _ in 0..100 {
        let calls = (0..100).map(|number: u32| {
            let (stream, viewer) = (case.stream.clone(), viewer.clone());
            async move {
                match number % 4 {
                    0 => stream.connect("bad", &Options::new()).await.map(drop),
                    1 => stream.resize(0, 0, 1 + number).await,
                    2 => stream.disconnect(&format!("{viewer}x")).await,
                    _ => stream.frame_rate().await.map(drop),
                }
            }
        });
        for answer in join_all(calls).await {
            if let Err(error) = answer {
                assert!(["InvalidRequest", "Busy"].contains(&error.short_name().as_str()), "{error:?}");
            }
        }
    }
    case.connect("v=0").await.unwrap();
    assert_eq!(streamer.connections(), 1);
}

#[tokio::test]
async fn a_streamer_that_tells_without_end_floods_nobody() {
    const TOLD: u32 = 2000;
    let (mut case, streamer) = Case::good().await;
    let before = Instant::now();
    let flood = async {
        for number in 0..TOLD {
            streamer.tell(&[("Width", (16 + 2 * (number % 100)).into())]).await;
        }
        streamer.tell(&[("Width", 4000u32.into())]).await;
    };
    let calls = async {
        for _ in 0..50 {
            case.agent.client.manager.list_sessions().await.unwrap();
        }
        before.elapsed()
    };
    let ((), took) = tokio::join!(flood, calls);
    assert!(took < Duration::from_secs(2), "{took:?}");
    let is_last =
        |event: &Event| matches!(event, Event::Changed(_, all) if all.get("Width").is_some_and(|w| w.contains("4000")));
    let told = case.events.until(is_last).await.len();
    // Each change is told for both interfaces, twenty times a second at most.
    let most = 2 * (1 + before.elapsed().as_millis() / 50);
    assert!(u128::try_from(told).unwrap() <= most, "{told} of {TOLD} were told, at most {most} expected");
}

fn pausing() -> [(&'static str, zbus::Variant<'static>); 2] {
    [("IdleAction", "pause".into()), ("IdleTimeoutUSec", 1_000_000u64.into())]
}

#[tokio::test]
async fn a_viewer_wakes_a_session_that_nobody_watched() {
    let mut case = Case::asking_for("[stream]\nAddresses = [\"127.0.0.1\"]\n", pausing()).await;
    let streamer = case.streamer(Manner::Good);
    case.up().await;
    case.events.until_state("paused").await;
    let (viewer, _) = case.connect("v=0").await.unwrap();
    assert_eq!(case.session.proxy.state().await.unwrap(), "running");
    streamer.viewer_connected(&viewer).await;
    case.events.until(|event| event.viewer() == Some(&viewer)).await;
    // It is watched now, and goes on for longer than its policy's time.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(case.session.proxy.state().await.unwrap(), "running");
    streamer.viewer_disconnected(&viewer, "left").await;
    case.events.until_state("paused").await;
}

#[tokio::test]
async fn a_viewer_that_takes_long_to_connect_is_not_frozen_out() {
    let mut case = Case::asking_for("[stream]\nAddresses = [\"127.0.0.1\"]\n", pausing()).await;
    let streamer = case.streamer(Manner::Good);
    case.up().await;
    case.events.until_state("paused").await;
    let (viewer, _) = case.connect("v=0").await.unwrap();
    case.events.until_state("running").await;
    // Longer than the policy's time.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(case.session.proxy.state().await.unwrap(), "running");
    streamer.viewer_disconnected(&viewer, "never-connected").await;
    case.events.until_state("paused").await;
}

#[tokio::test]
async fn a_viewer_wakes_what_an_agent_before_has_paused() {
    let mut case = Case::asking_for("[stream]\nAddresses = [\"127.0.0.1\"]\n", pausing()).await;
    let streamer = case.streamer(Manner::Good);
    case.up().await;
    case.events.until_state("paused").await;
    // Frozen with its session, it takes connections and answers nobody.
    streamer.set(Manner::Silent);
    let case = case.after_a_restart().await;
    assert_eq!(case.session.proxy.state().await.unwrap(), "paused");
    for _ in 0..20 {
        case.agent.client.manager.list_sessions().await.unwrap();
    }
    assert_eq!(streamer.knocks(), 1, "by the agent before");
    let connected = case.connect("v=0");
    let thawed = async {
        eventually("it is thawed", || case.world.systemd.count("ThawUnit") > 0).await;
        streamer.set(Manner::Good);
    };
    let (connected, ()) = tokio::join!(connected, thawed);
    connected.unwrap();
    assert_eq!(case.session.proxy.state().await.unwrap(), "running");
}

#[tokio::test]
async fn a_session_that_somebody_has_paused_stays_so() {
    let (case, streamer) = Case::good().await;
    case.session.proxy.pause().await.unwrap();
    let refusals = [
        case.connect("v=0").await.map(drop),
        case.stream.disconnect("x").await,
        case.stream.resize(0, 0, 30).await,
        case.stream.screenshot(&Options::new()).await.map(drop),
    ];
    for refused in refusals {
        let refused = refused.unwrap_err();
        assert_eq!(refused.short_name(), "Busy");
        assert!(refused.message().contains("paused"), "{refused}");
    }
    assert!(streamer.calls().is_empty());
    assert_eq!(case.session.proxy.state().await.unwrap(), "paused");
    case.session.proxy.resume().await.unwrap();
    case.connect("v=0").await.unwrap();
}

#[tokio::test]
async fn what_a_host_lacks_for_controllers_is_told() {
    let (mut case, streamer) = Case::good().await;
    assert!(!case.session.proxy.gamepads().await.unwrap());
    let status = case.stream.gamepad_status().await.unwrap();
    assert!(status.starts_with("missing: ") && status.contains("uinput is not loaded"), "{status}");
    assert!(!streamer.calls().iter().any(|call| call.starts_with("gamepad")));
    // A streamer has no controller that the agent has not made.
    streamer.tell(&[("Gamepads", vec!["/dev/input/event7"].into()), ("Encoder", "vaapi".into())]).await;
    case.until("Encoder", "vaapi").await;
    assert_eq!(case.stream.gamepad_status().await.unwrap(), status);
    case.session.proxy.stop(&Options::new()).await.unwrap();
    case.world.clean().await;
    // One that is no uinput: it can be opened, but no controller comes of it.
    let device = case.world.paths.root.join("dev/uinput");
    std::fs::create_dir_all(device.parent().unwrap()).unwrap();
    std::fs::write(&device, "").unwrap();
    let request = Options::from([
        ("Command", vec!["/bin/true"].into()),
        ("Library", "".into()),
        ("Display", "stream".into()),
        ("Gamepads", true.into()),
    ]);
    let explained = case.agent.client.manager.explain(&request).await.unwrap();
    assert_eq!(bool::try_from(explained["Gamepads"].try_clone().unwrap()), Ok(true));
    let session = case.agent.client.start(&request).await.unwrap();
    let warnings = session.proxy.warnings().await.unwrap();
    assert!(warnings.iter().any(|one| one.contains("did not make a virtual controller")), "{warnings:?}");
    assert!(!session.proxy.gamepads().await.unwrap());
}
