//! Text that is copied, in all directions.

use crate::support::canvas::Canvas;
use crate::support::display::{Display, start, wait_for};
use crate::support::program::Program;
use crate::support::state::Event;
use crate::support::until;
use crate::support::x11::{XProgram, has_server};
use dillinger_ring::message::{MAX_CLIPBOARD, ToDisplay};
use std::io::Read;
use std::time::Duration;
use x11rb::protocol::xproto::ConnectionExt;

const TEXT: &str = "text/plain;charset=utf-8";
const SIZE: (u32, u32) = (320, 200);

/// A program whose window has the keyboard, and with it the clipboard.
fn program(display: &Display, seed: u32) -> Program {
    let mut program = Program::connect(display);
    let window = program.shown(&Canvas::noise(seed, SIZE.0, SIZE.1));
    program.entered(&window);
    program
}

impl Program {
    /// Waits until there is something on the clipboard that it can read.
    fn offered(&mut self) {
        self.wait("something on the clipboard", |event| match event {
            Event::Selection(types) if types.iter().any(|name| name == TEXT || name == "UTF8_STRING") => Some(()),
            _ => None,
        });
    }
}

fn put(display: &Display, text: &str) {
    display.send_text(text, |bytes| ToDisplay::Clipboard { bytes });
}

#[test]
fn between_players_and_wayland_programs() {
    let mut display = start(SIZE, &["--clipboard"]);
    let mut program = program(&display, 1);
    let long = "lang ".repeat(MAX_CLIPBOARD as usize / 5);
    for text in ["Grüße", "", &long] {
        put(&display, text);
        program.offered();
        assert_eq!(program.paste(TEXT), text);
        assert_eq!(program.paste("UTF8_STRING"), text);
    }
    for text in ["zurück", "noch einmal", &long] {
        program.copy(text, &["text/html", "TEXT", TEXT]);
        // It is asked for the text.
        until("the text", || {
            program.roundtrip();
            display.clipboards().iter().any(|told| told == text)
        });
    }
    // What is too long, or no text, is not told.
    program.copy(&"x".repeat(MAX_CLIPBOARD as usize + 1), &[TEXT]);
    program.roundtrip();
    program.roundtrip();
    program.copy("a picture", &["image/png"]);
    program.roundtrip();
    program.copy("the last", &[TEXT]);
    until("the last text", || {
        program.roundtrip();
        let told = display.clipboards();
        assert!(told.iter().all(|text| text == "the last"), "{told:?}");
        !told.is_empty()
    });
}

#[test]
fn between_wayland_programs() {
    let mut display = start(SIZE, &["--clipboard"]);
    let mut one = program(&display, 1);
    let mut other = program(&display, 2);
    // Who has the keyboard has the clipboard.
    other.copy("from the other", &[TEXT]);
    until("the text", || {
        other.roundtrip();
        display.clipboards() == ["from the other"]
    });
    put(&display, "from a player");
    other.offered();
    drop(other);
    one.offered();
    assert_eq!(one.paste(TEXT), "from a player");
}

#[test]
fn nothing_goes_anywhere_unless_it_is_to() {
    let mut display = start(SIZE, &[]);
    let mut program = program(&display, 1);
    program.events();
    put(&display, "from a player");
    program.copy("from a program", &[TEXT]);
    for _ in 0..5 {
        program.roundtrip();
    }
    assert!(display.clipboards().is_empty());
    put(&display, "from a player");
    let offered = program.events();
    assert!(!offered.iter().any(|event| matches!(event, Event::Selection(types) if types.is_empty())), "{offered:?}");
    assert_eq!(offered.iter().filter(|event| matches!(event, Event::Selection(_))).count(), 1, "its own: {offered:?}");
}

#[test]
fn between_players_and_x_programs() {
    if !has_server() {
        return;
    }
    let mut display = start(SIZE, &["--clipboard"]);
    // Before there is an X server.
    put(&display, "early");
    let mut program = XProgram::connect(&display);
    let window = program.shown(&Canvas::noise(1, SIZE.0, SIZE.1));
    program.focused(window);
    until("the early text", || program.paste(window).as_deref() == Some("early"));
    let long = "lang ".repeat(MAX_CLIPBOARD as usize / 5);
    for text in ["Grüße", &long] {
        put(&display, text);
        until("the text", || program.paste(window).as_deref() == Some(text));
    }
    for text in ["zurück", "noch einmal"] {
        program.copy(window, text);
        until("the text", || {
            program.serve();
            display.clipboards().iter().any(|told| told == text)
        });
    }
}

#[test]
fn between_x_and_wayland_programs() {
    if !has_server() {
        return;
    }
    let mut display = start(SIZE, &["--clipboard"]);
    let mut wayland = program(&display, 1);
    wayland.copy("from Wayland", &[TEXT]);
    wayland.roundtrip();
    let mut program = XProgram::connect(&display);
    let window = program.shown(&Canvas::noise(2, SIZE.0, SIZE.1));
    program.focused(window);
    // Both have to do their part.
    program.ask(window);
    let mut pasted = None;
    until("the text of the Wayland program", || {
        wayland.roundtrip();
        if let Some(property) = program.answered() {
            pasted = program.pasted(window, property);
            program.ask(window);
        }
        pasted.as_deref() == Some("from Wayland")
    });
    program.copy(window, "from X");
    until("the text in the page", || {
        program.serve();
        display.clipboards().iter().any(|told| told == "from X")
    });
    // It gets the keyboard back, and with it the clipboard.
    program.connection.unmap_window(window).unwrap();
    wayland.state.events.clear();
    until("something on the clipboard", || {
        program.serve();
        wayland.roundtrip();
        wayland.state.events.iter().any(|event| matches!(event, Event::Selection(types) if !types.is_empty()))
    });
    let mut reader = wayland.ask(TEXT);
    until("the text of the X program", || {
        program.serve();
        wait_for(&reader, Duration::from_millis(1))
    });
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "from X");
}
