//! Viewers over real sockets, with a page made of str0m.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod support;

use dillinger_stream::media::{InputCommand, InputEvent, VideoCodec, VideoCommand, ViewerId};
use dillinger_stream::rtc::{Error, Reason, Role, ViewerEvent};
use std::sync::Arc;
use std::time::Duration;
use support::page::{Network, Page, Running, Seen};
use support::{PATIENCE, Session};

const CLEAN: Network = Network { loss: 0, rate: 0 };

async fn join(session: &mut Session, name: &str, role: Role, network: Network) -> Running {
    let page = Page::new().await;
    let answer = session.connect(name, role, page.offer.clone()).await.unwrap();
    page.run(&answer, network, None)
}

async fn gone(events: &mut tokio::sync::broadcast::Receiver<ViewerEvent>) -> (ViewerId, Reason) {
    let found = async {
        loop {
            if let ViewerEvent::Disconnected(viewer, reason) = events.recv().await.unwrap() {
                return (viewer, reason);
            }
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("nobody is gone")
}

#[tokio::test]
async fn a_player_sees_hears_and_plays() {
    let mut session = Session::start(64);
    session.socket(None).await;
    let mut events = session.viewers.events();
    let mut page = join(&mut session, "ann", Role::Player, CLEAN).await;
    page.ready().await;
    session.asked(|command| matches!(command, VideoCommand::Watched(true))).await;
    session.asked(|command| matches!(command, VideoCommand::Keyframe)).await;
    assert!(*session.listened.borrow());
    assert_eq!(events.recv().await.unwrap(), ViewerEvent::Connected(ViewerId("ann".into())));
    let hello = page.until("hello", |seen| !seen.texts.is_empty()).await;
    assert!(hello.texts[0].starts_with(r#"{"type":"hello","role":"player","width":1280"#), "{:?}", hello.texts);

    page.send("input", &[1, 1, 30, 0, 1, 0, 30, 0]);
    for pressed in [true, false] {
        let InputCommand::Event(viewer, event) = session.input().await else { panic!("no event") };
        assert_eq!((&*viewer.0, event), ("ann", InputEvent::Key { code: 30, pressed }));
    }
    page.send("motion", &[4, 0, 5, 0, 0xff, 0xff]);
    let moved = session.input().await;
    assert!(matches!(moved, InputCommand::Event(_, InputEvent::Relative { dx: 5, dy: -1 })), "{moved:?}");
    page.send("control", br#"{"type":"clipboard","text":"hi"}"#);
    assert!(matches!(session.input().await, InputCommand::Clipboard(text) if text == "hi"));
    session.input.feedback.send(support::rumble("bob")).unwrap();
    session.input.feedback.send(support::rumble("ann")).unwrap();
    let felt = |seen: &Seen| seen.texts.iter().filter(|text| text.contains(r#""type":"rumble","pad":0"#)).count();
    page.until("rumble", |seen| felt(seen) > 0).await;

    let player = session.play(8000);
    let seen = page.until("pictures and sound", |seen| seen.pictures > 120 && seen.sounds > 120).await;
    assert_eq!(seen.broken, 0);
    let seen = page.until("statistics", |seen| seen.texts.iter().any(|text| text.contains(r#""type":"stats""#))).await;
    assert_eq!(felt(&seen), 1, "bob's controller is not ann's");
    page.request_keyframe();
    page.until("another keyframe", |now| now.keyframes > seen.keyframes).await;
    let status = session.viewers.status().borrow().clone();
    assert_eq!((status.len(), &*status[0].state, &*status[0].role), (1, "connected", "player"));
    drop(player);

    drop(page);
    assert_eq!(gone(&mut events).await, (ViewerId("ann".into()), Reason::Left));
    assert!(matches!(session.input().await, InputCommand::Leave(_)));
    session.listened.wait_for(|wanted| !wanted).await.unwrap();
}

#[tokio::test]
async fn what_a_spectator_does_goes_nowhere() {
    let mut session = Session::start(64);
    session.socket(None).await;
    let mut watcher = join(&mut session, "bob", Role::Spectator, CLEAN).await;
    let mut player = join(&mut session, "ann", Role::Player, CLEAN).await;
    watcher.ready().await;
    player.ready().await;
    watcher.send("input", &[1, 1, 30, 0]);
    watcher.send("motion", &[3, 0, 1, 0, 1, 0]);
    watcher.send("control", br#"{"type":"clipboard","text":"mine"}"#);
    // An answer in order shows that all of it arrived.
    watcher.until("statistics", |seen| seen.texts.iter().filter(|text| text.contains("stats")).count() > 1).await;
    player.send("input", &[2, 1, 16, 1]);
    let InputCommand::Event(viewer, event) = session.input().await else { panic!("no event") };
    assert_eq!((&*viewer.0, event), ("ann", InputEvent::Button { code: 272, pressed: true }));
}

#[tokio::test]
async fn disconnect_cuts_at_once() {
    let mut session = Session::start(64);
    session.socket(None).await;
    let mut events = session.viewers.events();
    let mut page = join(&mut session, "ann", Role::Player, CLEAN).await;
    page.ready().await;
    let _player = session.play(4000);
    page.until("pictures", |seen| seen.pictures > 10).await;
    session.viewers.disconnect(ViewerId("ann".into())).await.unwrap();
    assert_eq!(gone(&mut events).await.1, Reason::Disconnected);
    page.until("farewell", |seen| seen.closed).await;
    assert!(page.seen.borrow().texts.last().unwrap().contains(r#"{"type":"bye","reason":"disconnected"}"#));
    assert!(matches!(session.input().await, InputCommand::Leave(_)));
    let again = session.viewers.disconnect(ViewerId("ann".into())).await;
    assert_eq!(again, Err(Error::NoSuchViewer(ViewerId("ann".into()))));
}

#[tokio::test]
async fn the_end_of_the_streamer_is_told_to_all() {
    let mut session = Session::start(64);
    session.socket(None).await;
    let mut events = session.viewers.events();
    let mut player = join(&mut session, "ann", Role::Player, CLEAN).await;
    let mut watcher = join(&mut session, "bob", Role::Spectator, CLEAN).await;
    player.until("hello", |seen| !seen.texts.is_empty()).await;
    watcher.until("hello", |seen| !seen.texts.is_empty()).await;
    session.viewers.close().await.unwrap();
    for page in [&mut player, &mut watcher] {
        let seen = page.until("farewell", |seen| seen.closed).await;
        assert_eq!(seen.texts.last().unwrap(), r#"{"type":"bye","reason":"ended"}"#);
        assert_eq!(gone(&mut events).await.1, Reason::Ended);
    }
    let late = session.connect("eve", Role::Spectator, Page::new().await.offer).await;
    assert_eq!(late, Err(Error::Failed("the streamer stops".to_owned())));
}

#[tokio::test]
async fn a_viewer_that_vanishes_is_noticed_and_its_keys_are_let_go() {
    let mut session = Session::start(64);
    session.socket(None).await;
    let mut events = session.viewers.events();
    let mut page = join(&mut session, "ann", Role::Player, CLEAN).await;
    page.ready().await;
    page.send("input", &[1, 1, 17, 0]);
    assert!(matches!(session.input().await, InputCommand::Event(_, InputEvent::Key { .. })));
    page.vanish();
    assert!(matches!(session.input().await, InputCommand::Event(_, InputEvent::ReleaseAll)));
    assert_eq!(gone(&mut events).await.1, Reason::Timeout);
    assert!(matches!(session.input().await, InputCommand::Leave(_)));
}

#[tokio::test]
async fn losses_are_mended() {
    for loss in [20, 50] {
        let mut session = Session::start(64);
        session.socket(None).await;
        let mut page = join(&mut session, "ann", Role::Player, Network { loss, rate: 0 }).await;
        page.ready().await;
        let player = session.play(8000);
        let seen = page.until("pictures in spite of loss", |seen| seen.pictures > 300).await;
        assert!(seen.broken <= 3, "{} of {} pictures broken at {loss} per mille", seen.broken, seen.pictures);
        let asked = player.asked.borrow().keyframes;
        assert!(asked < seen.pictures / 20, "{asked} keyframes");
    }
}

#[tokio::test]
async fn two_viewers_get_the_same() {
    let mut session = Session::start(64);
    session.socket(None).await;
    session.socket(None).await;
    let mut first = join(&mut session, "ann", Role::Player, CLEAN).await;
    first.ready().await;
    let _player = session.play(6000);
    first.until("pictures", |seen| seen.pictures > 30).await;
    let mut second = join(&mut session, "bob", Role::Player, CLEAN).await;
    let seen = second.until("pictures", |seen| seen.pictures > 30).await;
    assert_eq!(seen.broken, 0);
    assert_eq!(first.seen.borrow().broken, 0);
}

/// Waits until the page's last picture is of this codec.
async fn shows(page: &mut Running, codec: VideoCodec) -> Seen {
    page.until(codec.as_str(), |seen| seen.codec == Some(codec)).await
}

#[tokio::test]
async fn the_encoder_makes_what_all_viewers_decode() {
    let mut session = Session::start(64);
    session.socket(None).await;
    let mut chromium = join(&mut session, "ann", Role::Player, Network { loss: 20, rate: 0 }).await;
    chromium.ready().await;
    let player = session.play(6000);
    shows(&mut chromium, VideoCodec::H264).await;

    let page = Page::decoding(&[VideoCodec::Vp8]).await;
    let answer = session.connect("bob", Role::Spectator, page.offer.clone()).await.unwrap();
    let mut firefox = page.run(&answer, CLEAN, None);
    shows(&mut firefox, VideoCodec::Vp8).await;
    let before = shows(&mut chromium, VideoCodec::Vp8).await;
    chromium.until("more of it", |seen| seen.pictures > before.pictures + 60).await;
    let hellos = |seen: &Seen| seen.texts.iter().filter(|text| text.contains(r#""type":"hello""#)).count();
    chromium.until("told of it", |seen| hellos(seen) == 2).await;

    let old = Page::decoding(&[VideoCodec::H264]).await;
    let refused = session.connect("old", Role::Spectator, old.offer.clone()).await;
    assert!(matches!(&refused, Err(Error::InvalidOffer(text)) if text.contains("no codec")), "{refused:?}");

    drop(firefox);
    let seen = shows(&mut chromium, VideoCodec::H264).await;
    assert!(seen.broken <= 3, "{} of {} pictures broken", seen.broken, seen.pictures);
    assert_eq!(player.asked.borrow().codecs, [VideoCodec::H264, VideoCodec::Vp8, VideoCodec::H264]);
}

#[tokio::test]
async fn who_comes_first_settles_the_codec() {
    let mut session = Session::start(64);
    session.socket(None).await;
    session.status.send_modify(|status| status.codecs = vec![VideoCodec::H264]);
    let refused = session.connect("bob", Role::Player, Page::decoding(&[VideoCodec::Vp8]).await.offer).await;
    assert!(matches!(&refused, Err(Error::InvalidOffer(text)) if text.contains("H264")), "{refused:?}");
    session.status.send_modify(|status| status.codecs = vec![VideoCodec::H264, VideoCodec::Vp8]);
    let page = Page::decoding(&[VideoCodec::Vp8]).await;
    let answer = session.connect("bob", Role::Player, page.offer.clone()).await.unwrap();
    let mut page = page.run(&answer, CLEAN, None);
    page.ready().await;
    let first = session.asked(|command| !matches!(command, VideoCommand::Watched(false))).await;
    assert!(matches!(first, VideoCommand::Codec(VideoCodec::Vp8)), "before anything is encoded: {first:?}");
}

#[tokio::test]
async fn a_still_picture_does_not_make_the_connection_slow() {
    let mut session = Session::start(64);
    session.socket(None).await;
    let mut page = join(&mut session, "ann", Role::Player, CLEAN).await;
    page.ready().await;
    let player = session.play(8000);
    page.until("pictures", |seen| seen.pictures > 200).await;
    drop(player);
    let bitrate = || session.viewers.status().borrow()[0].bitrate;
    // The first one is part of the flow for what the connection knows.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = bitrate();
    let show = || drop(session.video.units.send(Arc::new(support::picture(VideoCodec::H264, false, 8000))));
    for _ in 0..4 {
        show();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(bitrate(), before, "nothing was learnt of the connection meanwhile");
    let seen = page.seen.borrow().clone();
    for _ in 0..30 {
        show();
        tokio::time::sleep(Duration::from_millis(16)).await;
    }
    let seen = page.until("it moves again", |now| now.pictures >= seen.pictures + 30).await;
    assert_eq!(seen.broken, 0);
}

#[tokio::test]
async fn the_most_that_is_encoded_follows_the_mode() {
    let mut session = Session::start(64);
    session.socket(None).await;
    session.status.send_modify(|status| status.max_bitrate = 400_000);
    let mut page = join(&mut session, "ann", Role::Player, CLEAN).await;
    page.ready().await;
    let mut player = session.play(8000);
    let mut told = async |what: fn(u64) -> bool| {
        let found = player.asked.wait_for(|asked| asked.limits.last().is_some_and(|limits| what(limits.0)));
        tokio::time::timeout(PATIENCE, found).await.expect("other limits").unwrap();
    };
    told(|bitrate| bitrate == 400_000).await;
    session.status.send_modify(|status| status.max_bitrate = 20_000_000);
    told(|bitrate| bitrate > 500_000).await;
}

#[tokio::test]
async fn an_advertised_address_is_a_candidate() {
    let mut session = Session::start(64);
    let local = session.socket(Some("203.0.113.7:40000")).await;
    let page = Page::new().await;
    let answer = session.connect("ann", Role::Player, page.offer.clone()).await.unwrap();
    assert!(answer.contains("203.0.113.7 40000 typ srflx"), "{answer}");
    // Behind NAT the page reaches nothing but the advertised address.
    let answer: String = answer.split_inclusive('\n').filter(|line| !line.contains("typ host")).collect();
    let mut page = page.run(&answer, CLEAN, Some(("203.0.113.7:40000".parse().unwrap(), local)));
    page.ready().await;
    let _player = session.play(3000);
    page.until("pictures", |seen| seen.pictures > 30).await;
}

#[tokio::test]
async fn a_slow_spectator_holds_up_nobody() {
    let mut session = Session::start(64);
    session.socket(None).await;
    let mut fast = join(&mut session, "ann", Role::Player, CLEAN).await;
    let mut slow = join(&mut session, "bob", Role::Spectator, Network { loss: 0, rate: 60_000 }).await;
    fast.ready().await;
    slow.ready().await;
    let player = session.play(10_000);
    let seen = fast.until("pictures", |seen| seen.pictures > 500).await;
    assert_eq!(seen.broken, 0);
    let slow = slow.seen.borrow().pictures;
    assert!(slow < 400, "{slow} pictures on a slow link");
    let mut status = session.viewers.status().clone();
    // How long the estimates take to tell the links apart depends on the load of this machine.
    let fair = status.wait_for(|status| {
        let bitrate = |role: &str| status.iter().find(|viewer| viewer.role == role).map_or(0, |viewer| viewer.bitrate);
        let dropped = status.iter().any(|viewer| viewer.role == "spectator" && viewer.frames_dropped > 0);
        let limit = player.asked.borrow().limits.last().map_or(0, |limits| limits.0);
        dropped && bitrate("spectator") < bitrate("player") && limit > bitrate("spectator")
    });
    let fair = tokio::time::timeout(Duration::from_secs(30), fair).await.is_ok();
    let (limits, status) = (player.asked.borrow().limits.clone(), session.viewers.status().borrow().clone());
    assert!(fair, "the spectator makes the picture worse: {limits:?}, {status:?}");
}

#[tokio::test]
async fn offers_are_refused_with_a_reason() {
    let mut session = Session::start(64);
    let page = Page::new().await;
    let without = session.connect("ann", Role::Spectator, page.offer.clone()).await;
    assert!(matches!(without, Err(Error::Failed(text)) if text.contains("SetSockets")));
    session.socket(None).await;
    for number in 0..50 {
        let nonsense = page.offer.replacen("a=", &"x".repeat(number % 7 + 1), number % 5 + 1);
        let cut: String = nonsense.chars().take(number * 37).collect();
        let refused = session.connect("ann", Role::Spectator, cut).await;
        assert!(matches!(refused, Err(Error::InvalidOffer(_))), "{refused:?}");
    }
    let none = page.offer.replace("H264", "H263").replace("VP8", "VP7");
    let refused = session.connect("ann", Role::Spectator, none).await;
    assert!(matches!(&refused, Err(Error::InvalidOffer(text)) if text.contains("H264")), "{refused:?}");
    assert!(session.connect("ann", Role::Spectator, page.offer.clone()).await.is_ok());
    let again = session.connect("bob", Role::Spectator, page.offer.clone()).await;
    assert!(matches!(again, Err(Error::InvalidOffer(text)) if text.contains("used before")));
    let same = session.connect("ann", Role::Spectator, Page::new().await.offer).await;
    assert!(matches!(same, Err(Error::InvalidRequest(_))));
}

#[tokio::test]
async fn viewers_are_bounded() {
    let mut session = Session::start(64);
    session.socket(None).await;
    for number in 0..16 {
        session.connect(&format!("v{number}"), Role::Spectator, Page::new().await.offer).await.unwrap();
    }
    let refused = session.connect("last", Role::Player, Page::new().await.offer).await;
    assert!(matches!(refused, Err(Error::Busy(_))), "{refused:?}");
    assert!(matches!(session.input().await, InputCommand::Leave(_)), "the keyboard is given back");
}

#[tokio::test]
async fn slow_input_loses_motion_and_no_keys() {
    let mut session = Session::start(1);
    session.socket(None).await;
    let mut page = join(&mut session, "ann", Role::Player, CLEAN).await;
    page.ready().await;
    for code in 0..100 {
        page.send("input", &[1, 1, code, 0, 3, 0, code, 0, 0, 0, 3, 0, 0, 1, 0, 1]);
    }
    let mut keys = 0;
    while keys < 100 {
        if let InputCommand::Event(_, InputEvent::Key { code, .. }) = session.input().await {
            assert_eq!(code, keys, "in order and none lost");
            keys += 1;
        }
    }
}
