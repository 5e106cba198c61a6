//! A virtual keyboard of one layout.

use super::StartError;
use super::held::Held;
use super::keymap::{self, Layout, LayoutError};
use super::wayland::{Client, Globals};
use crate::media::ViewerId;
use rustix::fs::{MemfdFlags, SealFlags};
use std::io::Write;
use std::os::fd::AsFd;
use wayland_client::QueueHandle;
use wayland_client::protocol::wl_keyboard::{KeyState, KeymapFormat};
use wayland_protocols_misc::zwp_virtual_keyboard_v1::client::zwp_virtual_keyboard_v1::ZwpVirtualKeyboardV1;
use xkbcommon::xkb;

/// Every player with this layout types on it, as hands on one keyboard.
pub(super) struct Keyboard {
    device: ZwpVirtualKeyboardV1,
    keymap: xkb::Keymap,
    state: xkb::State,
    held: Held<ViewerId>,
    modifiers: [u32; 4],
}

/// Why there is no keyboard.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeyboardError {
    #[error(transparent)]
    Layout(#[from] LayoutError),
    #[error("the keymap cannot be handed to the compositor: {0}")]
    Memory(#[from] std::io::Error),
}

impl From<KeyboardError> for StartError {
    fn from(error: KeyboardError) -> Self {
        match error {
            KeyboardError::Layout(error) => Self::Layout(error),
            KeyboardError::Memory(error) => Self::Keymap(error),
        }
    }
}

impl Keyboard {
    pub(super) fn new(layout: &Layout, globals: &Globals, queue: &QueueHandle<Client>) -> Result<Self, KeyboardError> {
        let keymap = layout.compile()?;
        let mut text = keymap.get_as_string(xkb::KEYMAP_FORMAT_TEXT_V1).into_bytes();
        text.push(0);
        let size = u32::try_from(text.len()).map_err(std::io::Error::other)?;
        let memory = rustix::fs::memfd_create("keymap", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING);
        let mut file = std::fs::File::from(memory.map_err(std::io::Error::from)?);
        file.write_all(&text)?;
        let seals = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
        rustix::fs::fcntl_add_seals(&file, seals).map_err(std::io::Error::from)?;
        let device = globals.keyboards.create_virtual_keyboard(&globals.seat, queue, ());
        device.keymap(KeymapFormat::XkbV1.into(), file.as_fd(), size);
        let state = xkb::State::new(&keymap);
        Ok(Self { device, keymap, state, held: Held::new(), modifiers: [0; 4] })
    }

    /// A viewer presses or lets go a key: the key, if it goes down or up on this
    /// keyboard by that.
    pub(super) fn hold(&mut self, viewer: &ViewerId, code: u16, pressed: bool) -> Option<xkb::Keycode> {
        let key = keymap::key(&self.keymap, code)?;
        self.held.change(viewer, code, pressed).then_some(key)
    }

    pub(super) fn held_by(&self, viewer: &ViewerId) -> Vec<u16> {
        self.held.of(viewer)
    }

    pub(super) fn send_key(&self, time: u32, code: u16, pressed: bool) {
        let state = if pressed { KeyState::Pressed } else { KeyState::Released };
        self.device.key(time, code.into(), state.into());
    }

    /// Computes what the key does to the modifiers, and sends these if it does
    /// anything.
    pub(super) fn update_modifiers(&mut self, key: xkb::Keycode, pressed: bool) {
        let direction = if pressed { xkb::KeyDirection::Down } else { xkb::KeyDirection::Up };
        self.state.update_key(key, direction);
        let modifiers = [
            self.state.serialize_mods(xkb::STATE_MODS_DEPRESSED),
            self.state.serialize_mods(xkb::STATE_MODS_LATCHED),
            self.state.serialize_mods(xkb::STATE_MODS_LOCKED),
            self.state.serialize_layout(xkb::STATE_LAYOUT_EFFECTIVE),
        ];
        if modifiers != self.modifiers {
            let [depressed, latched, locked, group] = modifiers;
            self.device.modifiers(depressed, latched, locked, group);
            self.modifiers = modifiers;
        }
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.device.destroy();
    }
}
