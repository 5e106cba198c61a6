//! A connection of its own to the X server, for what Smithay's window manager does not do, or does wrong.
//!
//! - *Menus.* It gives whatever is unmapped to the root window, where a menu is already. If the program has mapped it again
//!   meanwhile, the X server unmaps and maps it to do so, and the window manager takes that for one more reason.
//! - *Withdrawn windows.* It does not say that they are. Programs wait for that, such as Wine.
//! - *Modes.* The X server lets a program set another mode and enlarges what fills it. The window manager has to give windows
//!   that size.
//! - *What fills the display from the start.* A program says so before its window is mapped.
//! - *Frames.* There are none, which Java has to be told: it guesses otherwise, and draws beside its window.

use dillinger_ring::planes::WIDTHS;
use smithay::utils::{Logical, Size};
use smithay::xwayland::X11Surface;
use std::collections::HashMap;
use std::os::unix::net::UnixStream;
use x11rb::connection::Connection;
use x11rb::errors::ReplyError;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ChangeWindowAttributesAux, ConnectionExt, EventMask, MapState, PropMode, Window,
};
use x11rb::rust_connection::{DefaultStream, RustConnection};
use x11rb::wrapper::ConnectionExt as _;

/// The side of a mode: that of the largest display.
const MOST_PIXELS: u32 = *WIDTHS.end();

/// The connection, and what is known by it.
#[derive(Debug)]
pub(crate) struct Aside {
    connection: RustConnection,
    state: Atom,
    net_state: Atom,
    fullscreen: Atom,
    frame: Atom,
    monitors: Atom,
    windows: HashMap<Window, Known>,
}

/// What is known of a window that has been seen.
#[derive(Debug, Default)]
struct Known {
    /// How often it was unmapped and the window manager has not been told yet.
    untold: u32,
    /// It was unmapped by this connection, which will map it again.
    rests: bool,
    /// What its program takes for the whole display.
    mode: Option<Size<i32, Logical>>,
}

impl Aside {
    /// By a connection on which nothing has been said.
    pub(super) fn new(stream: UnixStream) -> anyhow::Result<Self> {
        let (stream, _) = DefaultStream::from_unix_stream(stream)?;
        let connection = RustConnection::connect_to_stream(stream, 0)?;
        let atom =
            |name: &str| -> anyhow::Result<Atom> { Ok(connection.intern_atom(false, name.as_bytes())?.reply()?.atom) };
        Ok(Self {
            state: atom("WM_STATE")?,
            net_state: atom("_NET_WM_STATE")?,
            fullscreen: atom("_NET_WM_STATE_FULLSCREEN")?,
            frame: atom("_NET_FRAME_EXTENTS")?,
            monitors: atom("_XWAYLAND_RANDR_EMU_MONITOR_RECTS")?,
            windows: HashMap::new(),
            connection,
        })
    }

    /// A window is seen. From now on it is known what becomes of it.
    pub(super) fn mapped(&mut self, window: &X11Surface) -> Result<(), ReplyError> {
        let id = window.window_id();
        if self.windows.contains_key(&id) {
            return Ok(());
        }
        let masks = EventMask::STRUCTURE_NOTIFY | EventMask::PROPERTY_CHANGE;
        let values = ChangeWindowAttributesAux::new().event_mask(masks);
        self.connection.change_window_attributes(id, &values)?.check()?;
        let mode = self.read_mode(id)?;
        self.windows.insert(id, Known { mode, ..Known::default() });
        Ok(())
    }

    /// What the program of a window takes for the whole display, if that is another size.
    pub(crate) fn mode(&self, window: &X11Surface) -> Option<Size<i32, Logical>> {
        self.windows.get(&window.window_id()).and_then(|known| known.mode)
    }

    fn read_mode(&self, window: Window) -> Result<Option<Size<i32, Logical>>, ReplyError> {
        let property = self.connection.get_property(false, window, self.monitors, AtomEnum::CARDINAL, 0, 4)?;
        let reply = property.reply()?;
        let values: Vec<u32> = reply.value32().into_iter().flatten().collect();
        // There is one monitor. Who says it may be the program as well.
        let &[0, 0, width @ 1..=MOST_PIXELS, height @ 1..=MOST_PIXELS] = values.as_slice() else { return Ok(None) };
        Ok(Some((width.cast_signed(), height.cast_signed()).into()))
    }

    /// Says that a window has no frame.
    pub(super) fn frame(&self, window: &X11Surface) -> Result<(), ReplyError> {
        let (replace, id, kind) = (PropMode::REPLACE, window.window_id(), AtomEnum::CARDINAL);
        self.connection.change_property32(replace, id, self.frame, kind, &[0; 4])?.check()
    }

    /// Whether a window that is not mapped yet is to fill the display, as its program says.
    pub(super) fn wants_fullscreen(&self, window: &X11Surface) -> Result<bool, ReplyError> {
        let (id, kind) = (window.window_id(), AtomEnum::ATOM);
        let reply = self.connection.get_property(false, id, self.net_state, kind, 0, 64)?.reply()?;
        Ok(reply.value32().into_iter().flatten().any(|state| state == self.fullscreen))
    }

    /// Says that a window is withdrawn, before anything else is said of it.
    pub(super) fn withdraw(&self, window: &X11Surface) -> Result<(), ReplyError> {
        // WithdrawnState, and no icon.
        let (replace, id, values) = (PropMode::REPLACE, window.window_id(), [0, 0]);
        self.connection.change_property32(replace, id, self.state, self.state, &values)?.check()
    }

    /// A window is gone.
    pub(super) fn destroyed(&mut self, window: &X11Surface) {
        self.windows.remove(&window.window_id());
    }

    /// The window manager was told that a menu is unmapped, and has given it to the root window.
    ///
    /// If it will be told once more, and the menu is mapped, that would go on for ever: the menu rests until the window
    /// manager has been told of all, as nothing happens to what is not mapped.
    pub(super) fn menu_unmapped(&mut self, window: &X11Surface) -> Result<Vec<Window>, ReplyError> {
        // An answer to the window manager: what it asked for before is done.
        let _ = window.get_client_pid();
        let id = window.window_id();
        let mapped = self.connection.get_window_attributes(id)?.reply()?.map_state != MapState::UNMAPPED;
        let changed = self.drain()?;
        let Some(menu) = self.windows.get_mut(&id) else { return Ok(changed) };
        menu.untold = menu.untold.saturating_sub(1);
        if menu.untold > 0 && mapped && !menu.rests {
            menu.rests = true;
            self.connection.unmap_window(id)?.check()?;
        } else if menu.untold == 0 && std::mem::take(&mut menu.rests) {
            self.connection.map_window(id)?.check()?;
        }
        Ok(changed)
    }

    /// Takes what the X server tells: the windows whose mode is another one now.
    pub(super) fn drain(&mut self) -> Result<Vec<Window>, ReplyError> {
        let mut changed = Vec::new();
        while let Some(event) = self.connection.poll_for_event()? {
            match event {
                Event::UnmapNotify(event) => {
                    if let Some(known) = self.windows.get_mut(&event.window) {
                        known.untold = known.untold.saturating_add(1);
                    }
                }
                Event::PropertyNotify(event) if event.atom == self.monitors && !changed.contains(&event.window) => {
                    changed.push(event.window);
                }
                _ => {}
            }
        }
        for window in &changed {
            // It may be gone already.
            let mode = self.read_mode(*window).unwrap_or_default();
            if let Some(known) = self.windows.get_mut(window) {
                known.mode = mode;
            }
        }
        Ok(changed)
    }
}
