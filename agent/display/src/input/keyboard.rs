//! The keyboard, with the keymaps of the players' layouts.

use crate::clock::{milliseconds, now};
use crate::focus::Focus;
use crate::server::Server;
use smithay::backend::input::KeyState;
use smithay::input::keyboard::{FilterResult, Keycode};
use smithay::utils::SERIAL_COUNTER;
use std::collections::BTreeMap;

/// Of the kernel's key codes to those of xkb.
const EVDEV_OFFSET: u32 = 8;
/// More keymaps than players can have.
const MOST_KEYMAPS: usize = 64;

/// Keymaps as texts, by the streamer's numbers.
#[derive(Debug, Default)]
pub(crate) struct Keymaps {
    texts: BTreeMap<u32, String>,
    current: Option<u32>,
}

impl Keymaps {
    pub(super) fn add(&mut self, number: u32, text: String) {
        if self.texts.len() < MOST_KEYMAPS {
            self.texts.insert(number, text);
        } else {
            tracing::warn!(number, "too many keymaps");
        }
    }

    pub(super) fn remove(&mut self, number: u32) {
        self.texts.remove(&number);
    }

    /// The keymap to be used from now on, if it is another one.
    fn switch(&mut self, number: u32) -> Option<String> {
        if self.current == Some(number) {
            return None;
        }
        let text = self.texts.get(&number).cloned()?;
        self.current = Some(number);
        Some(text)
    }
}

impl Server {
    pub(super) fn key(&mut self, code: u16, pressed: bool, keymap: u32) {
        let Some(keyboard) = self.seat.get_keyboard() else { return };
        if let Some(text) = self.keymaps.switch(keymap)
            && let Err(error) = keyboard.set_keymap_from_string(self, text)
        {
            tracing::warn!(?error, "a keymap that is none");
        }
        let state = if pressed { KeyState::Pressed } else { KeyState::Released };
        let (code, serial) = (Keycode::new(u32::from(code) + EVDEV_OFFSET), SERIAL_COUNTER.next_serial());
        keyboard.input::<(), _>(self, code, state, serial, milliseconds(), |_, _, _| FilterResult::Forward);
        if pressed {
            // First the key, then the callback: the game reads both at once.
            self.frame_on_input();
        }
    }

    /// Has a game with vsync that has the keyboard draw what it just got.
    pub(super) fn frame_on_input(&mut self) {
        let focus = self.seat.get_keyboard().and_then(|keyboard| keyboard.current_focus());
        if matches!(focus, Some(Focus::Wayland(_))) {
            self.pace.frame_on_input(now());
        }
    }
}
