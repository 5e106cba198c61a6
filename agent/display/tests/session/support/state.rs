//! What a Wayland program is told.

use std::fmt;
use wayland_client::protocol::{
    wl_buffer::WlBuffer, wl_callback, wl_compositor::WlCompositor, wl_data_device_manager::WlDataDeviceManager,
    wl_data_offer::WlDataOffer, wl_output::WlOutput, wl_pointer, wl_registry, wl_seat::WlSeat, wl_shm::WlShm,
    wl_shm_pool::WlShmPool, wl_subcompositor::WlSubcompositor, wl_subsurface::WlSubsurface, wl_surface::WlSurface,
};
use wayland_client::{Connection, Dispatch, QueueHandle, delegate_noop};
use wayland_protocols::wp::cursor_shape::v1::client::{
    wp_cursor_shape_device_v1::WpCursorShapeDeviceV1, wp_cursor_shape_manager_v1::WpCursorShapeManagerV1,
};
use wayland_protocols::wp::pointer_constraints::zv1::client::{
    zwp_confined_pointer_v1::ZwpConfinedPointerV1, zwp_pointer_constraints_v1::ZwpPointerConstraintsV1,
};
use wayland_protocols::wp::presentation_time::client::{wp_presentation::WpPresentation, wp_presentation_feedback};
use wayland_protocols::wp::relative_pointer::zv1::client::zwp_relative_pointer_manager_v1::ZwpRelativePointerManagerV1;
use wayland_protocols::wp::viewporter::client::{wp_viewport::WpViewport, wp_viewporter::WpViewporter};
use wayland_protocols::xdg::shell::client::{
    xdg_popup, xdg_positioner::XdgPositioner, xdg_surface, xdg_toplevel, xdg_wm_base,
};

/// One thing that a program is told. Surfaces and windows are named by the number of their object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    /// A window is to have this size and state, and was acknowledged.
    Configure {
        window: u32,
        size: (i32, i32),
        states: Vec<xdg_toplevel::State>,
    },
    Popup {
        place: (i32, i32),
        size: (i32, i32),
    },
    PopupDone,
    Close,
    /// A surface may be drawn.
    Frame {
        surface: u32,
    },
    Presented {
        surface: u32,
    },
    Discarded {
        surface: u32,
    },
    Keymap(String),
    KeyboardEnter {
        surface: u32,
        keys: Vec<u32>,
    },
    KeyboardLeave {
        surface: u32,
    },
    Key {
        code: u32,
        pressed: bool,
    },
    Modifiers {
        depressed: u32,
        locked: u32,
        group: u32,
    },
    PointerEnter {
        surface: u32,
        place: (f64, f64),
    },
    PointerLeave {
        surface: u32,
    },
    Motion {
        place: (f64, f64),
    },
    Button {
        code: u32,
        pressed: bool,
    },
    Axis {
        axis: wl_pointer::Axis,
        value: f64,
    },
    Axis120 {
        axis: wl_pointer::Axis,
        value: i32,
    },
    Relative {
        delta: (f64, f64),
        raw: (f64, f64),
    },
    Locked,
    Unlocked,
    /// What is on the clipboard, by its types; nothing if there are none.
    Selection(Vec<String>),
}

/// All that a program was told and has not looked at.
#[derive(Default)]
pub(crate) struct State {
    /// Name, interface, version.
    pub(crate) globals: Vec<(u32, String, u32)>,
    pub(crate) events: Vec<Event>,
    /// The last serial of an input event, and of a pointer's entry.
    pub(crate) serial: u32,
    pub(crate) entered: u32,
    /// The size and state that come with the next configure.
    pending: ((i32, i32), Vec<xdg_toplevel::State>),
    popup: ((i32, i32), (i32, i32)),
    pub(super) offers: Vec<(WlDataOffer, Vec<String>)>,
    /// What is on the clipboard.
    pub(crate) offer: Option<WlDataOffer>,
}

impl fmt::Debug for State {
    /// Without keymaps, which are long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.events.iter().filter(|event| !matches!(event, Event::Keymap(_)))).finish()
    }
}

impl Dispatch<wl_registry::WlRegistry, ()> for State {
    fn event(
        state: &mut Self,
        _: &wl_registry::WlRegistry,
        event: wl_registry::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let wl_registry::Event::Global { name, interface, version } = event {
            state.globals.push((name, interface, version));
        }
    }
}

impl Dispatch<wl_callback::WlCallback, Option<u32>> for State {
    fn event(
        state: &mut Self,
        _: &wl_callback::WlCallback,
        _: wl_callback::Event,
        surface: &Option<u32>,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        state.events.extend(surface.map(|surface| Event::Frame { surface }));
    }
}

impl Dispatch<wp_presentation_feedback::WpPresentationFeedback, u32> for State {
    fn event(
        state: &mut Self,
        _: &wp_presentation_feedback::WpPresentationFeedback,
        event: wp_presentation_feedback::Event,
        surface: &u32,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        let surface = *surface;
        match event {
            wp_presentation_feedback::Event::Presented { .. } => state.events.push(Event::Presented { surface }),
            wp_presentation_feedback::Event::Discarded => state.events.push(Event::Discarded { surface }),
            _ => {}
        }
    }
}

impl Dispatch<xdg_wm_base::XdgWmBase, ()> for State {
    fn event(
        _: &mut Self,
        shell: &xdg_wm_base::XdgWmBase,
        event: xdg_wm_base::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_wm_base::Event::Ping { serial } = event {
            shell.pong(serial);
        }
    }
}

impl Dispatch<xdg_toplevel::XdgToplevel, ()> for State {
    fn event(
        state: &mut Self,
        _: &xdg_toplevel::XdgToplevel,
        event: xdg_toplevel::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        match event {
            xdg_toplevel::Event::Configure { width, height, states } => {
                let (words, _) = states.as_chunks::<4>();
                let states = words.iter().filter_map(|word| u32::from_ne_bytes(*word).try_into().ok());
                state.pending = ((width, height), states.collect());
            }
            xdg_toplevel::Event::Close => state.events.push(Event::Close),
            _ => {}
        }
    }
}

impl Dispatch<xdg_popup::XdgPopup, ()> for State {
    fn event(
        state: &mut Self,
        _: &xdg_popup::XdgPopup,
        event: xdg_popup::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        match event {
            xdg_popup::Event::Configure { x, y, width, height } => state.popup = ((x, y), (width, height)),
            xdg_popup::Event::PopupDone => state.events.push(Event::PopupDone),
            _ => {}
        }
    }
}

/// The window that an `xdg_surface` is, or `None` for a popup.
impl Dispatch<xdg_surface::XdgSurface, Option<u32>> for State {
    fn event(
        state: &mut Self,
        surface: &xdg_surface::XdgSurface,
        event: xdg_surface::Event,
        window: &Option<u32>,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_surface::Event::Configure { serial } = event {
            surface.ack_configure(serial);
            state.events.push(match *window {
                Some(window) => {
                    let (size, states) = std::mem::take(&mut state.pending);
                    Event::Configure { window, size, states }
                }
                None => Event::Popup { place: state.popup.0, size: state.popup.1 },
            });
        }
    }
}

delegate_noop!(State: WlCompositor);
delegate_noop!(State: WlSubcompositor);
delegate_noop!(State: WlSubsurface);
delegate_noop!(State: WlShmPool);
delegate_noop!(State: WlDataDeviceManager);
delegate_noop!(State: WpViewporter);
delegate_noop!(State: WpViewport);
delegate_noop!(State: WpCursorShapeManagerV1);
delegate_noop!(State: WpCursorShapeDeviceV1);
delegate_noop!(State: ZwpPointerConstraintsV1);
delegate_noop!(State: ZwpRelativePointerManagerV1);
delegate_noop!(State: XdgPositioner);
delegate_noop!(State: ignore ZwpConfinedPointerV1);
delegate_noop!(State: ignore WpPresentation);
delegate_noop!(State: ignore WlShm);
delegate_noop!(State: ignore WlSeat);
delegate_noop!(State: ignore WlOutput);
delegate_noop!(State: ignore WlBuffer);
delegate_noop!(State: ignore WlSurface);
