//! Windows, popups, and their decorations.

use super::limits;
use crate::server::Server;
use crate::windows::is_dialog;
use smithay::desktop::{PopupKind, Window};
use smithay::reexports::wayland_protocols::xdg::decoration::zv1::server::zxdg_toplevel_decoration_v1::Mode;
use smithay::reexports::wayland_protocols::xdg::shell::server::xdg_toplevel::State;
use smithay::reexports::wayland_protocols::xdg::shell::server::xdg_wm_base;
use smithay::reexports::wayland_server::protocol::{wl_output::WlOutput, wl_seat::WlSeat};
use smithay::utils::Serial;
use smithay::wayland::shell::xdg::decoration::XdgDecorationHandler;
use smithay::wayland::shell::xdg::{
    PopupSurface, PositionerState, ToplevelStateSet, ToplevelSurface, XdgShellHandler, XdgShellState,
};

impl XdgShellHandler for Server {
    fn xdg_shell_state(&mut self) -> &mut XdgShellState {
        &mut self.protocols.xdg
    }

    fn new_toplevel(&mut self, surface: ToplevelSurface) {
        let windows = self.protocols.xdg.toplevel_surfaces();
        if windows.iter().filter(|other| other.wl_surface() == surface.wl_surface()).count() > 1 {
            return limits::refuse(surface.wl_surface(), xdg_wm_base::Error::Role, "a surface that is two windows");
        }
        self.hidden.push(Window::new_wayland_window(surface));
    }

    fn toplevel_destroyed(&mut self, surface: ToplevelSurface) {
        if let Some(window) = self.window_of(surface.wl_surface()) {
            self.remove(&window);
        }
    }

    fn new_popup(&mut self, surface: PopupSurface, positioner: PositionerState) {
        if !limits::has_parents(&surface) {
            let wrong = xdg_wm_base::Error::InvalidPopupParent;
            return limits::refuse(surface.wl_surface(), wrong, "a popup that belongs to no window");
        }
        self.position(&surface, positioner);
        let _ = self.popups.track_popup(PopupKind::Xdg(surface));
    }

    fn popup_destroyed(&mut self, _: PopupSurface) {
        self.changed();
    }

    /// No grab: a click elsewhere dismisses all popups, see `input`.
    fn grab(&mut self, _: PopupSurface, _: WlSeat, _: Serial) {}

    fn reposition_request(&mut self, surface: PopupSurface, positioner: PositionerState, token: u32) {
        self.position(&surface, positioner);
        surface.send_repositioned(token);
        limits::configured(&self.display, surface.wl_surface());
    }

    fn fullscreen_request(&mut self, surface: ToplevelSurface, _: Option<WlOutput>) {
        self.resize(&surface, true, |states| states.set(State::Fullscreen));
    }

    fn unfullscreen_request(&mut self, surface: ToplevelSurface) {
        self.resize(&surface, false, |states| states.unset(State::Fullscreen));
    }

    fn maximize_request(&mut self, surface: ToplevelSurface) {
        self.resize(&surface, true, |_| false);
    }

    fn unmaximize_request(&mut self, surface: ToplevelSurface) {
        self.resize(&surface, false, |_| false);
    }
}

impl Server {
    /// A window fills the display, or no more: then it does so all the same, unless it is a dialog.
    fn resize(&self, toplevel: &ToplevelSurface, fills: bool, change: impl FnOnce(&mut ToplevelStateSet) -> bool) {
        let (small, size) = (is_dialog(toplevel), self.size());
        toplevel.with_pending_state(|state| {
            change(&mut state.states);
            if fills || !small || state.states.contains(State::Fullscreen) {
                state.size = Some(size);
                state.states.set(State::Maximized);
            } else {
                state.size = None;
                state.states.unset(State::Maximized);
            }
        });
        if toplevel.is_initial_configure_sent() {
            toplevel.send_configure();
        }
        limits::configured(&self.display, toplevel.wl_surface());
    }

    fn position(&self, popup: &PopupSurface, positioner: PositionerState) {
        popup.with_pending_state(|state| {
            state.geometry = positioner.get_geometry();
            state.positioner = positioner;
        });
        self.unconstrain(popup);
    }
}

impl XdgDecorationHandler for Server {
    fn new_decoration(&mut self, toplevel: ToplevelSurface) {
        self.request_mode(toplevel, Mode::ServerSide);
    }

    /// "Server side": there are none, and the program draws none.
    fn request_mode(&mut self, toplevel: ToplevelSurface, _: Mode) {
        toplevel.with_pending_state(|state| state.decoration_mode = Some(Mode::ServerSide));
        if toplevel.is_initial_configure_sent() {
            toplevel.send_pending_configure();
        }
    }

    fn unset_mode(&mut self, toplevel: ToplevelSurface) {
        self.request_mode(toplevel, Mode::ServerSide);
    }
}
