//! What players have in common: the display server's keyboard, pointer and clipboard.

use super::StartError;
use super::keyboard::KeyboardError;
use super::readiness::register;
use dillinger_ring::message::{MAX_CLIPBOARD, ToDisplay};
use dillinger_ring::socket::Socket;
use dillinger_ring::text;
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tracing::warn;
use xkbcommon::xkb;

/// A notch of the wheel, as messages have it.
const NOTCH: i32 = 120;

/// A keymap that the display server knows, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Keymap(u32);

/// The socket, and what it has no room for.
pub(super) struct Devices {
    socket: Socket,
    ready: AsyncFd<OwnedFd>,
    waiting: VecDeque<(ToDisplay, Option<OwnedFd>)>,
    /// The number of the next keymap.
    next: u32,
    clipboard: bool,
}

impl Devices {
    pub(super) fn new(socket: &Socket, clipboard: bool) -> Result<Self, StartError> {
        let ready = socket.as_fd().try_clone_to_owned().and_then(|socket| register(socket, Interest::WRITABLE));
        let ready = ready.map_err(StartError::Connect)?;
        Ok(Self { socket: socket.clone(), ready, waiting: VecDeque::new(), next: 0, clipboard })
    }

    fn send(&mut self, message: ToDisplay) {
        self.send_with(message, None);
    }

    /// Sends at once if that is possible; otherwise the next `flush` does.
    fn send_with(&mut self, message: ToDisplay, memory: Option<OwnedFd>) {
        self.waiting.push_back((message, memory));
        // An error is told by `flush`.
        let _ = self.send_waiting();
    }

    fn send_waiting(&mut self) -> Result<(), Errno> {
        while let Some((message, memory)) = self.waiting.front() {
            match memory {
                Some(memory) => self.socket.send_with(*message, memory.as_fd())?,
                None => self.socket.send(*message)?,
            }
            self.waiting.pop_front();
        }
        Ok(())
    }

    /// Sends everything. A display server that reads nothing holds this up, so that nothing piles up here.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        loop {
            match self.send_waiting() {
                Ok(()) => return Ok(()),
                Err(Errno::AGAIN) => {}
                Err(error) => return Err(error.into()),
            }
            self.ready.writable().await?.clear_ready();
        }
    }

    pub(super) fn add_keymap(&mut self, keymap: &xkb::Keymap) -> Result<Keymap, KeyboardError> {
        let text = keymap.get_as_string(xkb::KEYMAP_FORMAT_TEXT_V1);
        let memory = text::memory(&text)?;
        let number = self.next;
        self.next = number.wrapping_add(1);
        let bytes = u32::try_from(text.len()).map_err(io::Error::other)?;
        self.send_with(ToDisplay::Keymap { number, bytes }, Some(memory));
        Ok(Keymap(number))
    }

    pub(super) fn remove_keymap(&mut self, Keymap(number): Keymap) {
        self.send(ToDisplay::ForgetKeymap { number });
    }

    pub(super) fn key(&mut self, Keymap(keymap): Keymap, code: u16, pressed: bool) {
        self.send(ToDisplay::Key { code, pressed, keymap });
    }

    /// To a place, 0 to 65535 across the picture.
    pub(super) fn move_to(&mut self, x: u16, y: u16) {
        self.send(ToDisplay::Absolute { x, y });
    }

    /// By pixels.
    pub(super) fn move_by(&mut self, dx: i16, dy: i16) {
        self.send(ToDisplay::Relative { dx: dx.into(), dy: dy.into() });
    }

    pub(super) fn button(&mut self, code: u16, pressed: bool) {
        self.send(ToDisplay::Button { code, pressed });
    }

    /// By whole notches.
    pub(super) fn wheel(&mut self, horizontal: bool, notches: i32) {
        self.send(ToDisplay::Axis { horizontal, value: notches.saturating_mul(NOTCH) });
    }

    /// Offers a player's text to the game.
    pub(super) fn set_clipboard(&mut self, text: &str) {
        if !self.clipboard {
            return;
        }
        let Some(bytes) = u32::try_from(text.len()).ok().filter(|bytes| *bytes <= MAX_CLIPBOARD) else {
            return warn!("a clipboard of {} bytes is too long, {MAX_CLIPBOARD} are allowed", text.len());
        };
        match text::memory(text) {
            Ok(memory) => self.send_with(ToDisplay::Clipboard { bytes }, Some(memory)),
            Err(error) => warn!(%error, "no memory for the clipboard"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn devices() -> (Devices, Socket) {
        let (socket, other) = dillinger_ring::socket::pair().unwrap();
        (Devices::new(&socket, true).unwrap(), Socket::new(other))
    }

    fn received(display: &Socket) -> Option<ToDisplay> {
        display.receive().unwrap().map(|(message, _)| message)
    }

    #[tokio::test]
    async fn what_has_no_room_waits_in_its_order() {
        let (mut devices, display) = devices();
        let messages = 5000;
        for x in 0..messages {
            devices.move_to(x, 0);
        }
        assert!(!devices.waiting.is_empty(), "the display reads nothing");
        let late = tokio::time::timeout(Duration::from_millis(20), devices.flush()).await;
        assert!(late.is_err(), "nothing more is taken from the players meanwhile");
        let read = async {
            for x in 0..messages {
                let message = loop {
                    match received(&display) {
                        Some(message) => break message,
                        None => tokio::task::yield_now().await,
                    }
                };
                assert_eq!(message, ToDisplay::Absolute { x, y: 0 });
            }
        };
        tokio::join!(async { devices.flush().await.unwrap() }, read);
        drop(display);
        devices.move_to(0, 0);
        assert!(devices.flush().await.is_err(), "the display is gone");
    }

    #[tokio::test]
    async fn keymaps_are_named_by_their_keys() {
        let (mut devices, display) = devices();
        let keymap = super::super::Layout::default().compile().unwrap();
        let (first, second) = (devices.add_keymap(&keymap).unwrap(), devices.add_keymap(&keymap).unwrap());
        for number in 0..2 {
            let (message, memory) = display.receive::<ToDisplay>().unwrap().unwrap();
            let ToDisplay::Keymap { number: told, bytes } = message else { panic!("{message:?}") };
            assert_eq!(told, number);
            assert!(text::read(memory.unwrap(), bytes).unwrap().starts_with("xkb_keymap"));
        }
        devices.key(second, 30, true);
        devices.remove_keymap(first);
        assert_eq!(received(&display), Some(ToDisplay::Key { code: 30, pressed: true, keymap: 1 }));
        assert_eq!(received(&display), Some(ToDisplay::ForgetKeymap { number: 0 }));
    }
}
