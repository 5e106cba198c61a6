//! A keyboard of one layout.

use super::StartError;
use super::devices::{Devices, Keymap};
use super::held::Held;
use super::keymap::{self, Layout, LayoutError};
use crate::media::ViewerId;
use xkbcommon::xkb;

/// Every player with this layout types on it, as hands on one keyboard.
pub(super) struct Keyboard {
    pub(super) number: Keymap,
    keymap: xkb::Keymap,
    held: Held<ViewerId>,
}

/// Why there is no keyboard.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeyboardError {
    #[error(transparent)]
    Layout(#[from] LayoutError),
    #[error("the keymap cannot be handed to the display: {0}")]
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
    pub(super) fn new(layout: &Layout, devices: &mut Devices) -> Result<Self, KeyboardError> {
        let keymap = layout.compile()?;
        Ok(Self { number: devices.add_keymap(&keymap)?, keymap, held: Held::new() })
    }

    /// A viewer presses or lets go a key: true if it goes down or up on this keyboard by that.
    pub(super) fn hold(&mut self, viewer: &ViewerId, code: u16, pressed: bool) -> bool {
        keymap::key(&self.keymap, code).is_some() && self.held.change(viewer, code, pressed)
    }

    pub(super) fn held_by(&self, viewer: &ViewerId) -> Vec<u16> {
        self.held.of(viewer)
    }
}
