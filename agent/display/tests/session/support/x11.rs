//! A program that speaks X11.

use super::canvas::{Canvas, Pixel};
use super::display::{Display, wait_for};
use super::{PATIENCE, until};
use std::process::Command;
use std::time::{Duration, Instant};
use wayland_client::protocol::wl_shm::Format;
use x11rb::connection::{Connection, RequestConnection};
use x11rb::protocol::Event;
use x11rb::protocol::randr::{ConnectionExt as _, ModeInfo, Rotation, SetConfig};
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt, CreateGCAux, CreateWindowAux, EventMask,
    ImageFormat, MapState, PropMode, SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, UNMAP_NOTIFY_EVENT,
    UnmapNotifyEvent, Window, WindowClass,
};
use x11rb::rust_connection::{DefaultStream, RustConnection};
use x11rb::wrapper::ConnectionExt as _;

/// The version from which on Xwayland says by the protocol which surface is which window.
const LEAST: u32 = 12_301_000;

/// Whether there is an X server to test with.
pub(crate) fn has_server() -> bool {
    let Ok(output) = Command::new("/usr/bin/Xwayland").arg("-version").output() else {
        eprintln!("skipped: there is no /usr/bin/Xwayland");
        return false;
    };
    // The X.Org Foundation Xwayland Version 24.1.6 (12401006)
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let number = said.split_once('(').and_then(|(_, rest)| rest.split_once(')')?.0.parse::<u32>().ok());
    let serves = number.is_some_and(|number| number >= LEAST);
    if !serves {
        eprintln!("skipped: /usr/bin/Xwayland is older than 23.1");
    }
    serves
}

/// The name and the parent of a process that has not ended.
pub(crate) fn process(id: u32) -> Option<(String, u32)> {
    let status = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (name, rest) = status.split_once('(')?.1.rsplit_once(") ")?;
    let mut words = rest.split(' ');
    let (state, parent) = (words.next()?, words.next()?);
    (state != "Z").then_some((name.to_owned(), parent.parse().ok()?))
}

/// The children of a process, by their names.
pub(crate) fn children(of: u32) -> Vec<(u32, String)> {
    let ids = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let all = ids.filter_map(|id: u32| Some((id, process(id)?)));
    all.filter(|(_, (_, parent))| *parent == of).map(|(id, (name, _))| (id, name)).collect()
}

/// A program that is connected.
pub(crate) struct XProgram {
    pub(crate) connection: RustConnection,
    pub(crate) root: Window,
    events: Vec<Event>,
}

impl XProgram {
    /// Comes to the display, and waits until there is an X server.
    pub(crate) fn connect(display: &Display) -> Self {
        let (stream, _) = DefaultStream::from_unix_stream(display.connect_x11()).unwrap();
        let connection = RustConnection::connect_to_stream(stream, 0).unwrap();
        let root = connection.setup().roots[0].root;
        let this = Self { connection, root, events: Vec::new() };
        // Without a window manager no window is told its size.
        let check = this.atom("_NET_SUPPORTING_WM_CHECK");
        until("a window manager", || {
            let reply = this.connection.get_property(false, root, check, AtomEnum::WINDOW, 0, 1).unwrap().reply();
            reply.unwrap().value32().is_some_and(|mut value| value.next().is_some())
        });
        this
    }

    pub(crate) fn atom(&self, name: &str) -> u32 {
        self.connection.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom
    }

    /// All that was asked for is done.
    pub(crate) fn roundtrip(&self) {
        self.connection.get_input_focus().unwrap().reply().unwrap();
    }

    /// A window that is not mapped.
    pub(crate) fn window(&self, place: (i16, i16), (width, height): (u16, u16), override_redirect: bool) -> Window {
        let window = self.connection.generate_id().unwrap();
        let masks = EventMask::STRUCTURE_NOTIFY
            | EventMask::FOCUS_CHANGE
            | EventMask::KEY_PRESS
            | EventMask::KEY_RELEASE
            | EventMask::BUTTON_PRESS
            | EventMask::BUTTON_RELEASE
            | EventMask::POINTER_MOTION
            | EventMask::PROPERTY_CHANGE
            | EventMask::EXPOSURE;
        let values = CreateWindowAux::new()
            .event_mask(masks)
            .background_pixel(0)
            .override_redirect(u32::from(override_redirect));
        let (depth, class) = (x11rb::COPY_DEPTH_FROM_PARENT, WindowClass::INPUT_OUTPUT);
        let (x, y) = place;
        self.connection.create_window(depth, window, self.root, x, y, width, height, 0, class, 0, &values).unwrap();
        window
    }

    /// Maps a window, and waits until it may be drawn to.
    pub(crate) fn map(&mut self, window: Window) {
        // That it was seen before does not say that it is seen.
        self.roundtrip();
        self.serve();
        self.events.retain(|event| !matches!(event, Event::Expose(event) if event.window == window));
        self.connection.map_window(window).unwrap();
        self.wait("a window that is seen", |event| match event {
            Event::Expose(event) if event.window == window => Some(()),
            _ => None,
        });
        let state = self.connection.get_window_attributes(window).unwrap().reply().unwrap().map_state;
        assert_eq!(state, MapState::VIEWABLE, "what is drawn now is lost");
    }

    /// Tells the window manager of a window that is hidden, as a toolkit does.
    pub(crate) fn withdrawn(&self, window: Window) {
        let (response_type, sequence, event) = (UNMAP_NOTIFY_EVENT, 0, self.root);
        let event = UnmapNotifyEvent { response_type, sequence, event, window, from_configure: false };
        let masks = EventMask::SUBSTRUCTURE_NOTIFY | EventMask::SUBSTRUCTURE_REDIRECT;
        self.connection.send_event(false, self.root, masks, event).unwrap();
    }

    /// A window that fills the display and shows this.
    pub(crate) fn shown(&mut self, canvas: &Canvas) -> Window {
        let window = self.window((0, 0), (100, 100), false);
        self.hide_cursor(window);
        self.map(window);
        self.sized(window, canvas);
        self.draw(window, canvas);
        window
    }

    /// Waits until a window has the size of a drawing.
    #[track_caller]
    pub(crate) fn sized(&mut self, window: Window, canvas: &Canvas) {
        let end = Instant::now() + PATIENCE;
        while {
            let now = self.connection.get_geometry(window).unwrap().reply().unwrap();
            (u32::from(now.width), u32::from(now.height)) != (canvas.width, canvas.height)
        } {
            assert!(Instant::now() < end, "the window does not get its size");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// A cursor without any pixel.
    pub(crate) fn hide_cursor(&self, window: Window) {
        let [pixmap, cursor] = [(); 2].map(|()| self.connection.generate_id().unwrap());
        self.connection.create_pixmap(1, pixmap, self.root, 1, 1).unwrap();
        let gc = self.connection.generate_id().unwrap();
        self.connection.create_gc(gc, pixmap, &CreateGCAux::new().foreground(0)).unwrap();
        let dot = x11rb::protocol::xproto::Rectangle { x: 0, y: 0, width: 1, height: 1 };
        self.connection.poly_fill_rectangle(pixmap, gc, &[dot]).unwrap();
        self.connection.create_cursor(cursor, pixmap, pixmap, 0, 0, 0, 0, 0, 0, 0, 0).unwrap();
        let values = ChangeWindowAttributesAux::new().cursor(cursor);
        self.connection.change_window_attributes(window, &values).unwrap();
    }

    /// The window shows this.
    pub(crate) fn draw(&self, window: Window, canvas: &Canvas) {
        let gc = self.connection.generate_id().unwrap();
        self.connection.create_gc(gc, window, &CreateGCAux::new()).unwrap();
        let (bytes, width) = (canvas.bytes(Format::Xrgb8888, canvas.width * 4), u16::try_from(canvas.width).unwrap());
        // As one request, so that it is one picture.
        let height = u16::try_from(canvas.height).unwrap();
        assert!(bytes.len() + 64 < self.connection.maximum_request_bytes());
        let format = ImageFormat::Z_PIXMAP;
        self.connection.put_image(format, window, gc, width, height, 0, 0, 0, 24, &bytes).unwrap();
        self.connection.free_gc(gc).unwrap();
        self.connection.flush().unwrap();
    }

    /// Waits for an event, which is then forgotten; all others are kept.
    #[track_caller]
    pub(crate) fn wait<T>(&mut self, what: &str, look: impl Fn(&Event) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            self.connection.flush().unwrap();
            while let Some(event) = self.connection.poll_for_event().unwrap() {
                self.answer(&event);
                self.events.push(event);
            }
            if let Some((at, found)) = self.events.iter().enumerate().find_map(|(at, event)| Some((at, look(event)?))) {
                self.events.remove(at);
                return found;
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "not in time: {what}; there was {:?}", self.events);
            wait_for(self.connection.stream(), left);
        }
    }

    /// Waits until a window has the keyboard.
    #[track_caller]
    pub(crate) fn focused(&self, window: Window) {
        until(&format!("the keyboard in window {window:#x}"), || {
            self.connection.get_input_focus().unwrap().reply().unwrap().focus == window
        });
    }

    /// Sets a property of a window to numbers of a type.
    pub(crate) fn set(&self, window: Window, name: &str, kind: AtomEnum, values: &[u32]) {
        let name = self.atom(name);
        self.connection.change_property32(PropMode::REPLACE, window, name, kind, values).unwrap();
    }

    /// The X server draws a window in this colour.
    pub(crate) fn background(&self, window: Window, [blue, green, red, _]: Pixel) {
        let values = ChangeWindowAttributesAux::new().background_pixel(u32::from_be_bytes([0, red, green, blue]));
        self.connection.change_window_attributes(window, &values).unwrap();
    }

    /// Waits until a window is mapped and unmapped no more.
    pub(crate) fn rest(&mut self, window: Window) {
        let is = |event: &Event| matches!(event, Event::UnmapNotify(event) if event.window == window);
        until("a window that stays", || {
            self.events.retain(|event| !is(event));
            std::thread::sleep(Duration::from_millis(500));
            self.serve();
            !self.events.iter().any(is)
        });
    }

    /// Sets a mode of this size for this program, and returns the size of the one before.
    pub(crate) fn set_mode(&self, (width, height): (u32, u32)) -> (u32, u32) {
        let found = self.connection.randr_get_screen_resources_current(self.root).unwrap().reply().unwrap();
        let size = |mode: &ModeInfo| (u32::from(mode.width), u32::from(mode.height));
        let mode = found.modes.iter().find(|mode| size(mode) == (width, height)).unwrap();
        let (crtc, time) = (found.crtcs[0], found.config_timestamp);
        let before = self.connection.randr_get_crtc_info(crtc, time).unwrap().reply().unwrap();
        let (now, turned) = (x11rb::CURRENT_TIME, Rotation::ROTATE0);
        let set = self.connection.randr_set_crtc_config(crtc, now, time, 0, 0, mode.id, turned, &before.outputs);
        assert_eq!(set.unwrap().reply().unwrap().status, SetConfig::SUCCESS);
        (before.width.into(), before.height.into())
    }

    /// Asks for a state of a window: 0 without it, 1 with it.
    pub(crate) fn change_state(&self, window: Window, with: u32, name: &str) {
        let event = ClientMessageEvent::new(32, window, self.atom("_NET_WM_STATE"), [with, self.atom(name), 0, 1, 0]);
        let masks = EventMask::SUBSTRUCTURE_NOTIFY | EventMask::SUBSTRUCTURE_REDIRECT;
        self.connection.send_event(false, self.root, masks, event).unwrap();
        self.connection.flush().unwrap();
    }

    /// Puts text on the clipboard.
    pub(crate) fn copy(&mut self, window: Window, text: &str) {
        let (name, clipboard, kept) = (self.atom("UTF8_STRING"), self.atom("CLIPBOARD"), self.atom("TEST_TEXT"));
        self.connection.change_property8(PropMode::REPLACE, window, kept, name, text.as_bytes()).unwrap();
        self.connection.set_selection_owner(window, clipboard, x11rb::CURRENT_TIME).unwrap();
        let owner = self.connection.get_selection_owner(clipboard).unwrap().reply().unwrap().owner;
        assert_eq!(owner, window);
    }

    /// Answers who asks for the clipboard, if that is what happened.
    fn answer(&self, event: &Event) {
        let Event::SelectionRequest(asked) = event else { return };
        let (targets, name, kept) = (self.atom("TARGETS"), self.atom("UTF8_STRING"), self.atom("TEST_TEXT"));
        let property = if asked.target == targets {
            let (replace, kind) = (PropMode::REPLACE, AtomEnum::ATOM);
            let types = [targets, name];
            self.connection.change_property32(replace, asked.requestor, asked.property, kind, &types).unwrap();
            asked.property
        } else if asked.target == name {
            let text = self.connection.get_property(false, asked.owner, kept, name, 0, 1 << 20).unwrap().reply();
            let (replace, text) = (PropMode::REPLACE, text.unwrap().value);
            self.connection.change_property8(replace, asked.requestor, asked.property, name, &text).unwrap();
            asked.property
        } else {
            x11rb::NONE
        };
        let event = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: asked.time,
            requestor: asked.requestor,
            selection: asked.selection,
            target: asked.target,
            property,
        };
        self.connection.send_event(false, asked.requestor, EventMask::NO_EVENT, event).unwrap();
        self.connection.flush().unwrap();
    }

    /// Answers who asked for the clipboard meanwhile.
    pub(crate) fn serve(&mut self) {
        self.connection.flush().unwrap();
        while let Some(event) = self.connection.poll_for_event().unwrap() {
            self.answer(&event);
            self.events.push(event);
        }
    }

    /// Asks for what is on the clipboard.
    pub(crate) fn ask(&self, window: Window) {
        let (name, clipboard, to) = (self.atom("UTF8_STRING"), self.atom("CLIPBOARD"), self.atom("TEST_PASTED"));
        self.connection.convert_selection(window, clipboard, name, to, x11rb::CURRENT_TIME).unwrap();
        self.connection.flush().unwrap();
    }

    /// What was on the clipboard when it was asked for. `None`: nobody has put text there.
    pub(crate) fn paste(&mut self, window: Window) -> Option<String> {
        self.ask(window);
        let property = self.wait("an answer of the clipboard", |event| match event {
            Event::SelectionNotify(event) if event.requestor == window => Some(event.property),
            _ => None,
        });
        self.pasted(window, property)
    }

    /// What came in answer.
    pub(crate) fn pasted(&self, window: Window, property: u32) -> Option<String> {
        if property == x11rb::NONE {
            return None;
        }
        let name = self.atom("UTF8_STRING");
        let reply = self.connection.get_property(true, window, property, name, 0, 1 << 20).unwrap().reply().unwrap();
        Some(String::from_utf8(reply.value).unwrap())
    }

    /// The property that an answer came in, if it came.
    pub(crate) fn answered(&mut self) -> Option<u32> {
        self.serve();
        let answer = |event: &Event| match event {
            Event::SelectionNotify(event) => Some(event.property),
            _ => None,
        };
        let (at, property) = self.events.iter().enumerate().find_map(|(at, event)| Some((at, answer(event)?)))?;
        self.events.remove(at);
        Some(property)
    }
}
