//! X programs.

use crate::support::canvas::{BLACK, BLUE, Canvas, GREEN, RED};
use crate::support::display::{Display, start};
use crate::support::program::Program;
use crate::support::until;
use crate::support::x11::{XProgram, children, has_server, process};
use dillinger_ring::message::ToDisplay;
use rustix::process::{Pid, Signal, kill_process};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt};

const SIZE: (u32, u32) = (320, 200);
const KEY_A: u16 = 30;
const LEFT: u16 = 0x110;

fn noise(seed: u32) -> Canvas {
    Canvas::noise(seed, SIZE.0, SIZE.1)
}

/// The process that is the X server of a display, or will be.
fn server(display: &Display) -> (u32, String) {
    let mut found = children(display.id());
    assert_eq!(found.len(), 1, "{found:?}");
    found.pop().unwrap()
}

#[test]
fn there_is_no_x_server_without_an_x_program() {
    if !has_server() {
        return;
    }
    let mut display = start(SIZE, &[]);
    let mut wayland = Program::connect(&display);
    let _window = wayland.bare(&noise(1));
    display.shows(&noise(1));
    until("a stand-in", || server(&display).1 == "x11-stand-in");
    let mut program = XProgram::connect(&display);
    assert_eq!(server(&display).1, "Xwayland");
    program.shown(&noise(2));
    display.shows(&noise(2));
}

#[test]
fn a_stand_in_that_is_not_needed_ends_with_the_display() {
    let mut display = start(SIZE, &[]);
    display.picture();
    until("a stand-in", || server(&display).1 == "x11-stand-in");
    let id = server(&display).0;
    display.socket = None;
    assert!(display.end().success());
    until("no stand-in", || process(id).is_none());
}

#[test]
fn a_second_x_program_is_served_after_the_first_one_has_gone() {
    if !has_server() {
        return;
    }
    let mut display = start(SIZE, &[]);
    for seed in 1..4 {
        let mut program = XProgram::connect(&display);
        program.shown(&noise(seed));
        display.shows(&noise(seed));
        drop(program);
        display.picture_where("an empty display", |picture| !picture.is(&noise(seed)));
    }
}

#[test]
fn the_death_of_the_x_server_ends_the_display() {
    if !has_server() {
        return;
    }
    let mut display = start(SIZE, &[]);
    let program = XProgram::connect(&display);
    program.roundtrip();
    let id = Pid::from_raw(server(&display).0.cast_signed()).unwrap();
    kill_process(id, Signal::KILL).unwrap();
    assert!(!display.end().success());
    assert!(display.log().contains("Xwayland"), "{}", display.log());
}

#[test]
fn the_x_server_offers_nothing_that_looks_at_others() {
    if !has_server() {
        return;
    }
    let display = start(SIZE, &[]);
    let program = XProgram::connect(&display);
    let extensions = program.connection.list_extensions().unwrap().reply().unwrap();
    let names: Vec<String> = extensions.names.into_iter().map(|name| String::from_utf8(name.name).unwrap()).collect();
    for name in ["XTEST", "RECORD", "SECURITY"] {
        assert!(!names.iter().any(|known| known == name), "{names:?}");
    }
    for name in ["RANDR", "XFIXES", "MIT-SHM", "XInputExtension", "XKEYBOARD"] {
        assert!(names.iter().any(|known| known == name), "{names:?}");
    }
}

#[test]
fn a_game_goes_on_drawing() {
    if !has_server() {
        return;
    }
    let mut display = start(SIZE, &[]);
    let mut program = XProgram::connect(&display);
    let window = program.shown(&noise(1));
    for seed in 2..12 {
        program.draw(window, &noise(seed));
        display.shows(&noise(seed));
    }
}

#[test]
fn keys_buttons_and_the_pointer_arrive() {
    if !has_server() {
        return;
    }
    let mut display = start(SIZE, &[]);
    let mut program = XProgram::connect(&display);
    let window = program.shown(&noise(1));
    program.focused(window);
    display.shows(&noise(1));
    for pressed in [true, false] {
        display.send(ToDisplay::Key { code: KEY_A, pressed, keymap: 0 });
        let code = program.wait("a key", |event| match event {
            Event::KeyPress(event) if pressed => Some(event.detail),
            Event::KeyRelease(event) if !pressed => Some(event.detail),
            _ => None,
        });
        assert_eq!(u16::from(code), KEY_A + 8);
    }
    display.point((201, 77));
    program.wait("the pointer there", |event| match event {
        Event::MotionNotify(event) if (event.event_x, event.event_y) == (201, 77) => Some(()),
        _ => None,
    });
    for pressed in [true, false] {
        display.send(ToDisplay::Button { code: LEFT, pressed });
        program.wait("a button", |event| match event {
            Event::ButtonPress(event) if pressed && event.detail == 1 => Some(()),
            Event::ButtonRelease(event) if !pressed && event.detail == 1 => Some(()),
            _ => None,
        });
    }
    display.send(ToDisplay::Axis { horizontal: false, value: 120 });
    program.wait("the wheel", |event| match event {
        Event::ButtonPress(event) if event.detail == 5 => Some(()),
        _ => None,
    });
}

#[test]
fn a_dialog_gives_the_keyboard_back_and_a_menu_does_not_take_it() {
    if !has_server() {
        return;
    }
    let mut display = start(SIZE, &[]);
    let mut program = XProgram::connect(&display);
    let window = program.shown(&noise(1));
    program.focused(window);
    let menu = program.window((31, 17), (60, 40), true);
    program.hide_cursor(menu);
    program.map(menu);
    program.draw(menu, &Canvas::of(GREEN, 60, 40));
    display.shows(&noise(1).over(&Canvas::of(GREEN, 60, 40), (31, 17)));
    program.focused(window);
    program.connection.unmap_window(menu).unwrap();
    program.connection.flush().unwrap();
    display.shows(&noise(1));
    program.focused(window);
    let dialog = program.window((0, 0), (100, 80), false);
    program.set(dialog, "WM_TRANSIENT_FOR", AtomEnum::WINDOW, &[window]);
    program.map(dialog);
    program.focused(dialog);
    program.draw(dialog, &Canvas::of(RED, 100, 80));
    display.shows(&noise(1).over(&Canvas::of(RED, 100, 80), (110, 60)));
    program.connection.destroy_window(dialog).unwrap();
    program.connection.flush().unwrap();
    program.focused(window);
    display.shows(&noise(1));
}

#[test]
fn a_window_that_is_hidden_and_shown_again_has_the_keyboard_again() {
    if !has_server() {
        return;
    }
    let mut display = start(SIZE, &[]);
    let mut program = XProgram::connect(&display);
    let launcher = program.shown(&noise(1));
    let game = program.shown(&noise(2));
    display.shows(&noise(2));
    for seed in 3..6 {
        program.focused(game);
        program.connection.unmap_window(game).unwrap();
        program.connection.flush().unwrap();
        program.focused(launcher);
        program.map(game);
        program.draw(game, &noise(seed));
        display.shows(&noise(seed));
    }
    program.focused(game);
}

#[test]
fn a_window_that_is_hidden_for_no_time_is_seen_again() {
    if !has_server() {
        return;
    }
    let mut display = start(SIZE, &[]);
    let mut program = XProgram::connect(&display);
    let window = program.shown(&noise(1));
    display.shows(&noise(1));
    for seed in 2..8 {
        // Nobody waits until the window manager has seen it.
        program.connection.unmap_window(window).unwrap();
        if seed % 2 == 0 {
            program.withdrawn(window);
        }
        program.map(window);
        program.draw(window, &noise(seed));
        display.shows(&noise(seed));
        program.focused(window);
    }
}

#[test]
fn a_lone_window_of_one_size_is_the_picture() {
    if !has_server() {
        return;
    }
    let mut display = start(SIZE, &[]);
    let mut program = XProgram::connect(&display);
    let (window, small) = (program.window((0, 0), (160, 100), false), Canvas::noise(1, 160, 100));
    // Its least and its greatest size are one.
    let mut hints = [0; 18];
    hints[0] = 16 | 32;
    hints[5..9].copy_from_slice(&[160, 100, 160, 100]);
    program.set(window, "WM_NORMAL_HINTS", AtomEnum::WM_SIZE_HINTS, &hints);
    program.hide_cursor(window);
    program.map(window);
    program.draw(window, &small);
    display.shows(&small);
    display.point((159, 99));
    program.wait("the pointer there", |event| match event {
        Event::MotionNotify(event) if (event.event_x, event.event_y) == (159, 99) => Some(()),
        _ => None,
    });
    // A menu beside it: the display is shown whole.
    let menu = program.window((0, 0), (40, 20), true);
    program.map(menu);
    program.draw(menu, &Canvas::of(BLUE, 40, 20));
    display.shows(&Canvas::of(BLACK, 320, 200).over(&small, (80, 50)).over(&Canvas::of(BLUE, 40, 20), (0, 0)));
}

#[test]
fn another_mode_reaches_x_programs() {
    if !has_server() {
        return;
    }
    let mut display = start(SIZE, &[]);
    let mut program = XProgram::connect(&display);
    let window = program.shown(&noise(1));
    for (serial, size) in (1..).zip([(640, 480), (322, 222), (320, 200)]) {
        display.set_mode(serial, size, 60);
        let canvas = Canvas::noise(serial, size.0, size.1);
        program.sized(window, &canvas);
        program.draw(window, &canvas);
        display.shows(&canvas);
        until("the size of the root window", || {
            let root = program.connection.get_geometry(program.root).unwrap().reply().unwrap();
            (u32::from(root.width), u32::from(root.height)) == size
        });
    }
}

#[test]
fn programs_of_both_kinds_share_the_display() {
    if !has_server() {
        return;
    }
    let mut display = start(SIZE, &[]);
    let mut wayland = Program::connect(&display);
    let first = wayland.bare(&noise(1));
    wayland.entered(&first);
    let mut program = XProgram::connect(&display);
    let second = program.shown(&noise(2));
    display.shows(&noise(2));
    program.focused(second);
    wayland.left(&first);
    drop(program);
    assert!(wayland.entered(&first).is_empty());
}

#[test]
fn an_x_server_that_does_not_answer_ends_the_display() {
    if !has_server() {
        return;
    }
    let mut display = start(SIZE, &[]);
    let mut program = XProgram::connect(&display);
    program.shown(&noise(1));
    display.shows(&noise(1));
    let id = Pid::from_raw(server(&display).0.cast_signed()).unwrap();
    // When it hears of a new window it asks for more.
    display.terminate(Signal::STOP);
    program.window((0, 0), (10, 10), false);
    program.roundtrip();
    kill_process(id, Signal::STOP).unwrap();
    display.terminate(Signal::CONT);
    assert!(!display.end().success());
    assert!(display.log().contains("Xwayland does not answer"), "{}", display.log());
    let _ = kill_process(id, Signal::KILL);
}
