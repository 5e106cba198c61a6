//! A kiosk: windows fill the display, dialogs are in its middle, and what came last has the keyboard.

use crate::focus::Focus;
use crate::server::Server;
use dillinger_ring::planes::Planes;
use smithay::backend::renderer::utils::with_renderer_surface_state;
use smithay::desktop::{PopupKind, Window, find_popup_root_surface, get_popup_toplevel_coords};
use smithay::reexports::wayland_protocols::xdg::shell::server::xdg_toplevel::State;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Point, Rectangle, SERIAL_COUNTER, Scale, Size};
use smithay::wayland::compositor::with_states;
use smithay::wayland::shell::xdg::{PopupSurface, SurfaceCachedState, ToplevelSurface};
use smithay::xwayland::X11Surface;
use smithay::xwayland::xwm::WmWindowType;

impl Server {
    pub(crate) fn window_of(&self, surface: &WlSurface) -> Option<Window> {
        let mut windows = self.space.elements().chain(&self.hidden);
        windows.find(|window| surface_of(window).as_ref() == Some(surface)).cloned()
    }

    /// A window appears.
    pub(crate) fn add(&mut self, window: &Window) {
        let place = self.place(window);
        self.space.map_element(window.clone(), place.loc, true);
        // An X window gets the keyboard when it has a surface to enter: given before, it is told twice.
        if surface_of(window).is_some() {
            self.focus(Some(window));
        }
    }

    /// A window is gone; what is topmost of the rest has the keyboard.
    pub(crate) fn remove(&mut self, window: &Window) {
        self.hidden.retain(|hidden| hidden != window);
        if self.space.element_location(window).is_none() {
            return;
        }
        self.space.unmap_elem(window);
        let next = self.space.elements().rev().find(|window| !is_override_redirect(window)).cloned();
        self.focus(next.as_ref());
        self.changed();
    }

    /// Gives the keyboard to this window, and raises it.
    pub(crate) fn focus(&mut self, window: Option<&Window>) {
        let focus = window.and_then(|window| match window.x11_surface() {
            Some(x11) => Some(Focus::X11(x11.clone())),
            None => surface_of(window).map(Focus::Wayland),
        });
        if let Some(window) = window {
            self.raise(window);
        }
        for toplevel in self.space.elements().filter_map(Window::toplevel) {
            if toplevel.is_initial_configure_sent() {
                toplevel.send_pending_configure();
            }
        }
        if let Some(keyboard) = self.seat.get_keyboard()
            && keyboard.current_focus() != focus
        {
            keyboard.set_focus(self, focus, SERIAL_COUNTER.next_serial());
        }
        self.repoint();
        self.changed();
    }

    /// Brings a window to the top. Its dialogs stay above it: what is behind a window that fills the display is lost.
    fn raise(&mut self, window: &Window) {
        self.space.raise_element(window, true);
        for window in self.family(window) {
            self.space.raise_element(&window, false);
            let surface = window.x11_surface().filter(|surface| !surface.is_override_redirect());
            if let (Some(x11), Some(surface)) = (&mut self.x11, surface) {
                let _ = x11.raise_window(surface);
            }
        }
    }

    /// A window, its dialogs and menus, and theirs.
    fn family(&self, window: &Window) -> Vec<Window> {
        let mut family = vec![window.clone()];
        let mut at = 0;
        while let Some(parent) = family.get(at).cloned() {
            let children = self.space.elements().filter(|child| belongs(child, &parent) && !family.contains(child));
            let children: Vec<_> = children.cloned().collect();
            family.extend(children);
            at += 1;
        }
        family
    }

    /// Moves a window, which stays below what is above it.
    pub(crate) fn put(&mut self, window: &Window, place: Point<i32, Logical>) {
        if self.space.element_location(window) == Some(place) {
            return;
        }
        let above: Vec<_> = self.space.elements().skip_while(|other| *other != window).skip(1).cloned().collect();
        self.space.map_element(window.clone(), place, false);
        for window in above {
            self.space.raise_element(&window, false);
        }
    }

    /// Where a window belongs: all of the display, but for dialogs and what has one size.
    pub(crate) fn place(&self, window: &Window) -> Rectangle<i32, Logical> {
        let whole = Rectangle::from_size(self.size());
        if let Some(x11) = window.x11_surface() {
            let own = x11.geometry();
            if is_override_redirect(window) {
                return own;
            }
            let mode = self.aside.as_ref().and_then(|aside| aside.mode(x11)).map(Rectangle::from_size);
            let whole = mode.filter(|mode| whole.contains_rect(*mode)).unwrap_or(whole);
            let small = !x11.is_fullscreen() && is_small(x11) && own.size != whole.size;
            return if small { self.middle(own.size) } else { whole };
        }
        let Some(toplevel) = window.toplevel() else { return whole };
        // A dialog has its own size, and so has a program that does not take the one it is given. It may not have seen that
        // one yet: then nothing moves.
        if is_dialog(toplevel) || toplevel.current_state().size == Some(self.size()) {
            self.middle(window.geometry().size)
        } else {
            whole
        }
    }

    /// A place of this size in the middle of the display.
    pub(crate) fn middle(&self, size: Size<i32, Logical>) -> Rectangle<i32, Logical> {
        let whole = self.size();
        let start: Point<i32, Logical> = (((whole.w - size.w) / 2).max(0), ((whole.h - size.h) / 2).max(0)).into();
        Rectangle::new(start, size)
    }

    /// After a commit a window may have another size, or other than before it has pixels, or none. True: it has none any
    /// more.
    pub(crate) fn settle(&mut self, window: &Window) -> bool {
        let Some(toplevel) = window.toplevel() else { return false };
        let pixels = with_renderer_surface_state(toplevel.wl_surface(), |state| state.buffer().is_some());
        match (pixels.unwrap_or(false), self.hidden.contains(window)) {
            (true, true) => {
                self.hidden.retain(|hidden| hidden != window);
                self.add(window);
            }
            (true, false) => {
                self.put(window, self.place(window).loc);
            }
            (false, true) => {}
            (false, false) => {
                self.remove(window);
                self.hidden.push(window.clone());
                return true;
            }
        }
        false
    }

    /// The first configure of what has committed for the first time.
    pub(crate) fn configure_new(&mut self, surface: &WlSurface) {
        if let Some(window) = self.window_of(surface)
            && let Some(toplevel) = window.toplevel()
            && !toplevel.is_initial_configure_sent()
        {
            let (dialog, size) = (is_dialog(toplevel), self.size());
            toplevel.with_pending_state(|state| {
                if !dialog {
                    state.size = Some(size);
                    state.states.set(State::Maximized);
                }
                state.bounds = Some(size);
                state.states.set(State::Activated);
            });
            toplevel.send_configure();
        }
        if let Some(PopupKind::Xdg(popup)) = self.popups.find_popup(surface)
            && !popup.is_initial_configure_sent()
        {
            let _ = popup.send_configure();
        }
    }

    /// A popup stays on the display.
    pub(crate) fn unconstrain(&self, popup: &PopupSurface) {
        let kind = PopupKind::Xdg(popup.clone());
        let Ok(root) = find_popup_root_surface(&kind) else { return };
        let Some(origin) = self.window_of(&root).and_then(|window| self.space.element_location(&window)) else {
            return;
        };
        let mut target = Rectangle::from_size(self.size());
        target.loc -= origin + get_popup_toplevel_coords(&kind);
        popup.with_pending_state(|state| state.geometry = state.positioner.get_unconstrained_geometry(target));
    }

    /// Puts all windows where they belong: the display has another mode.
    pub(crate) fn arrange(&mut self) {
        let size = self.size();
        for window in self.space.elements().chain(&self.hidden).cloned().collect::<Vec<_>>() {
            let place = self.place(&window);
            if let Some(x11) = window.x11_surface() {
                if !x11.is_override_redirect() {
                    let _ = x11.configure(place);
                }
            } else if let Some(toplevel) = window.toplevel().filter(|toplevel| !is_dialog(toplevel)) {
                toplevel.with_pending_state(|state| state.size = Some(size));
                if toplevel.is_initial_configure_sent() {
                    toplevel.send_pending_configure();
                }
            }
            if self.space.element_location(&window).is_some() {
                self.put(&window, place.loc);
            }
        }
    }

    /// The part of the display that is the picture: all of it, or a lone window that is smaller.
    pub(crate) fn view(&self) -> Rectangle<i32, Logical> {
        let whole = Rectangle::from_size(self.size());
        match self.lone().and_then(|window| self.space.element_geometry(window)) {
            Some(place) if whole.contains_rect(place) && planes(place.size).is_some() => place,
            _ => whole,
        }
    }

    /// The only window there is.
    fn lone(&self) -> Option<&Window> {
        let mut windows = self.space.elements();
        windows.next().filter(|_| self.fill_display && windows.next().is_none())
    }

    /// The part of the display that the pointer reaches, which is what is the picture. An X program that has set another mode
    /// is enlarged to all of the display, and the picture is taken before that.
    pub(crate) fn reach(&self) -> Rectangle<i32, Logical> {
        let view = self.view();
        let surface = self.lone().and_then(Window::x11_surface).and_then(X11Surface::wl_surface);
        let size = surface.and_then(|surface| with_renderer_surface_state(&surface, |state| state.surface_size()));
        match size.flatten() {
            Some(size) if view.size != self.size() => Rectangle::new(view.loc, size),
            _ => view,
        }
    }

    /// What a pixel of the picture is on the display.
    pub(crate) fn scale(&self) -> Scale<f64> {
        let (view, reach) = (self.view().size.to_f64(), self.reach().size.to_f64());
        (reach.w / view.w, reach.h / view.h).into()
    }

    /// Whether there is memory for a picture.
    pub(crate) fn has_room(&self) -> bool {
        planes(self.view().size).is_none_or(|planes| self.pictures.has_room(planes))
    }

    /// Gives the pictures the size of what is seen.
    pub(crate) fn fit_pictures(&mut self) -> anyhow::Result<()> {
        planes(self.view().size).map_or(Ok(()), |planes| self.pictures.resize(planes))
    }
}

fn planes(size: Size<i32, Logical>) -> Option<Planes> {
    Planes::new(u32::try_from(size.w).ok()?, u32::try_from(size.h).ok()?).ok()
}

/// The surface of a window, which an X window may not have yet.
pub(crate) fn surface_of(window: &Window) -> Option<WlSurface> {
    match window.x11_surface() {
        Some(x11) => x11.wl_surface(),
        None => window.toplevel().map(|toplevel| toplevel.wl_surface().clone()),
    }
}

/// A menu or the like of an X program, which sees to itself.
pub(crate) fn is_override_redirect(window: &Window) -> bool {
    window.x11_surface().is_some_and(X11Surface::is_override_redirect)
}

/// Whether a window is a dialog or a menu of another one.
fn belongs(window: &Window, to: &Window) -> bool {
    match (window.x11_surface(), to.x11_surface()) {
        (Some(window), Some(to)) => window.is_transient_for() == Some(to.window_id()),
        _ => window
            .toplevel()
            .zip(to.toplevel())
            .is_some_and(|(window, to)| window.parent().as_ref() == Some(to.wl_surface())),
    }
}

pub(crate) fn is_dialog(toplevel: &ToplevelSurface) -> bool {
    let fixed = with_states(toplevel.wl_surface(), |states| {
        let mut state = states.cached_state.get::<SurfaceCachedState>();
        let current = state.current();
        current.min_size == current.max_size && current.min_size.w > 0
    });
    toplevel.parent().is_some() || fixed
}

/// A dialog, or something that has one size.
pub(crate) fn is_small(window: &X11Surface) -> bool {
    let kind = window.window_type().is_some_and(|kind| !matches!(kind, WmWindowType::Normal));
    // As the program says, which may be negative: Smithay's own sizes may not.
    let hints = window.size_hints();
    let fixed = hints.is_some_and(|hints| hints.min_size.is_some() && hints.min_size == hints.max_size);
    kind || window.is_transient_for().is_some() || window.is_popup() || fixed
}
