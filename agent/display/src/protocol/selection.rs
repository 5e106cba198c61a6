//! The clipboard, between Wayland programs, X programs and players.

use crate::clipboard::best_type;
use crate::clock::now;
use crate::server::Server;
use smithay::input::Seat;
use smithay::wayland::selection::data_device::{
    ClientDndGrabHandler, DataDeviceHandler, DataDeviceState, ServerDndGrabHandler,
    request_data_device_client_selection,
};
use smithay::wayland::selection::{SelectionHandler, SelectionSource, SelectionTarget};
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// Who put something on the clipboard that is not from a Wayland program.
#[derive(Debug, Clone)]
pub(crate) enum Owner {
    /// A player.
    Player(Arc<str>),
    /// An X program.
    X11,
}

impl SelectionHandler for Server {
    type SelectionUserData = Owner;

    /// A Wayland program put something on the clipboard: for X programs, and as text for the players.
    fn new_selection(&mut self, target: SelectionTarget, source: Option<SelectionSource>, seat: Seat<Self>) {
        let types = source.map(|source| source.mime_types());
        if let Some(x11) = &mut self.x11 {
            let _ = x11.new_selection(target, types.clone());
        }
        if target != SelectionTarget::Clipboard {
            return;
        }
        self.clipboard.replace(types.clone().unwrap_or_default());
        let Some(name) = best_type(types.iter().flatten()) else { return };
        // It is not stored before this returns.
        self.events.insert_idle(move |server| {
            server.read_clipboard(|server, pipe| {
                let _ = request_data_device_client_selection::<Self>(&seat, name, pipe);
                let _ = server;
            });
        });
    }

    /// A Wayland program reads what a player or an X program put there.
    fn send_selection(&mut self, target: SelectionTarget, name: String, pipe: OwnedFd, _: Seat<Self>, owner: &Owner) {
        match owner {
            Owner::Player(text) => self.write_clipboard(Arc::clone(text), pipe),
            Owner::X11 if !self.limits.may_ask_x11(now()) => {}
            Owner::X11 => {
                let events = self.events.clone();
                if let Some(x11) = &mut self.x11 {
                    let _ = x11.send_selection(target, name, pipe, events);
                }
            }
        }
    }
}

impl DataDeviceHandler for Server {
    fn data_device_state(&self) -> &DataDeviceState {
        &self.protocols.data
    }
}

impl ClientDndGrabHandler for Server {}
impl ServerDndGrabHandler for Server {}
