//! What streamers and games can do to the thread, with sockets in the place of the kernel's devices.

use super::rumble::{Effect, Effects};
use super::*;
use dillinger_ring::pad::{Rumble, State};
use dillinger_ring::socket::{ReceiveError, Socket, pair};
use dillinger_runner_core::id::SessionId;
use input_linux::sys::{input_event, timeval};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, send, socketpair};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);
/// Of an event on a computer of 64 bits.
const EVENT_BYTES: usize = 24;

/// A controller of a session, both its ends in the hands of the test.
struct Case {
    pads: Pads,
    session: SessionId,
    kernel: OwnedFd,
    streamer: Socket,
}

fn pad(effects: Option<&Effects>) -> (Pad, OwnedFd) {
    let (device, kernel) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
    rustix::io::ioctl_fionbio(&kernel, true).unwrap();
    let memory = File::from(memory::create().unwrap());
    if let Some(effects) = effects {
        memory::write(&memory, effects).unwrap();
    }
    (Pad { fd: device, memory: Some(memory.into()), node: "/dev/input/event7".into(), index: 0 }, kernel)
}

impl Case {
    fn new() -> Self {
        Self::of(&Pads::default(), 1, None)
    }

    fn of(pads: &Pads, session: u128, effects: Option<&Effects>) -> Self {
        let session = SessionId::from_random(session);
        let (pad, kernel) = pad(effects);
        pads.add(session, pad);
        let mut case = Self { pads: pads.clone(), session, kernel, streamer: Socket::new(pair().unwrap().1) };
        case.connect();
        case
    }

    fn connect(&mut self) {
        let (agent, streamer) = pair().unwrap();
        self.pads.connect(self.session, 0, agent);
        self.streamer = Socket::new(streamer);
        // Told at once, so that the thread has the channel from here on.
        self.rumble();
    }

    /// The next events: type, code, value.
    fn events(&self) -> Vec<(u16, u16, i32)> {
        let mut bytes = [0; 64 * EVENT_BYTES];
        let length = in_time(|| match rustix::io::read(&self.kernel, &mut bytes) {
            Err(Errno::AGAIN) => None,
            read => Some(read.unwrap()),
        });
        let number = |at: &[u8]| u16::from_ne_bytes([at[0], at[1]]);
        let event = |event: &[u8]| {
            (number(&event[16..]), number(&event[18..]), i32::from_ne_bytes(event[20..].try_into().unwrap()))
        };
        bytes[..length].chunks(EVENT_BYTES).map(event).collect()
    }

    fn rumble(&self) -> Rumble {
        in_time(|| self.streamer.receive().unwrap()).0
    }

    /// What the game does.
    fn request(&self, kind: u16, code: u16, value: i32) -> Result<usize, Errno> {
        let event = input_event { time: timeval { tv_sec: 0, tv_usec: 0 }, type_: kind, code, value };
        let fields = event.type_.to_ne_bytes().into_iter().chain(event.code.to_ne_bytes());
        let bytes: Vec<u8> = [0; 16].into_iter().chain(fields).chain(event.value.to_ne_bytes()).collect();
        rustix::io::write(&self.kernel, &bytes)
    }

    /// A player's button goes down, and the game hears of it.
    fn works(&self) {
        let before = Instant::now();
        self.streamer.send(pressed(0)).unwrap();
        let events = self.events();
        assert!(events.contains(&(1, 0x130, 1)), "{events:?}");
        self.streamer.send(State::default()).unwrap();
        self.events();
        assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
    }

    /// The agent has closed the channel.
    fn is_cut(&self) {
        in_time(|| matches!(self.streamer.receive::<Rumble>(), Err(ReceiveError::Closed)).then_some(()));
    }
}

fn pressed(button: u32) -> State {
    State { buttons: 1 << button, ..State::default() }
}

fn in_time<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < end, "not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_micros(200));
    }
}

#[test]
fn states_become_events_in_their_order() {
    let case = Case::new();
    for state in [pressed(0), pressed(1), State::default()] {
        case.streamer.send(state).unwrap();
    }
    assert_eq!(case.events().len(), 20, "the first says everything");
    assert_eq!(case.events(), [(1, 0x130, 0), (1, 0x131, 1), (0, 0, 0)]);
    assert_eq!(case.events(), [(1, 0x131, 0), (0, 0, 0)]);
}

#[test]
fn what_is_no_state_ends_the_channel_and_lets_go() {
    let pads = Pads::default();
    let other = Case::of(&pads, 2, None);
    let mut case = Case::of(&pads, 1, None);
    let valid = dillinger_ring::message::Message::encode(pressed(3));
    let changed = |at: usize, to: u8| {
        let mut bytes = valid;
        bytes[at] = to;
        bytes.to_vec()
    };
    // Another length, kinds of others, bits of no button, a trigger beyond its end, and what is unused.
    let mut wrong = vec![valid[..31].to_vec(), [valid, valid].concat(), vec![1], vec![0; 32], vec![0xff; 32]];
    wrong.extend([changed(0, 31), changed(0, 17), changed(6, 2), changed(17, 1), changed(20, 1), changed(24, 1)]);
    for bytes in wrong {
        case.streamer.send(pressed(3)).unwrap();
        assert!(case.events().contains(&(1, 0x134, 1)));
        send(&case.streamer, &bytes, SendFlags::empty()).unwrap();
        case.is_cut();
        assert_eq!(case.events(), [(1, 0x134, 0), (0, 0, 0)], "{bytes:?}");
        other.works();
        case.connect();
    }
    case.streamer.send_with(pressed(3), case.kernel.try_clone().unwrap().as_fd()).unwrap();
    case.is_cut();
    other.works();
}

#[test]
fn a_streamer_that_goes_lets_go() {
    let mut case = Case::new();
    case.streamer.send(pressed(3)).unwrap();
    case.events();
    case.streamer = Socket::new(pair().unwrap().1);
    assert_eq!(case.events(), [(1, 0x134, 0), (0, 0, 0)]);
    case.connect();
    case.works();
}

#[test]
fn a_flood_of_states_is_slowed_and_holds_up_nobody() {
    let pads = Pads::default();
    let (other, case) = (Case::of(&pads, 2, None), Case::of(&pads, 1, None));
    let (start, mut written, mut button) = (Instant::now(), 0_u128, 0);
    let mut bytes = [0; 64 * EVENT_BYTES];
    while start.elapsed() < Duration::from_millis(500) {
        while case.streamer.send(pressed(button)).is_ok() {
            button = (button + 1) % 4;
        }
        while rustix::io::read(&case.kernel, &mut bytes).is_ok() {
            written += 1;
        }
    }
    let most = 16 + start.elapsed().as_millis() + 1;
    assert!((17..=most).contains(&written), "{written} of {most}");
    other.works();
}

#[test]
fn a_flood_of_a_game_is_slowed_and_holds_up_nobody() {
    let pads = Pads::default();
    let mut effects = Effects::default();
    effects.upload(0, Effect { strong: 0xffff, weak: 0, length: 0 });
    let (other, case) = (Case::of(&pads, 2, None), Case::of(&pads, 1, Some(&effects)));
    let (start, mut requests, mut told) = (Instant::now(), 0, 0);
    while start.elapsed() < Duration::from_millis(500) {
        while case.request(0x15, 0, 1 - requests % 2).is_ok() {
            requests += 1;
        }
        told += std::iter::from_fn(|| case.streamer.receive::<Rumble>().unwrap()).count();
    }
    let most = start.elapsed().as_millis() / 10 + 2;
    assert!((1..=most).contains(&(told as u128)), "{told} of {most}");
    other.works();
    // Nobody reads this one's rumble any more, and it is played all the same.
    while case.request(0x15, 0, 1).is_ok() {}
    case.works();
}

#[test]
fn a_device_that_goes_takes_nobody_along() {
    let pads = Pads::default();
    let (other, mut case) = (Case::of(&pads, 2, None), Case::of(&pads, 1, None));
    case.kernel = pair().unwrap().1;
    case.is_cut();
    other.works();
}

#[test]
fn what_a_game_asks_of_the_motors_reaches_the_streamer() {
    let mut effects = Effects::default();
    effects.upload(5, Effect { strong: 0x8000, weak: 0xffff, length: 60_000 });
    let case = Case::of(&Pads::default(), 1, Some(&effects));
    case.request(0x15, 5, 1).unwrap();
    let rumble = case.rumble();
    assert_eq!((rumble.strong, rumble.weak), (0x8000, 0xffff));
    assert!((55_000..=60_000).contains(&rumble.milliseconds), "{rumble:?}");
    case.request(0x15, 0x60, 0x8000).unwrap();
    assert_eq!(case.rumble().strong, 0x4000);
    case.request(0x15, 5, 0).unwrap();
    assert_eq!(case.rumble(), Rumble::default());
}

#[test]
fn controllers_go_with_the_last_who_has_them() {
    let case = Case::new();
    case.pads.remove(case.session, 0);
    case.is_cut();
    let Case { pads, kernel, .. } = Case::new();
    drop(pads);
    in_time(|| matches!(rustix::io::read(&kernel, &mut [0; 1]), Ok(0)).then_some(()));
}
