//! Windows of Wayland programs.

use super::canvas::Canvas;
use super::program::Program;
use super::state::Event;
use wayland_client::Proxy;
use wayland_client::protocol::wl_buffer::WlBuffer;
use wayland_client::protocol::wl_subcompositor::WlSubcompositor;
use wayland_client::protocol::wl_subsurface::WlSubsurface;
use wayland_client::protocol::wl_surface::WlSurface;
use wayland_protocols::xdg::shell::client::xdg_popup::XdgPopup;
use wayland_protocols::xdg::shell::client::xdg_positioner::{Anchor, Gravity};
use wayland_protocols::xdg::shell::client::xdg_surface::XdgSurface;
use wayland_protocols::xdg::shell::client::xdg_toplevel::{State, XdgToplevel};

/// A window.
pub(crate) struct Window {
    pub(crate) surface: WlSurface,
    pub(crate) shell: XdgSurface,
    pub(crate) toplevel: XdgToplevel,
    /// What it was given first.
    pub(crate) size: (i32, i32),
    pub(crate) states: Vec<State>,
}

/// The number of a surface in events.
pub(crate) fn number(surface: &WlSurface) -> u32 {
    surface.id().protocol_id()
}

impl Window {
    /// Its number in events.
    pub(crate) fn number(&self) -> u32 {
        number(&self.surface)
    }

    /// It goes as a whole.
    pub(crate) fn close(self) {
        self.toplevel.destroy();
        self.shell.destroy();
        self.surface.destroy();
    }
}

impl Program {
    pub(crate) fn surface(&self) -> WlSurface {
        self.compositor.create_surface(&self.handle, ())
    }

    /// A window that was told its size and has drawn nothing.
    pub(crate) fn window(&mut self) -> Window {
        self.window_with(|_| {})
    }

    /// The same, described before it is told.
    pub(crate) fn window_with(&mut self, describe: impl FnOnce(&XdgToplevel)) -> Window {
        let surface = self.surface();
        let window = number(&surface);
        let shell = self.shell.get_xdg_surface(&surface, &self.handle, Some(window));
        let toplevel = shell.get_toplevel(&self.handle, ());
        describe(&toplevel);
        surface.commit();
        let (size, states) = self.configured(window);
        Window { surface, shell, toplevel, size, states }
    }

    /// The next size and state of a window.
    #[track_caller]
    pub(crate) fn configured(&mut self, wanted: u32) -> ((i32, i32), Vec<State>) {
        self.wait("a configure", |event| match event {
            Event::Configure { window, size, states } if *window == wanted => Some((*size, states.clone())),
            _ => None,
        })
    }

    /// A window that shows this, whatever size it was told.
    pub(crate) fn shown(&mut self, canvas: &Canvas) -> Window {
        let window = self.window();
        self.draw(&window.surface, canvas);
        window
    }

    /// A window that shows this below the pointer, and no cursor.
    pub(crate) fn bare(&mut self, canvas: &Canvas) -> Window {
        let window = self.shown(canvas);
        let surface = window.number();
        self.wait("the pointer", |event| match event {
            Event::PointerEnter { surface: entered, .. } if *entered == surface => Some(()),
            _ => None,
        });
        self.pointer.set_cursor(self.state.entered, None, 0, 0);
        self.flush();
        window
    }

    /// Waits until a window has the keyboard.
    #[track_caller]
    pub(crate) fn entered(&mut self, window: &Window) -> Vec<u32> {
        let number = window.number();
        self.wait("the keyboard", |event| match event {
            Event::KeyboardEnter { surface, keys } if *surface == number => Some(keys.clone()),
            _ => None,
        })
    }

    /// Waits until a window has the keyboard no more.
    #[track_caller]
    pub(crate) fn left(&mut self, window: &Window) {
        self.wait_for(&Event::KeyboardLeave { surface: window.number() });
    }

    /// A dialog of one size.
    pub(crate) fn dialog(&mut self, parent: &Window, canvas: &Canvas) -> Window {
        let dialog = self.window_with(|toplevel| toplevel.set_parent(Some(&parent.toplevel)));
        self.draw(&dialog.surface, canvas);
        dialog
    }

    /// The surface has this in it from now on.
    pub(crate) fn draw(&self, surface: &WlSurface, canvas: &Canvas) {
        self.put(surface, &self.buffer(canvas));
    }

    /// The surface has this buffer from now on.
    pub(crate) fn put(&self, surface: &WlSurface, buffer: &WlBuffer) {
        surface.attach(Some(buffer), 0, 0);
        surface.damage_buffer(0, 0, i32::MAX, i32::MAX);
        surface.commit();
        self.flush();
    }

    /// The same, and asks to be called when it may draw again.
    pub(crate) fn play(&self, surface: &WlSurface, buffer: &WlBuffer) {
        surface.frame(&self.handle, Some(number(surface)));
        self.put(surface, buffer);
    }

    /// Draws and waits to be called, as often as that.
    pub(crate) fn play_on(&mut self, surface: &WlSurface, buffers: &[WlBuffer], times: usize) {
        for buffer in buffers.iter().cycle().take(times) {
            self.play(surface, buffer);
            self.wait_for(&Event::Frame { surface: number(surface) });
        }
    }

    /// A surface in another one, with its corner there.
    pub(crate) fn part(&self, parent: &WlSurface, (x, y): (i32, i32)) -> (WlSurface, WlSubsurface) {
        let (surface, parts) = (self.surface(), self.bind::<WlSubcompositor>());
        let part = parts.get_subsurface(&surface, parent, &self.handle, ());
        part.set_position(x, y);
        (surface, part)
    }

    /// A popup of this size with its corner at a place of its window, and where it was put.
    pub(crate) fn popup(
        &mut self,
        parent: &Window,
        place: (i32, i32),
        size: (i32, i32),
    ) -> (WlSurface, XdgPopup, (i32, i32)) {
        let positioner = self.shell.create_positioner(&self.handle, ());
        positioner.set_size(size.0, size.1);
        positioner.set_anchor_rect(place.0, place.1, 1, 1);
        positioner.set_anchor(Anchor::TopLeft);
        positioner.set_gravity(Gravity::BottomRight);
        // It may slide.
        positioner.set_constraint_adjustment(
            wayland_protocols::xdg::shell::client::xdg_positioner::ConstraintAdjustment::from_bits_retain(3),
        );
        let surface = self.surface();
        let shell = self.shell.get_xdg_surface(&surface, &self.handle, None);
        let popup = shell.get_popup(Some(&parent.shell), &positioner, &self.handle, ());
        surface.commit();
        let put = self.wait("a popup's place", |event| match event {
            Event::Popup { place, .. } => Some(*place),
            _ => None,
        });
        (surface, popup, put)
    }
}
