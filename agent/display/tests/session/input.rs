//! Keys, the pointer and the wheel.

use crate::support::canvas::Canvas;
use crate::support::display::{Display, start};
use crate::support::program::Program;
use crate::support::state::Event;
use crate::support::window::Window;
use dillinger_ring::message::ToDisplay;
use wayland_client::protocol::wl_pointer::Axis;
use wayland_protocols::wp::pointer_constraints::zv1::client::zwp_pointer_constraints_v1::{
    Lifetime, ZwpPointerConstraintsV1,
};
use wayland_protocols::wp::relative_pointer::zv1::client::zwp_relative_pointer_manager_v1::ZwpRelativePointerManagerV1;
use xkbcommon::xkb;

const SIZE: (u32, u32) = (320, 200);
const KEY_Y: u16 = 21;
const KEY_LEFTSHIFT: u16 = 42;

/// A keymap as the streamer makes it.
fn keymap(layout: &str) -> String {
    let context = xkb::Context::new(xkb::CONTEXT_NO_FLAGS);
    let flags = xkb::KEYMAP_COMPILE_NO_FLAGS;
    let keymap =
        xkb::Keymap::new_from_names(&context, "evdev", "pc105", layout, "", Some(String::new()), flags).unwrap();
    keymap.get_as_string(xkb::KEYMAP_FORMAT_TEXT_V1)
}

/// What a key types by this keymap.
fn types(keymap: &str, code: u16) -> String {
    let (context, flags) = (xkb::Context::new(xkb::CONTEXT_NO_FLAGS), xkb::KEYMAP_COMPILE_NO_FLAGS);
    let format = xkb::KEYMAP_FORMAT_TEXT_V1;
    let keymap = xkb::Keymap::new_from_string(&context, keymap.to_owned(), format, flags).unwrap();
    xkb::State::new(&keymap).key_get_utf8(xkb::Keycode::new(u32::from(code) + 8))
}

fn game() -> (Display, Program, Window) {
    let display = start(SIZE, &[]);
    let mut program = Program::connect(&display);
    let window = program.bare(&Canvas::noise(1, SIZE.0, SIZE.1));
    program.roundtrip();
    (display, program, window)
}

#[test]
fn keys_arrive_in_the_layout_of_who_pressed_them() {
    let (display, mut program, _window) = game();
    for (number, layout) in [(7, "de"), (9, "us")] {
        display.send_text(&keymap(layout), |bytes| ToDisplay::Keymap { number, bytes });
    }
    program.state.events.clear();
    for (number, types_this) in [(7, "z"), (9, "y"), (7, "z")] {
        for pressed in [true, false] {
            display.send(ToDisplay::Key { code: KEY_Y, pressed, keymap: number });
        }
        let text = program.wait("a keymap", |event| match event {
            Event::Keymap(text) => Some(text.clone()),
            _ => None,
        });
        assert_eq!(types(&text, KEY_Y), types_this);
        program.wait_for(&Event::Key { code: KEY_Y.into(), pressed: true });
        program.wait_for(&Event::Key { code: KEY_Y.into(), pressed: false });
    }
    // The keymap that is used already is not sent again, and one that there is none of changes nothing.
    display.send(ToDisplay::ForgetKeymap { number: 9 });
    for keymap in [7, 9, 100] {
        display.send(ToDisplay::Key { code: KEY_Y, pressed: true, keymap });
        display.send(ToDisplay::Key { code: KEY_Y, pressed: false, keymap });
        program.wait_for(&Event::Key { code: KEY_Y.into(), pressed: true });
        program.wait_for(&Event::Key { code: KEY_Y.into(), pressed: false });
    }
    assert!(!program.events().iter().any(|event| matches!(event, Event::Keymap(_))));
}

#[test]
fn modifiers_are_known() {
    let (display, mut program, _window) = game();
    program.state.events.clear();
    display.send(ToDisplay::Key { code: KEY_LEFTSHIFT, pressed: true, keymap: 0 });
    program.wait_for(&Event::Modifiers { depressed: 1, locked: 0, group: 0 });
    display.send(ToDisplay::Key { code: KEY_LEFTSHIFT, pressed: false, keymap: 0 });
    program.wait_for(&Event::Modifiers { depressed: 0, locked: 0, group: 0 });
}

#[test]
fn a_keymap_that_is_none_leaves_the_keyboard_as_it_is() {
    let (display, mut program, _window) = game();
    display.send_text("xkb_keymap { nonsense };", |bytes| ToDisplay::Keymap { number: 1, bytes });
    for pressed in [true, false] {
        display.send(ToDisplay::Key { code: KEY_Y, pressed, keymap: 1 });
        program.wait_for(&Event::Key { code: KEY_Y.into(), pressed });
    }
}

#[test]
fn buttons_and_the_wheel_arrive() {
    let (display, mut program, _window) = game();
    for code in [0x110, 0x111, 0x112, 0x113, 0x117] {
        for pressed in [true, false] {
            display.send(ToDisplay::Button { code, pressed });
            program.wait_for(&Event::Button { code: code.into(), pressed });
        }
    }
    for (horizontal, axis) in [(false, Axis::VerticalScroll), (true, Axis::HorizontalScroll)] {
        for (value, length) in [(120, 15.0), (-120, -15.0), (30, 3.75), (240, 30.0)] {
            display.send(ToDisplay::Axis { horizontal, value });
            program.state.events.clear();
            let events = program.events();
            assert!(events.contains(&Event::Axis { axis, value: length }), "{value}: {events:?}");
            assert!(events.contains(&Event::Axis120 { axis, value }), "{value}: {events:?}");
        }
    }
}

#[test]
fn the_pointer_goes_to_every_edge() {
    let (mut display, mut program, _window) = game();
    for (x, y, place) in [(65535, 65535, (319.0, 199.0)), (0, 0, (0.0, 0.0)), (0, 65535, (0.0, 199.0))] {
        display.send(ToDisplay::Absolute { x, y });
        program.wait_for(&Event::Motion { place });
    }
    for place in [(10, 20), (100, 150), (318, 1)] {
        display.point(place);
        let there = program.wait("the pointer", |event| match event {
            Event::Motion { place } => Some(*place),
            _ => None,
        });
        assert_eq!((there.0.floor(), there.1.floor()), (f64::from(place.0), f64::from(place.1)));
    }
}

#[test]
fn relative_motion_arrives_as_it_is_beyond_the_edges_too() {
    let (display, mut program, _window) = game();
    let relative: ZwpRelativePointerManagerV1 = program.bind();
    relative.get_relative_pointer(&program.pointer, &program.handle, ());
    display.send(ToDisplay::Absolute { x: 0, y: 0 });
    program.roundtrip();
    for (dx, dy, place) in [(5, 7, (5.0, 7.0)), (-3, 2, (2.0, 9.0)), (-100, 500, (0.0, 199.0))] {
        display.send(ToDisplay::Relative { dx, dy });
        let delta = (f64::from(dx), f64::from(dy));
        program.wait_for(&Event::Relative { delta, raw: delta });
        program.wait_for(&Event::Motion { place });
    }
}

/// What the pointer was told to move by, and whether it was moved.
fn moved(events: &[Event]) -> ((f64, f64), bool) {
    let deltas = events.iter().filter_map(|event| match event {
        Event::Relative { raw, .. } => Some(*raw),
        _ => None,
    });
    let sum = deltas.fold((0.0, 0.0), |sum, delta| (sum.0 + delta.0, sum.1 + delta.1));
    (sum, events.iter().any(|event| matches!(event, Event::Motion { .. })))
}

#[test]
fn a_locked_pointer_stays_and_every_motion_is_exact() {
    let (mut display, mut program, window) = game();
    let relative: ZwpRelativePointerManagerV1 = program.bind();
    relative.get_relative_pointer(&program.pointer, &program.handle, ());
    let constraints: ZwpPointerConstraintsV1 = program.bind();
    display.point((160, 100));
    program.roundtrip();
    let lock =
        constraints.lock_pointer(&window.surface, &program.pointer, None, Lifetime::Persistent, &program.handle, ());
    program.wait_for(&Event::Locked);
    program.state.events.clear();
    for _ in 0..50 {
        display.send(ToDisplay::Relative { dx: 30, dy: -10 });
    }
    assert_eq!(moved(&program.events()), ((1500.0, -500.0), false));
    lock.destroy();
    program.roundtrip();
    display.send(ToDisplay::Relative { dx: 1, dy: 1 });
    let place = program.wait("the pointer", |event| match event {
        Event::Motion { place } => Some(*place),
        _ => None,
    });
    assert_eq!((place.0.floor(), place.1.floor()), (161.0, 101.0), "where it was");
}

#[test]
fn a_lock_outlives_a_resize() {
    let (mut display, mut program, window) = game();
    let relative: ZwpRelativePointerManagerV1 = program.bind();
    relative.get_relative_pointer(&program.pointer, &program.handle, ());
    let constraints: ZwpPointerConstraintsV1 = program.bind();
    display.point((160, 100));
    program.roundtrip();
    let lifetime = Lifetime::Persistent;
    constraints.lock_pointer(&window.surface, &program.pointer, None, lifetime, &program.handle, ());
    program.wait_for(&Event::Locked);
    for (serial, size) in (1..).zip([(640, 480), (200, 180), (320, 200)]) {
        display.set_mode(serial, size, 60);
        program.configured(window.number());
        let canvas = Canvas::noise(serial, size.0, size.1);
        program.draw(&window.surface, &canvas);
        program.roundtrip();
        program.state.events.clear();
        for _ in 0..10 {
            display.send(ToDisplay::Relative { dx: 3, dy: 5 });
        }
        assert_eq!(moved(&program.events()), ((30.0, 50.0), false), "{size:?}");
    }
}

#[test]
fn a_confined_pointer_stays_in_its_window() {
    let mut display = start(SIZE, &["--no-fill-display"]);
    let mut program = Program::connect(&display);
    let window = program.shown(&Canvas::noise(1, 160, 100));
    display.point((160, 100));
    program.wait("the pointer", |event| matches!(event, Event::PointerEnter { .. }).then_some(()));
    let constraints: ZwpPointerConstraintsV1 = program.bind();
    let (lifetime, handle) = (Lifetime::Persistent, &program.handle);
    constraints.confine_pointer(&window.surface, &program.pointer, None, lifetime, handle, ());
    program.roundtrip();
    program.state.events.clear();
    for (dx, dy) in [(500, 0), (0, 500), (-500, -500), (3, 4)] {
        display.send(ToDisplay::Relative { dx, dy });
    }
    let events = program.events();
    assert!(!events.iter().any(|event| matches!(event, Event::PointerLeave { .. })), "{events:?}");
    assert!(events.iter().any(|event| matches!(event, Event::Motion { .. })), "{events:?}");
}

#[test]
fn a_game_that_the_pointer_rests_on_has_it_before_it_moves() {
    let display = start(SIZE, &[]);
    let mut program = Program::connect(&display);
    let window = program.bare(&Canvas::noise(1, SIZE.0, SIZE.1));
    display.send(ToDisplay::Button { code: 0x110, pressed: true });
    program.wait_for(&Event::Button { code: 0x110, pressed: true });
    // What is pressed holds the pointer.
    let other = program.shown(&Canvas::noise(2, SIZE.0, SIZE.1));
    program.roundtrip();
    display.send(ToDisplay::Button { code: 0x110, pressed: false });
    program.wait_for(&Event::Button { code: 0x110, pressed: false });
    program.wait_for(&Event::PointerLeave { surface: window.number() });
    let number = other.number();
    program.wait("the pointer", |event| match event {
        Event::PointerEnter { surface, .. } if *surface == number => Some(()),
        _ => None,
    });
}
