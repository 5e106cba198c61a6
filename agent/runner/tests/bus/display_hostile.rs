//! A streamer that was taken over harms its own session at most.

use crate::client::ID;
use crate::process::Process;
use crate::puppet::{Puppet, STRANGER, Trick};
use crate::stream_case::{Case, stream};
use crate::streamer::Manner;
use crate::world::eventually;
use dillinger_runner_api::proxy::Options;
use std::time::{Duration, Instant};

/// How much larger the program may be in a flood than before, in KiB.
const GROWTH_MAX_KIB: u64 = 32 << 10;

impl Case {
    fn puppet(&self, trick: Trick) -> Puppet {
        Puppet::start(&self.world.paths.session(ID).join("streamer"), trick)
    }

    /// A streamed session whose streamer plays this trick.
    async fn tricked(trick: Trick) -> (Self, Puppet) {
        let case = Self::starting("[stream]\nAddresses = [\"127.0.0.1\"]\n").await;
        let puppet = case.puppet(trick);
        case.up().await;
        (case, puppet)
    }

    /// The agent serves, comes back to the display, and is content with one that behaves.
    async fn recovers(self, puppet: Puppet) {
        let knocks = puppet.knocks();
        eventually("the agent tries again", || puppet.knocks() > knocks).await;
        assert_eq!(self.agent.client.manager.list_sessions().await.unwrap().len(), 1);
        drop(puppet);
        let _good = self.streamer(Manner::Good);
        self.until_it_answers().await;
        let end = Instant::now() + crate::world::DEADLINE;
        while let Err(refused) = self.connect("v=0").await {
            assert!(Instant::now() < end, "{refused}");
        }
    }
}

#[tokio::test]
async fn one_that_shakes_no_hands_is_hung_up_on() {
    for said in [&b"\n"[..], b"\0AUTH EXTERNAL ", b"\0\r\n", &[b'x'; 1000]] {
        let (case, puppet) = Case::tricked(Trick::Says(said)).await;
        eventually("the agent tries again", || puppet.knocks() > 1).await;
        assert_eq!(case.connect("v=0").await.unwrap_err().short_name(), "Busy");
        case.recovers(puppet).await;
    }
}

#[tokio::test]
async fn one_that_announces_too_much_or_hangs_up_is_hung_up_on() {
    for at in ["Hello", "GetAll", "Connect"] {
        for trick in [Trick::Announces(at), Trick::HangsUp(at)] {
            let (case, puppet) = Case::tricked(trick).await;
            if at == "Connect" {
                case.until_it_answers().await;
            }
            let before = Instant::now();
            let refused = case.connect("v=0").await.unwrap_err();
            let expected = if at == "Connect" { "DisplayUnavailable" } else { "Busy" };
            assert_eq!(refused.short_name(), expected, "{refused}");
            assert!(before.elapsed() < Duration::from_secs(9), "not at the end of its time");
            case.recovers(puppet).await;
        }
    }
}

#[tokio::test]
async fn answers_of_the_wrong_type_are_none() {
    for at in ["Hello", "GetAll"] {
        let (case, puppet) = Case::tricked(Trick::Nonsense(at)).await;
        eventually("the agent tries again", || puppet.knocks() > 1).await;
        assert_eq!(case.connect("v=0").await.unwrap_err().short_name(), "Busy");
        case.recovers(puppet).await;
    }
    for at in ["Connect", "SetSockets", "Screenshot"] {
        let (case, _puppet) = Case::tricked(Trick::Nonsense(at)).await;
        case.until_it_answers().await;
        let refused = match at {
            "Screenshot" => case.stream.screenshot(&Options::new()).await.map(drop),
            _ => case.connect("v=0").await.map(drop),
        };
        assert_eq!(refused.unwrap_err().short_name(), "DisplayUnavailable", "{at}");
        assert_eq!(case.agent.client.manager.list_sessions().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn viewers_that_nobody_made_do_not_exist() {
    let (case, puppet) = Case::tricked(Trick::Strangers).await;
    case.until_it_answers().await;
    let (viewer, _) = case.connect("v=0").await.unwrap();
    let case = case.after_a_restart().await;
    case.until_it_answers().await;
    case.connect("v=0").await.unwrap();
    for id in [STRANGER, viewer.as_str()] {
        let refused = case.stream.disconnect(id).await.unwrap_err();
        assert_eq!(refused.short_name(), "InvalidRequest", "the streamer listed the one and not the other");
    }
    assert!(case.stream.viewers().await.unwrap().is_empty());
    assert_eq!(puppet.knocks(), 2);
}

/// The program itself, beside a display that floods it.
#[tokio::test]
async fn one_that_talks_without_end_neither_slows_the_agent_nor_makes_it_grow() {
    let case = Case::starting("").await;
    let Case { world, agent, session, .. } = case;
    agent.crash().await;
    let process = Process::start(&world).await;
    let before_kib = process.resident_kib();
    let puppet = Puppet::start(&world.paths.session(ID).join("streamer"), Trick::Floods);
    world.systemd.display_comes_up(&session.unit).await;
    eventually("it floods", || puppet.bytes() > 0).await;
    let (before, bytes) = (Instant::now(), puppet.bytes());
    let stream = stream(&process.client, &session).await;
    for _ in 0..100 {
        process.client.manager.list_sessions().await.unwrap();
        stream.encoder().await.unwrap();
    }
    let took = before.elapsed();
    assert!(took < Duration::from_secs(4), "{took:?}");
    eventually("it was read for a while", || puppet.bytes() > bytes + (4 << 20)).await;
    let (read, took) = (puppet.bytes() - bytes, before.elapsed());
    // Two mebibytes a second, and what the socket and the agent's pace hold.
    let most = (2 << 20) * (took.as_millis() + 2000) / 1000;
    assert!(read as u128 <= most, "{read} bytes in {took:?}");
    let grown = process.resident_kib().saturating_sub(before_kib);
    assert!(grown < GROWTH_MAX_KIB, "{grown} KiB");
    assert_eq!(puppet.knocks(), 1);
}
