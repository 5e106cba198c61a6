//! The seat that all players share: keyboards by layout, and one pointer.

use super::StartError;
use super::devices::Devices;
use super::held::Held;
use super::keyboard::{Keyboard, KeyboardError};
use super::keymap::Layout;
use super::wheel::Wheel;
use crate::media::{InputEvent, ViewerId};
use std::collections::BTreeMap;

/// `BTN_LEFT` to `BTN_TASK`: the buttons of a mouse.
const MOUSE_BUTTONS: std::ops::RangeInclusive<u16> = 0x110..=0x117;

pub(super) struct Seat {
    devices: Devices,
    players: BTreeMap<ViewerId, Player>,
    keyboards: BTreeMap<Layout, Keyboard>,
    /// Keys that the game sees down, by the keyboards that hold them.
    keys: Held<Layout>,
    /// Which keyboard pressed such a key, and therefore has to release it.
    pressed_on: BTreeMap<u16, Layout>,
    buttons: Held<ViewerId>,
}

struct Player {
    layout: Layout,
    wheel: Wheel,
}

impl Seat {
    /// A seat with a keyboard of the default layout and a pointer.
    pub(super) fn new(mut devices: Devices) -> Result<Self, StartError> {
        let default = Layout::default();
        let keyboard = Keyboard::new(&default, &mut devices)?;
        Ok(Self {
            devices,
            players: BTreeMap::new(),
            keyboards: BTreeMap::from([(default, keyboard)]),
            keys: Held::new(),
            pressed_on: BTreeMap::new(),
            buttons: Held::new(),
        })
    }

    /// The display's devices.
    pub(super) fn devices(&mut self) -> &mut Devices {
        &mut self.devices
    }

    /// A player joins, or changes his layout.
    pub(super) fn join(&mut self, viewer: &ViewerId, layout: Layout) -> Result<(), KeyboardError> {
        if !self.keyboards.contains_key(&layout) {
            let keyboard = Keyboard::new(&layout, &mut self.devices)?;
            self.keyboards.insert(layout.clone(), keyboard);
        }
        self.release_all(viewer);
        self.players.insert(viewer.clone(), Player { layout, wheel: Wheel::default() });
        self.remove_unused_keyboards();
        Ok(())
    }

    /// A player leaves and lets go what he holds.
    pub(super) fn leave(&mut self, viewer: &ViewerId) {
        self.release_all(viewer);
        self.players.remove(viewer);
        self.remove_unused_keyboards();
    }

    /// The seat never is without a keyboard, so the default one stays.
    fn remove_unused_keyboards(&mut self) {
        let players = &self.players;
        let used = |layout: &Layout| players.values().any(|player| player.layout == *layout);
        for (_, keyboard) in self.keyboards.extract_if(.., |layout, _| *layout != Layout::default() && !used(layout)) {
            self.devices.remove_keymap(keyboard.number);
        }
    }

    /// Whether this viewer joined.
    pub(super) fn has(&self, viewer: &ViewerId) -> bool {
        self.players.contains_key(viewer)
    }

    /// A player did something; whoever did not join is ignored.
    pub(super) fn event(&mut self, viewer: &ViewerId, event: InputEvent) {
        if !self.players.contains_key(viewer) {
            return;
        }
        match event {
            InputEvent::Key { code, pressed } => self.key(viewer, code, pressed),
            InputEvent::Button { code, pressed } => self.button(viewer, code, pressed),
            InputEvent::Absolute { x, y } => {
                self.devices.move_to(x, y);
            }
            InputEvent::Relative { dx, dy } => {
                self.devices.move_by(dx, dy);
            }
            InputEvent::Wheel { horizontal, value } => self.wheel(viewer, horizontal, value),
            InputEvent::ReleaseAll => self.release_all(viewer),
            InputEvent::Gamepad { .. } => {}
        }
    }

    fn key(&mut self, viewer: &ViewerId, code: u16, pressed: bool) {
        let Some(layout) = self.players.get(viewer).map(|player| player.layout.clone()) else { return };
        let Some(keyboard) = self.keyboards.get_mut(&layout) else { return };
        if !keyboard.hold(viewer, code, pressed) {
            return;
        }
        if self.keys.change(&layout, code, pressed) {
            let sender = if pressed { None } else { self.pressed_on.remove(&code) };
            if pressed {
                self.pressed_on.insert(code, layout.clone());
            }
            if let Some(keyboard) = self.keyboards.get(sender.as_ref().unwrap_or(&layout)) {
                self.devices.key(keyboard.number, code, pressed);
            }
        }
    }

    fn button(&mut self, viewer: &ViewerId, code: u16, pressed: bool) {
        if !MOUSE_BUTTONS.contains(&code) || !self.buttons.change(viewer, code, pressed) {
            return;
        }
        self.devices.button(code, pressed);
    }

    fn wheel(&mut self, viewer: &ViewerId, horizontal: bool, value: i16) {
        let Some(player) = self.players.get_mut(viewer) else { return };
        let notches = player.wheel.turn(horizontal, value);
        if notches != 0 {
            self.devices.wheel(horizontal, notches);
        }
    }

    fn release_all(&mut self, viewer: &ViewerId) {
        let keyboard = self.players.get(viewer).and_then(|player| self.keyboards.get(&player.layout));
        for code in keyboard.map(|keyboard| keyboard.held_by(viewer)).unwrap_or_default() {
            self.key(viewer, code, false);
        }
        for code in self.buttons.of(viewer) {
            self.button(viewer, code, false);
        }
    }
}
