//! On a kernel with uinput, as `tests/streaming/uinput` boots one.

use super::*;
use dillinger_ring::pad::{Rumble, State};
use dillinger_ring::socket::{Socket, pair};
use dillinger_runner_core::id::SessionId;
use input_linux::EvdevHandle;
use input_linux::sys::{ff_effect, ff_replay, ff_trigger, input_event, timeval};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

const KERNEL: &str = "/dev/uinput";

#[test]
#[ignore = "needs a kernel with uinput"]
fn kernel_makes_controllers_that_games_know() {
    let pads = create_pads(Path::new(KERNEL), 2).unwrap();
    let mut nodes = Vec::new();
    for (index, pad) in (0..).zip(&pads) {
        assert_eq!(pad.index, index);
        let file =
            OpenOptions::new().read(true).write(true).custom_flags(nix::libc::O_NONBLOCK).open(&pad.node).unwrap();
        let device = EvdevHandle::new(file);
        assert_eq!(device.device_id().unwrap(), ID);
        assert_eq!(device.device_name().unwrap(), [NAME, b"\0"].concat());
        assert_eq!(device.physical_location().unwrap(), format!("dillinger-runner/pad{index}\0").into_bytes());
        assert_eq!(device.key_bits().unwrap().iter().count(), KEYS.len());
        assert_eq!(device.absolute_bits().unwrap().iter().count(), 8);
        let x = device.absolute_info(AbsoluteAxis::X).unwrap();
        assert_eq!((x.minimum, x.maximum, x.fuzz, x.flat), (-32768, 32767, 16, 128));
        let hat = device.absolute_info(AbsoluteAxis::Hat0Y).unwrap();
        assert_eq!((hat.minimum, hat.maximum), (-1, 1));
        let effects: Vec<_> = device.force_feedback_bits().unwrap().iter().collect();
        assert_eq!(effects, [ForceFeedbackKind::Rumble, ForceFeedbackKind::Gain]);
        assert_eq!(device.effects_count().unwrap(), 16);
        nodes.push(pad.node.clone());
    }
    assert_ne!(nodes[0], nodes[1]);
    drop(pads);
    assert!(nodes.iter().all(|node| !node.exists()), "the controllers go with their descriptors");
}

#[test]
#[ignore = "needs a kernel with uinput"]
fn kernel_is_checked_without_a_controller() {
    check(Path::new(KERNEL)).unwrap();
    assert!(matches!(check(Path::new("/dev/nothing")), Err(Missing::Module(_))));
}

#[test]
fn what_is_no_uinput_makes_none() {
    let file = tempfile::NamedTempFile::new().unwrap();
    check(file.path()).unwrap();
    let refused = create_pads(file.path(), 1).unwrap_err();
    assert!(matches!(&refused, Missing::Refused(_)), "{refused}");
    assert!(create_pads(file.path(), 0).unwrap().is_empty());
}

const EMPTY: input_event = input_event { time: timeval { tv_sec: 0, tv_usec: 0 }, type_: 0, code: 0, value: 0 };
const PATIENCE: Duration = Duration::from_secs(60);

/// What a game does: it uploads an effect when it begins, reads two changes, then plays the effect until it is told to stop.
fn game(node: &Path, changes: &Sender<Vec<(u16, u16, i32)>>, stop: &Receiver<()>) {
    let device = EvdevHandle::new(OpenOptions::new().read(true).write(true).open(node).unwrap());
    let mut effect = ff_effect {
        type_: sys::FF_RUMBLE,
        id: -1,
        direction: 0,
        trigger: ff_trigger { button: 0, interval: 0 },
        replay: ff_replay { length: 60_000, delay: 0 },
        u: [0x8000_ffff, 0, 0, 0],
    };
    device.send_force_feedback(&mut effect).unwrap();
    changes.send(Vec::new()).unwrap();
    for _ in 0..2 {
        let mut seen = Vec::new();
        while seen.last() != Some(&(0, 0, 0)) {
            let mut events = [EMPTY; 8];
            let count = device.read(&mut events).unwrap();
            seen.extend(events[..count].iter().map(|event| (event.type_, event.code, event.value)));
        }
        changes.send(seen).unwrap();
    }
    let play = |value| input_event { type_: 0x15, code: effect.id.cast_unsigned(), value, ..EMPTY };
    device.write(&[play(1)]).unwrap();
    stop.recv().unwrap();
    device.write(&[play(0)]).unwrap();
    device.erase_force_feedback(effect.id).unwrap();
}

fn rumble(streamer: &Socket) -> Rumble {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some((rumble, _)) = streamer.receive().unwrap() {
            return rumble;
        }
        assert!(Instant::now() < end, "no rumble");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A channel to the controller, whose motors are said to rest.
fn connect(pads: &Pads, session: SessionId) -> Socket {
    let (agent, streamer) = pair().unwrap();
    pads.connect(session, 0, agent);
    let streamer = Socket::new(streamer);
    assert_eq!(rumble(&streamer), Rumble::default());
    streamer
}

#[test]
#[ignore = "needs a kernel with uinput"]
fn kernel_keeps_a_controller_from_one_agent_to_the_next() {
    let (session, pads) = (SessionId::from_random(1), Pads::default());
    let pad = create_pads(Path::new(KERNEL), 1).unwrap().remove(0);
    let node = pad.node.clone();
    let kept = [&pad.fd, pad.memory.as_ref().unwrap()].map(|descriptor| descriptor.try_clone().unwrap());
    pads.add(session, pad);
    let streamer = connect(&pads, session);

    let (changes, seen) = channel();
    let (stop, stopped) = channel();
    let opened = node.clone();
    let game = std::thread::spawn(move || game(&opened, &changes, &stopped));
    assert!(seen.recv().unwrap().is_empty(), "the game has opened the controller");
    streamer.send(State { buttons: 1, axes: [0; 4], triggers: [200, 0] }).unwrap();
    assert_eq!(seen.recv().unwrap(), [(1, 0x130, 1), (3, 2, 200), (0, 0, 0)]);

    // The agent goes without a word, and the next one has what systemd has.
    drop(pads);
    let name = format!("pad-{session}-0");
    let pads = Pads::new(kept.into_iter().map(|descriptor| (name.clone(), descriptor)).collect());
    assert_eq!(pads.claim(SessionId::from_random(2), &[node.to_str().unwrap()]), []);
    assert_eq!(pads.claim(session, &[node.to_str().unwrap()]), [(0, node.to_str().unwrap().to_owned())]);
    pads.remove_unclaimed();
    let streamer = connect(&pads, session);
    streamer.send(State { buttons: 0, axes: [0; 4], triggers: [200, 0] }).unwrap();
    assert_eq!(seen.recv().unwrap(), [(1, 0x130, 0), (0, 0, 0)], "the trigger is still held");

    let plays = rumble(&streamer);
    assert_eq!((plays.strong, plays.weak), (0xffff, 0x8000), "an effect that the agent before has taken");
    stop.send(()).unwrap();
    assert_eq!(rumble(&streamer), Rumble::default());
    game.join().unwrap();

    pads.remove(session, 0);
    let end = Instant::now() + PATIENCE;
    while node.exists() {
        assert!(Instant::now() < end, "the controller stays");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
#[ignore = "needs a kernel with uinput"]
fn kernel_has_another_controller_for_another_session() {
    let session = SessionId::from_random(1);
    let kept = |pad: Pad| std::iter::once((format!("pad-{session}-0"), pad.fd)).collect();
    let pad = create_pads(Path::new(KERNEL), 1).unwrap().remove(0);
    let node = pad.node.clone();
    let pads = Pads::new(kept(pad));
    assert_eq!(pads.claim(session, &["/dev/input/event99"]), [], "the record has another node");
    assert!(!node.exists(), "it is closed");
    let pad = create_pads(Path::new(KERNEL), 1).unwrap().remove(0);
    let node = pad.node.clone();
    let pads = Pads::new(kept(pad));
    assert!(node.exists());
    pads.remove_unclaimed();
    assert!(!node.exists(), "its session is gone");
}
