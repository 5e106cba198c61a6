//! What can have the keyboard.

use crate::server::Server;
use smithay::backend::input::KeyState;
use smithay::input::Seat;
use smithay::input::keyboard::{KeyboardTarget, KeysymHandle, ModifiersState};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{IsAlive, Serial};
use smithay::wayland::seat::WaylandFocus;
use smithay::xwayland::X11Surface;
use std::borrow::Cow;

/// A window that has the keyboard. X windows need X's own focus as well, which `X11Surface` sees to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Focus {
    /// Of a Wayland program.
    Wayland(WlSurface),
    /// Of an X program.
    X11(X11Surface),
}

impl Focus {
    pub(crate) fn surface(&self) -> Option<WlSurface> {
        match self {
            Self::Wayland(surface) => Some(surface.clone()),
            Self::X11(window) => window.wl_surface(),
        }
    }
}

impl WaylandFocus for Focus {
    fn wl_surface(&self) -> Option<Cow<'_, WlSurface>> {
        self.surface().map(Cow::Owned)
    }
}

impl IsAlive for Focus {
    fn alive(&self) -> bool {
        match self {
            Self::Wayland(surface) => surface.alive(),
            Self::X11(window) => window.alive(),
        }
    }
}

impl KeyboardTarget<Server> for Focus {
    fn enter(&self, seat: &Seat<Server>, server: &mut Server, keys: Vec<KeysymHandle<'_>>, serial: Serial) {
        match self {
            Self::Wayland(surface) => KeyboardTarget::enter(surface, seat, server, keys, serial),
            Self::X11(window) => KeyboardTarget::enter(window, seat, server, keys, serial),
        }
    }

    fn leave(&self, seat: &Seat<Server>, server: &mut Server, serial: Serial) {
        match self {
            Self::Wayland(surface) => KeyboardTarget::leave(surface, seat, server, serial),
            Self::X11(window) => KeyboardTarget::leave(window, seat, server, serial),
        }
    }

    fn key(
        &self,
        seat: &Seat<Server>,
        server: &mut Server,
        key: KeysymHandle<'_>,
        state: KeyState,
        serial: Serial,
        time: u32,
    ) {
        match self {
            Self::Wayland(surface) => KeyboardTarget::key(surface, seat, server, key, state, serial, time),
            Self::X11(window) => KeyboardTarget::key(window, seat, server, key, state, serial, time),
        }
    }

    fn modifiers(&self, seat: &Seat<Server>, server: &mut Server, modifiers: ModifiersState, serial: Serial) {
        match self {
            Self::Wayland(surface) => KeyboardTarget::modifiers(surface, seat, server, modifiers, serial),
            Self::X11(window) => KeyboardTarget::modifiers(window, seat, server, modifiers, serial),
        }
    }
}
