//! X programs that are hostile, behind Xwayland.

use super::support::{Display, connect};
use super::{Witness, still_serves};
use std::process::Command;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ConfigureWindowAux, ConnectionExt, CreateWindowAux, EventMask, PropMode, SELECTION_NOTIFY_EVENT,
    SelectionNotifyEvent, Window, WindowClass,
};
use x11rb::rust_connection::{DefaultStream, RustConnection};
use x11rb::wrapper::ConnectionExt as _;

/// A program that is connected, and the root window.
struct XProgram {
    connection: RustConnection,
    root: Window,
}

impl XProgram {
    /// As soon as there is a window manager. `None`: there is no X server on this machine.
    fn connect(display: &Display) -> Option<Self> {
        if Command::new("/usr/bin/Xwayland").arg("-version").output().is_err() {
            eprintln!("skipped: there is no /usr/bin/Xwayland");
            return None;
        }
        let (stream, _) = DefaultStream::from_unix_stream(connect(&display.x11)).unwrap();
        let connection = RustConnection::connect_to_stream(stream, 0).unwrap();
        let root = connection.setup().roots[0].root;
        let this = Self { connection, root };
        let check = this.atom("_NET_SUPPORTING_WM_CHECK");
        while this.connection.get_property(false, root, check, AtomEnum::WINDOW, 0, 1).unwrap().reply().unwrap().length
            == 0
        {}
        Some(this)
    }

    fn atom(&self, name: &str) -> u32 {
        self.connection.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom
    }

    fn window(&self, (width, height): (u16, u16), aux: &CreateWindowAux) -> Window {
        let window = self.connection.generate_id().unwrap();
        let (class, root) = (WindowClass::INPUT_OUTPUT, self.root);
        self.connection.create_window(0, window, root, -32_768, 32_767, width, height, 0, class, 0, aux).unwrap();
        window
    }

    fn is_served(&self) -> bool {
        self.connection.get_input_focus().unwrap().reply().is_ok()
    }
}

/// A display with somebody who draws, and an X program.
fn behind(hostile: impl FnOnce(&XProgram, &mut Witness)) {
    let mut display = Display::start();
    let mut witness = Witness::new(&display);
    let Some(program) = XProgram::connect(&display) else { return };
    hostile(&program, &mut witness);
    assert!(program.is_served(), "{}", display.log());
    // The window manager answers after all that was asked before.
    let other = XProgram::connect(&display).unwrap();
    assert!(other.is_served());
    still_serves(&mut display, &mut witness);
}

#[test]
fn modes_that_are_none() {
    behind(|program, _| {
        let connection = &program.connection;
        let window = program.window((640, 480), &CreateWindowAux::new());
        connection.map_window(window).unwrap();
        let name = program.atom("_XWAYLAND_RANDR_EMU_MONITOR_RECTS");
        let numbers = [0, 1, 16, 1 << 15, i32::MAX.cast_unsigned(), u32::MAX];
        let places = [[0, 0], [7, 7], [u32::MAX, 0]];
        for [x, y] in places {
            for (width, height) in numbers.into_iter().flat_map(|width| numbers.map(|height| (width, height))) {
                for values in [&[x, y, width, height][..], &[x, y, width], &[]] {
                    connection.change_property32(PropMode::REPLACE, window, name, AtomEnum::CARDINAL, values).unwrap();
                }
                assert!(program.is_served());
            }
        }
    });
}

#[test]
fn absurd_windows() {
    behind(|program, _| {
        let connection = &program.connection;
        for number in [i32::MIN, -1, 0, 1 << 20, i32::MAX] {
            for size in [(1, 1), (u16::MAX / 2, 1), (1, u16::MAX / 2)] {
                let window = program.window(size, &CreateWindowAux::new());
                // Flags: all sizes, as WM_NORMAL_HINTS has them.
                let hints = [0x3ff, 0, 0, 0, 0].into_iter().chain([number; 13]).map(i32::cast_unsigned);
                let hints: Vec<u32> = hints.collect();
                let (name, kind) = (AtomEnum::WM_NORMAL_HINTS, AtomEnum::WM_SIZE_HINTS);
                connection.change_property32(PropMode::REPLACE, window, name, kind, &hints).unwrap();
                let text = vec![b'x'; 1 << 18];
                for name in [AtomEnum::WM_NAME, AtomEnum::WM_CLASS] {
                    connection.change_property8(PropMode::REPLACE, window, name, AtomEnum::STRING, &text).unwrap();
                }
                connection.map_window(window).unwrap();
                let place = ConfigureWindowAux::new().x(number).y(number).width(number.unsigned_abs().min(32_767));
                connection.configure_window(window, &place).unwrap();
            }
        }
    });
}

#[test]
fn very_many_windows() {
    behind(|program, witness| {
        for index in 0..1000 {
            let aux = CreateWindowAux::new().override_redirect(index % 2);
            let window = program.window((10, 10), &aux);
            program.connection.map_window(window).unwrap();
            // Xwayland itself dies of more at once than the display has read.
            if index % 20 == 0 {
                assert!(program.is_served());
                witness.draws();
            }
        }
    });
}

#[test]
fn a_clipboard_of_atoms_that_are_none_and_of_very_many() {
    behind(|program, _| {
        let connection = &program.connection;
        let aux = CreateWindowAux::new().event_mask(EventMask::PROPERTY_CHANGE);
        let (owner, clipboard) = (program.window((1, 1), &aux), program.atom("CLIPBOARD"));
        let targets: Vec<u32> = (0..2000).map(|index| program.atom(&format!("{index}/{}", "x".repeat(500)))).collect();
        for offered in [&targets[..], &[0, 7, u32::MAX, 1 << 29]] {
            // The window manager may not look for owners yet.
            let request = loop {
                connection.set_selection_owner(owner, clipboard, x11rb::CURRENT_TIME).unwrap();
                assert!(program.is_served());
                if let Some(Event::SelectionRequest(request)) = connection.poll_for_event().unwrap() {
                    break request;
                }
            };
            let (window, name) = (request.requestor, request.property);
            connection.change_property32(PropMode::REPLACE, window, name, AtomEnum::ATOM, offered).unwrap();
            let notify = SelectionNotifyEvent {
                response_type: SELECTION_NOTIFY_EVENT,
                sequence: 0,
                time: request.time,
                requestor: window,
                selection: request.selection,
                target: request.target,
                property: name,
            };
            connection.send_event(false, window, EventMask::NO_EVENT, notify).unwrap();
        }
    });
}
