//! On a kernel with uinput, as `tests/streaming/uinput` boots one.

use super::*;
use input_linux::sys::{self, ff_effect, ff_replay, ff_trigger, input_event, timeval};
use input_linux::{AbsoluteAxis, EvdevHandle, EventKind, ForceFeedbackKind, InputId, Key, UInputHandle};
use std::fs::{File, OpenOptions};
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, Sender, channel};

const EMPTY: input_event = input_event { time: timeval { tv_sec: 0, tv_usec: 0 }, type_: 0, code: 0, value: 0 };

fn open(path: &str) -> File {
    OpenOptions::new().read(true).write(true).open(path).unwrap()
}

/// The least that a button, a trigger and the motors need.
fn create() -> (OwnedFd, String) {
    let file = open("/dev/uinput");
    let handle = UInputHandle::new(file.as_fd());
    for kind in [EventKind::Key, EventKind::Absolute, EventKind::ForceFeedback] {
        handle.set_evbit(kind).unwrap();
    }
    handle.set_keybit(Key::ButtonSouth).unwrap();
    handle.set_ffbit(ForceFeedbackKind::Rumble).unwrap();
    let info = input_linux::AbsoluteInfo { maximum: 255, ..input_linux::AbsoluteInfo::default() };
    let trigger = input_linux::AbsoluteInfoSetup { axis: AbsoluteAxis::Z, info };
    handle.set_absbit(AbsoluteAxis::Z).unwrap();
    let id = InputId { bustype: 3, vendor: 1, product: 2, version: 3 };
    handle.create(&id, b"test pad", 4, &[trigger]).unwrap();
    let node = handle.evdev_path().unwrap();
    (file.into(), node.to_str().unwrap().to_owned())
}

/// What a game does: it reads events and plays an effect.
fn game(node: &str, updates: &Sender<Vec<(u16, u16, i32)>>, stop: &Receiver<()>) {
    let device = EvdevHandle::new(open(node));
    updates.send(Vec::new()).unwrap();
    for _ in 0..2 {
        let mut seen = Vec::new();
        while seen.last() != Some(&(0, 0, 0)) {
            let mut events = [EMPTY; 8];
            let count = device.read(&mut events).unwrap();
            seen.extend(events[..count].iter().map(|event| (event.type_, event.code, event.value)));
        }
        updates.send(seen).unwrap();
    }
    let mut effect = ff_effect {
        type_: sys::FF_RUMBLE,
        id: -1,
        direction: 0,
        trigger: ff_trigger { button: 0, interval: 0 },
        replay: ff_replay { length: 60_000, delay: 0 },
        u: [0x8000_ffff, 0, 0, 0],
    };
    device.send_force_feedback(&mut effect).unwrap();
    let play = |value| input_event { type_: 0x15, code: effect.id.cast_unsigned(), value, ..EMPTY };
    device.write(&[play(1)]).unwrap();
    stop.recv().unwrap();
    device.write(&[play(0)]).unwrap();
    device.erase_force_feedback(effect.id).unwrap();
}

#[test]
#[ignore = "needs a kernel with uinput"]
fn kernel_passes_events_to_the_game_and_rumble_back() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let (nodes, watched) = watch::channel(Vec::new());
        let (sender, mut reports) = mpsc::channel(4);
        let mut gamepads = Gamepads::new(nodes, sender);
        let (uinput, node) = create();
        gamepads.add(uinput, 0, node.clone());
        assert_eq!(*watched.borrow(), std::slice::from_ref(&node));

        let (updates, seen) = channel();
        let (stop, stopped) = channel();
        let game = tokio::task::spawn_blocking(move || game(&node, &updates, &stopped));
        assert!(seen.recv().unwrap().is_empty(), "the game has opened the controller");
        let viewer = ViewerId("a".into());
        gamepads.set(&viewer, 3, PadState { buttons: 1, axes: [0; 4], triggers: [200, 0] });
        assert_eq!(seen.recv().unwrap(), [(1, 0x130, 1), (3, 2, 200), (0, 0, 0)]);
        gamepads.release(&viewer);
        assert_eq!(seen.recv().unwrap(), [(1, 0x130, 0), (3, 2, 0), (0, 0, 0)]);

        let Some(Feedback::Rumble { viewer: whose, pad, strong, weak, duration }) =
            gamepads.report(reports.recv().await.unwrap())
        else {
            panic!("the controller is gone");
        };
        assert_eq!((whose, pad), (viewer, 3));
        assert!(strong > 0.99 && (0.49..0.51).contains(&weak), "{strong} {weak}");
        assert!(!duration.is_zero() && duration <= Duration::from_mins(1), "{duration:?}");
        stop.send(()).unwrap();
        let stopped = gamepads.report(reports.recv().await.unwrap());
        assert!(matches!(stopped, Some(Feedback::Rumble { duration: Duration::ZERO, .. })), "{stopped:?}");
        game.await.unwrap();
    });
}
