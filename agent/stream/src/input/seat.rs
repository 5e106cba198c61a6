//! The seat that all players share: keyboards by layout, and one pointer.

use super::StartError;
use super::held::Held;
use super::keyboard::{Keyboard, KeyboardError};
use super::keymap::Layout;
use super::wayland::{Client, Globals};
use super::wheel::Wheel;
use crate::media::{InputEvent, ViewerId};
use rustix::time::ClockId;
use std::collections::BTreeMap;
use wayland_client::QueueHandle;
use wayland_client::protocol::wl_pointer::{Axis, AxisSource, ButtonState};
use wayland_protocols_wlr::virtual_pointer::v1::client::zwlr_virtual_pointer_v1::ZwlrVirtualPointerV1;

/// `BTN_LEFT` to `BTN_TASK`: the buttons of a mouse.
const MOUSE_BUTTONS: std::ops::RangeInclusive<u16> = 0x110..=0x117;
/// The end of the axes of [`InputEvent::Absolute`].
const EXTENT: u32 = u16::MAX as u32;
/// What one notch scrolls, in the unit of `wl_pointer.axis`; as libinput has it.
const NOTCH_LENGTH: f64 = 15.0;

pub(super) struct Seat {
    globals: Globals,
    queue: QueueHandle<Client>,
    pointer: ZwlrVirtualPointerV1,
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
    pub(super) fn new(globals: Globals, queue: QueueHandle<Client>) -> Result<Self, StartError> {
        let pointer = globals.pointers.create_virtual_pointer(Some(&globals.seat), &queue, ());
        let default = Layout::default();
        let keyboard = Keyboard::new(&default, &globals, &queue)?;
        Ok(Self {
            globals,
            queue,
            pointer,
            players: BTreeMap::new(),
            keyboards: BTreeMap::from([(default, keyboard)]),
            keys: Held::new(),
            pressed_on: BTreeMap::new(),
            buttons: Held::new(),
        })
    }

    /// A player joins, or changes his layout.
    pub(super) fn join(&mut self, viewer: &ViewerId, layout: Layout) -> Result<(), KeyboardError> {
        if !self.keyboards.contains_key(&layout) {
            let keyboard = Keyboard::new(&layout, &self.globals, &self.queue)?;
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
        self.keyboards.retain(|layout, _| *layout == Layout::default() || used(layout));
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
                self.pointer.motion_absolute(now(), x.into(), y.into(), EXTENT, EXTENT);
                self.pointer.frame();
            }
            InputEvent::Relative { dx, dy } => {
                self.pointer.motion(now(), dx.into(), dy.into());
                self.pointer.frame();
            }
            InputEvent::Wheel { horizontal, value } => self.wheel(viewer, horizontal, value),
            InputEvent::ReleaseAll => self.release_all(viewer),
            InputEvent::Gamepad { .. } => {}
        }
    }

    fn key(&mut self, viewer: &ViewerId, code: u16, pressed: bool) {
        let Some(layout) = self.players.get(viewer).map(|player| player.layout.clone()) else { return };
        let Some(keyboard) = self.keyboards.get_mut(&layout) else { return };
        let Some(key) = keyboard.hold(viewer, code, pressed) else { return };
        if self.keys.change(&layout, code, pressed) {
            let sender = if pressed { None } else { self.pressed_on.remove(&code) };
            if pressed {
                self.pressed_on.insert(code, layout.clone());
            }
            if let Some(keyboard) = self.keyboards.get(sender.as_ref().unwrap_or(&layout)) {
                keyboard.send_key(now(), code, pressed);
            }
        }
        if let Some(keyboard) = self.keyboards.get_mut(&layout) {
            keyboard.update_modifiers(key, pressed);
        }
    }

    fn button(&mut self, viewer: &ViewerId, code: u16, pressed: bool) {
        if !MOUSE_BUTTONS.contains(&code) || !self.buttons.change(viewer, code, pressed) {
            return;
        }
        let state = if pressed { ButtonState::Pressed } else { ButtonState::Released };
        self.pointer.button(now(), code.into(), state);
        self.pointer.frame();
    }

    fn wheel(&mut self, viewer: &ViewerId, horizontal: bool, value: i16) {
        let Some(player) = self.players.get_mut(viewer) else { return };
        let notches = player.wheel.turn(horizontal, value);
        if notches == 0 {
            return;
        }
        let axis = if horizontal { Axis::HorizontalScroll } else { Axis::VerticalScroll };
        self.pointer.axis_source(AxisSource::Wheel);
        self.pointer.axis_discrete(now(), axis, f64::from(notches) * NOTCH_LENGTH, notches);
        self.pointer.frame();
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

/// Milliseconds of the monotonic clock, which wrap around, as Wayland has it.
fn now() -> u32 {
    let now = rustix::time::clock_gettime(ClockId::Monotonic);
    let milliseconds = now.tv_sec.wrapping_mul(1000).wrapping_add(now.tv_nsec / 1_000_000);
    u32::try_from(milliseconds & i64::from(u32::MAX)).unwrap_or_default()
}
