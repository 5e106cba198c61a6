//! One virtual controller of the kernel: events to it, force feedback from it.

use super::mapping::events;
use super::rumble::{Effect, Effects};
use dillinger_ring::pad::State;
use input_linux::UInputHandle;
use input_linux::sys::{self, ff_effect, ff_effect_union, input_event, timeval, uinput_ff_erase, uinput_ff_upload};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

const GAIN: i32 = sys::FF_GAIN as i32;
/// Events that are read at once: as many as the kernel keeps.
const EVENTS: usize = 16;

/// An open `/dev/uinput` behind which a controller was created.
#[derive(Debug)]
pub(super) struct Device(OwnedFd);

/// What the game asks of the motors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    Upload { request: u32 },
    Erase { request: u32 },
    Gain(i32),
    Play { effect: i32, times: i32 },
}

impl Request {
    /// What an event that the kernel sent asks for; `None` for those of other kinds.
    fn parse(event: &input_event) -> Option<Self> {
        match (i32::from(event.type_), i32::from(event.code)) {
            (sys::EV_UINPUT, sys::UI_FF_UPLOAD) => Some(Self::Upload { request: event.value.cast_unsigned() }),
            (sys::EV_UINPUT, sys::UI_FF_ERASE) => Some(Self::Erase { request: event.value.cast_unsigned() }),
            (sys::EV_FF, GAIN) => Some(Self::Gain(event.value)),
            (sys::EV_FF, effect) => Some(Self::Play { effect, times: event.value }),
            _ => None,
        }
    }
}

impl Device {
    /// A device that neither reading nor writing waits for.
    ///
    /// # Errors
    /// The descriptor cannot be so.
    pub(super) fn new(descriptor: OwnedFd) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&descriptor, true)?;
        Ok(Self(descriptor))
    }

    fn handle(&self) -> UInputHandle<BorrowedFd<'_>> {
        UInputHandle::new(self.0.as_fd())
    }

    /// Tells the game what changed; `before` is none if that is not known.
    ///
    /// # Errors
    /// The device is gone.
    pub(super) fn write(&self, now: &State, before: Option<&State>) -> io::Result<()> {
        let events = events(now, before);
        if events.is_empty() {
            return Ok(());
        }
        loop {
            match self.handle().write(&events) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                written => return written.map(|_| ()),
            }
        }
    }

    /// Answers what the game has asked for, up to [`EVENTS`] requests. False if it has asked for nothing. `now` is
    /// milliseconds of `CLOCK_MONOTONIC`.
    ///
    /// # Errors
    /// The device is gone.
    pub(super) fn serve(&self, effects: &mut Effects, now: u64) -> io::Result<bool> {
        let mut events = [EMPTY; EVENTS];
        let count = match self.handle().read(&mut events) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => count,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        for request in events.iter().take(count).filter_map(Request::parse) {
            if let Err(error) = self.answer(request, effects, now) {
                // The kernel gave up waiting, or the game died meanwhile.
                tracing::debug!("{request:?} of a game to its controller: {error}");
            }
        }
        Ok(true)
    }

    /// Answers one request. The program that asks waits in its system call for that.
    fn answer(&self, request: Request, effects: &mut Effects, now: u64) -> io::Result<()> {
        let handle = self.handle();
        match request {
            Request::Upload { request } => {
                let mut upload = uinput_ff_upload { request_id: request, retval: 0, effect: NO_EFFECT, old: NO_EFFECT };
                handle.ff_upload_begin(&mut upload)?;
                if upload.effect.type_ == sys::FF_RUMBLE {
                    effects.upload(upload.effect.id.into(), rumble(&upload.effect));
                }
                handle.ff_upload_end(&upload)
            }
            Request::Erase { request } => {
                let mut erase = uinput_ff_erase { request_id: request, retval: 0, effect_id: 0 };
                handle.ff_erase_begin(&mut erase)?;
                effects.erase(erase.effect_id.cast_signed());
                handle.ff_erase_end(&erase)
            }
            Request::Gain(gain) => {
                effects.set_gain(gain);
                Ok(())
            }
            Request::Play { effect, times } => {
                effects.play(effect, times, now);
                Ok(())
            }
        }
    }

    /// Removes the controller, whoever else has the descriptor.
    pub(super) fn destroy(self) {
        // A device that is gone already is as wanted.
        let _ = self.handle().dev_destroy();
    }
}

impl AsFd for Device {
    /// Readable when the game asks for something.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

const EMPTY: input_event = input_event { time: timeval { tv_sec: 0, tv_usec: 0 }, type_: 0, code: 0, value: 0 };
const NO_EFFECT: ff_effect = ff_effect {
    type_: 0,
    id: 0,
    direction: 0,
    trigger: sys::ff_trigger { button: 0, interval: 0 },
    replay: sys::ff_replay { length: 0, delay: 0 },
    u: [0; 4],
};

fn rumble(effect: &ff_effect) -> Effect {
    let motors = <&ff_effect_union>::from(effect).rumble();
    Effect { strong: motors.strong_magnitude, weak: motors.weak_magnitude, length: effect.replay.length }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_of_the_kernel_are_read() {
        for (type_, code, value, expected) in [
            (0x101, 1, 7, Some(Request::Upload { request: 7 })),
            (0x101, 2, -1, Some(Request::Erase { request: u32::MAX })),
            (0x15, 0x60, 0xffff, Some(Request::Gain(0xffff))),
            (0x15, 3, 1, Some(Request::Play { effect: 3, times: 1 })),
            (0x101, 3, 1, None),
            (0, 0, 0, None),
            (0x11, 1, 1, None),
        ] {
            assert_eq!(Request::parse(&input_event { type_, code, value, ..EMPTY }), expected);
        }
    }

    #[test]
    fn an_effect_is_read_as_the_kernel_lays_it_out() {
        // linux/input.h: the union begins with the two magnitudes, the strong one first.
        let union = 0x0000_0000_2222_1111_u64;
        let replay = sys::ff_replay { length: 300, delay: 0 };
        let effect = ff_effect { type_: sys::FF_RUMBLE, replay, u: [union, 0, 0, 0], ..NO_EFFECT };
        assert_eq!(rumble(&effect), Effect { strong: 0x1111, weak: 0x2222, length: 300 });
    }

    #[test]
    fn changes_are_written_as_the_kernel_reads_them() {
        let (ours, kernel) = rustix::net::socketpair(
            rustix::net::AddressFamily::UNIX,
            rustix::net::SocketType::SEQPACKET,
            rustix::net::SocketFlags::CLOEXEC,
            None,
        )
        .unwrap();
        let device = Device::new(ours).unwrap();
        let pressed = State { buttons: 1, ..State::default() };
        device.write(&pressed, Some(&pressed)).unwrap();
        device.write(&pressed, Some(&State::default())).unwrap();
        let mut bytes = [0; 256];
        let length = rustix::io::read(&kernel, &mut bytes).unwrap();
        // struct input_event on 64 bits: 16 bytes of time, then type, code and value.
        let mut expected = Vec::new();
        for (kind, code, value) in [(1_u16, 0x130_u16, 1_i32), (0, 0, 0)] {
            expected.extend([0; 16]);
            expected.extend(kind.to_ne_bytes().into_iter().chain(code.to_ne_bytes()).chain(value.to_ne_bytes()));
        }
        assert_eq!(&bytes[..length], expected);
        assert!(!device.serve(&mut Effects::default(), 0).unwrap(), "nothing was asked for");
        drop(kernel);
        assert!(device.serve(&mut Effects::default(), 0).is_err());
    }
}
