//! The windows of X programs, and their clipboard.

use crate::clipboard::best_type;
use crate::clock::now;
use crate::pace::Class;
use crate::protocol::{Owner, bounded_types};
use crate::server::Server;
use crate::windows::is_small;
use smithay::desktop::Window;
use smithay::utils::{Logical, Rectangle};
use smithay::wayland::selection::SelectionTarget;
use smithay::wayland::selection::data_device::{
    clear_data_device_selection, request_data_device_client_selection, set_data_device_selection,
};
use smithay::xwayland::xwm::{Reorder, ResizeEdge, X11Window, XwmId};
use smithay::xwayland::{X11Surface, X11Wm, XwmHandler};
use std::os::fd::OwnedFd;

/// Windows of X programs that are shown.
const MOST_SHOWN: usize = 512;

impl Server {
    fn x11_window(&self, surface: &X11Surface) -> Option<Window> {
        self.space.elements().find(|window| window.x11_surface() == Some(surface)).cloned()
    }

    /// Puts a window where it belongs.
    fn settle_x11(&mut self, surface: &X11Surface) {
        if let Some(window) = self.x11_window(surface) {
            let place = self.place(&window);
            let _ = surface.configure(place);
            self.put(&window, place.loc);
        }
    }

    /// Takes what the X server tells beside the window manager. `None`: it is gone.
    pub(super) fn listen_aside(&mut self) -> Option<()> {
        let changed = self.aside.as_mut()?.drain().ok()?;
        self.modes_changed(&changed);
        Some(())
    }

    /// The programs of these windows take something else for the display.
    fn modes_changed(&mut self, windows: &[X11Window]) {
        let surfaces: Vec<_> = self.space.elements().filter_map(Window::x11_surface).cloned().collect();
        let changed = |surface: &&X11Surface| !surface.is_override_redirect() && windows.contains(&surface.window_id());
        surfaces.iter().filter(changed).for_each(|surface| self.settle_x11(surface));
    }

    /// Whether one more window is shown. X programs cannot be ended one by one: the window is.
    fn admits(&self, surface: &X11Surface) -> bool {
        let shown = self.space.elements().filter(|window| window.is_x11()).count();
        let admits = shown < MOST_SHOWN && self.x11_window(surface).is_none();
        if !admits {
            tracing::warn!("a window of an X program is closed: too many windows");
            let _ = surface.close();
        }
        admits
    }

    /// The window has a surface.
    pub(super) fn associated(&mut self, surface: &X11Surface) {
        // Its first commit may have come before, when nobody knew whose it was: Xwayland still waits for that callback, and
        // would show nothing more of the window.
        self.pace.committed(now(), Class::X11, false);
        self.changed();
        if let Some(window) = self.x11_window(surface).filter(|_| !surface.is_override_redirect()) {
            self.focus(Some(&window));
        }
    }

    /// What was on the clipboard before there was an X display.
    pub(super) fn share_clipboard(&mut self) {
        if let (Some(x11), Some(types)) = (&mut self.x11, self.clipboard.types()) {
            let _ = x11.new_selection(SelectionTarget::Clipboard, Some(types));
        }
    }
}

impl XwmHandler for Server {
    #[allow(clippy::expect_used, reason = "Smithay calls for a window manager that runs, which is in its place")]
    fn xwm_state(&mut self, _: XwmId) -> &mut X11Wm {
        self.x11.as_mut().expect("a window manager that runs")
    }

    fn new_window(&mut self, _: XwmId, surface: X11Surface) {
        self.limits.add_x11_window(&surface);
    }

    fn new_override_redirect_window(&mut self, _: XwmId, surface: X11Surface) {
        self.limits.add_x11_window(&surface);
    }

    fn map_window_request(&mut self, _: XwmId, surface: X11Surface) {
        if !self.admits(&surface) {
            return;
        }
        if let Some(aside) = &mut self.aside {
            let _ = aside.mapped(&surface).and_then(|()| aside.frame(&surface));
            if aside.wants_fullscreen(&surface).unwrap_or(false) {
                let _ = surface.set_fullscreen(true);
            }
        }
        let _ = surface.set_mapped(true);
        let window = Window::new_x11_window(surface.clone());
        let place = self.place(&window);
        let _ = surface.configure(place);
        if place.size == self.size() && !surface.is_fullscreen() {
            let _ = surface.set_maximized(true);
        }
        self.add(&window);
    }

    fn mapped_override_redirect_window(&mut self, _: XwmId, surface: X11Surface) {
        if !self.admits(&surface) {
            return;
        }
        if let Some(aside) = &mut self.aside {
            let _ = aside.mapped(&surface);
        }
        let place = surface.geometry().loc;
        self.space.map_element(Window::new_x11_window(surface), place, false);
        self.changed();
    }

    fn unmapped_window(&mut self, _: XwmId, surface: X11Surface) {
        let window = self.x11_window(&surface);
        if surface.is_override_redirect() {
            if let Some(window) = window {
                self.space.unmap_elem(&window);
                self.changed();
            }
            let changed = self.aside.as_mut().and_then(|aside| aside.menu_unmapped(&surface).ok());
            return self.modes_changed(&changed.unwrap_or_default());
        }
        if let Some(window) = window {
            self.remove(&window);
        }
        if let Some(aside) = &self.aside {
            let _ = aside.withdraw(&surface);
        }
    }

    fn destroyed_window(&mut self, x11: XwmId, surface: X11Surface) {
        self.limits.remove_x11_window();
        if self.x11_window(&surface).is_some() {
            self.unmapped_window(x11, surface.clone());
        }
        if let Some(aside) = &mut self.aside {
            aside.destroyed(&surface);
        }
    }

    /// A program that moves or resizes itself: before it is mapped as it likes, then only if it is small.
    fn configure_request(
        &mut self,
        _: XwmId,
        surface: X11Surface,
        _: Option<i32>,
        _: Option<i32>,
        width: Option<u32>,
        height: Option<u32>,
        _: Option<Reorder>,
    ) {
        let window = self.x11_window(&surface);
        if let Some(window) = window.as_ref().filter(|_| !is_small(&surface)) {
            let _ = surface.configure(self.place(window));
            return;
        }
        let mut place = surface.geometry();
        let side = |wanted: Option<u32>, own: i32| wanted.and_then(|side| i32::try_from(side).ok()).unwrap_or(own);
        place.size = (side(width, place.size.w), side(height, place.size.h)).into();
        if window.is_some() {
            place = self.middle(place.size);
        }
        let _ = surface.configure(place);
    }

    fn configure_notify(
        &mut self,
        _: XwmId,
        surface: X11Surface,
        geometry: Rectangle<i32, Logical>,
        _: Option<X11Window>,
    ) {
        if let Some(window) = self.x11_window(&surface) {
            if surface.is_override_redirect() {
                // It may have raised itself.
                self.space.map_element(window, geometry.loc, false);
            } else {
                self.put(&window, geometry.loc);
            }
            self.changed();
        }
    }

    fn maximize_request(&mut self, _: XwmId, surface: X11Surface) {
        let _ = surface.set_maximized(true);
        self.settle_x11(&surface);
    }

    fn fullscreen_request(&mut self, _: XwmId, surface: X11Surface) {
        let _ = surface.set_fullscreen(true);
        self.settle_x11(&surface);
    }

    fn unfullscreen_request(&mut self, _: XwmId, surface: X11Surface) {
        let _ = surface.set_fullscreen(false);
        self.settle_x11(&surface);
    }

    fn resize_request(&mut self, _: XwmId, _: X11Surface, _: u32, _: ResizeEdge) {}
    fn move_request(&mut self, _: XwmId, _: X11Surface, _: u32) {}

    fn allow_selection_access(&mut self, _: XwmId, _: SelectionTarget) -> bool {
        true
    }

    /// An X program reads what a player or a Wayland program put there.
    fn send_selection(&mut self, _: XwmId, target: SelectionTarget, name: String, pipe: OwnedFd) {
        if target != SelectionTarget::Clipboard {
            return;
        }
        match self.clipboard.player() {
            Some(text) => self.write_clipboard(text, pipe),
            None => drop(request_data_device_client_selection::<Self>(&self.seat, name, pipe)),
        }
    }

    /// An X program put something on the clipboard.
    fn new_selection(&mut self, _: XwmId, target: SelectionTarget, types: Vec<String>) {
        if target != SelectionTarget::Clipboard {
            return;
        }
        self.clipboard.replace(Vec::new());
        let types = bounded_types(types);
        let text = best_type(types.iter());
        set_data_device_selection(&self.display, &self.seat, types, Owner::X11);
        let Some(name) = text.filter(|_| self.limits.may_ask_x11(now())) else { return };
        self.read_clipboard(|server, pipe| {
            let events = server.events.clone();
            if let Some(x11) = &mut server.x11 {
                let _ = x11.send_selection(target, name, pipe, events);
            }
        });
    }

    fn cleared_selection(&mut self, _: XwmId, target: SelectionTarget) {
        if target == SelectionTarget::Clipboard {
            clear_data_device_selection(&self.display, &self.seat);
        }
    }

    /// Without it the X programs are gone too.
    fn disconnected(&mut self, _: XwmId) {
        self.fail(anyhow::anyhow!("Xwayland ended"));
    }
}
