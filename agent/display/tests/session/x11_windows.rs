//! Dialogs, menus and modes of X programs.

use crate::support::canvas::{BLUE, Canvas, GREEN, RED};
use crate::support::display::start;
use crate::support::until;
use crate::support::x11::{XProgram, has_server};
use dillinger_ring::message::ToDisplay;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt};

const SIZE: (u32, u32) = (320, 200);
const LEFT: u16 = 0x110;

fn noise(seed: u32) -> Canvas {
    Canvas::noise(seed, SIZE.0, SIZE.1)
}

#[test]
fn a_menu_that_is_hidden_for_no_time_is_seen_again() {
    if !has_server() {
        return;
    }
    let mut display = start(SIZE, &[]);
    let mut program = XProgram::connect(&display);
    let _window = program.shown(&noise(1));
    let menu = program.window((31, 17), (60, 40), true);
    program.hide_cursor(menu);
    for colour in [RED, GREEN, BLUE].into_iter().cycle().take(6) {
        // Drawn whenever it is mapped, which may be more than once.
        program.background(menu, colour);
        program.connection.unmap_window(menu).unwrap();
        program.connection.map_window(menu).unwrap();
        program.connection.flush().unwrap();
        display.shows(&noise(1).over(&Canvas::of(colour, 60, 40), (31, 17)));
    }
    program.rest(menu);
    program.connection.unmap_window(menu).unwrap();
    program.connection.flush().unwrap();
    display.shows(&noise(1));
}

#[test]
fn a_program_is_told_that_its_window_is_withdrawn() {
    if !has_server() {
        return;
    }
    let display = start(SIZE, &[]);
    let mut program = XProgram::connect(&display);
    let window = program.shown(&noise(1));
    let name = program.atom("WM_STATE");
    // Withdrawn is 0, and shown 1.
    for wanted in [0, 1, 0, 1] {
        if wanted == 0 {
            program.connection.unmap_window(window).unwrap();
            program.withdrawn(window);
        } else {
            program.map(window);
        }
        until("what the window manager says of it", || {
            let reply = program.connection.get_property(false, window, name, name, 0, 2).unwrap().reply().unwrap();
            reply.value32().and_then(|mut values| values.next()) == Some(wanted)
        });
    }
}

#[test]
fn a_window_is_told_that_it_has_no_frame() {
    if !has_server() {
        return;
    }
    let display = start(SIZE, &[]);
    let mut program = XProgram::connect(&display);
    let window = program.shown(&noise(1));
    let (name, kind) = (program.atom("_NET_FRAME_EXTENTS"), AtomEnum::CARDINAL);
    let reply = program.connection.get_property(false, window, name, kind, 0, 8).unwrap().reply().unwrap();
    assert_eq!(reply.value32().into_iter().flatten().collect::<Vec<_>>(), [0; 4]);
}

#[test]
fn a_program_that_sets_another_mode_is_the_picture() {
    if !has_server() {
        return;
    }
    let mut display = start((640, 480), &[]);
    let mut program = XProgram::connect(&display);
    let own = program.set_mode((320, 240));
    let (window, small) = (program.window((0, 0), (320, 240), false), Canvas::noise(1, 320, 240));
    let fullscreen = program.atom("_NET_WM_STATE_FULLSCREEN");
    program.set(window, "_NET_WM_STATE", AtomEnum::ATOM, &[fullscreen]);
    program.hide_cursor(window);
    program.map(window);
    program.draw(window, &small);
    display.shows(&small);
    for (place, by) in [((319, 239), (0, 0)), ((0, 0), (0, 0)), ((160, 100), (12, -7))] {
        display.point(place);
        let wanted = (i64::from(place.0) + i64::from(by.0), i64::from(place.1) + i64::from(by.1));
        display.send(ToDisplay::Relative { dx: by.0, dy: by.1 });
        program.wait("the pointer there", |event| match event {
            Event::MotionNotify(event) if (i64::from(event.event_x), i64::from(event.event_y)) == wanted => Some(()),
            _ => None,
        });
    }
    // And its own mode again.
    program.set_mode(own);
    let whole = Canvas::noise(2, 640, 480);
    program.sized(window, &whole);
    program.draw(window, &whole);
    display.shows(&whole);
    // In a window as well, and while it is seen.
    program.change_state(window, 0, "_NET_WM_STATE_FULLSCREEN");
    program.set_mode((320, 240));
    program.sized(window, &small);
    program.draw(window, &small);
    display.shows(&small);
}

#[test]
fn an_x_dialog_stays_above_its_window() {
    if !has_server() {
        return;
    }
    let mut display = start(SIZE, &[]);
    let mut program = XProgram::connect(&display);
    let window = program.shown(&noise(1));
    let dialog = program.window((0, 0), (100, 80), false);
    program.set(dialog, "WM_TRANSIENT_FOR", AtomEnum::WINDOW, &[window]);
    program.hide_cursor(dialog);
    program.map(dialog);
    program.focused(dialog);
    program.draw(dialog, &Canvas::of(RED, 100, 80));
    let both = |seed| noise(seed).over(&Canvas::of(RED, 100, 80), (110, 60));
    display.shows(&both(1));
    display.point((5, 5));
    for pressed in [true, false] {
        display.send(ToDisplay::Button { code: LEFT, pressed });
    }
    program.focused(window);
    program.draw(window, &noise(2));
    display.shows(&both(2));
    program.change_state(window, 1, "_NET_WM_STATE_FULLSCREEN");
    program.draw(window, &noise(3));
    display.shows(&both(3));
}

#[test]
fn a_window_that_says_that_it_is_a_dialog_has_its_own_size() {
    if !has_server() {
        return;
    }
    let mut display = start(SIZE, &[]);
    let mut program = XProgram::connect(&display);
    let _window = program.shown(&noise(1));
    for kind in ["DIALOG", "SPLASH", "UTILITY"] {
        let dialog = program.window((0, 0), (100, 80), false);
        let kind = program.atom(&format!("_NET_WM_WINDOW_TYPE_{kind}"));
        program.set(dialog, "_NET_WM_WINDOW_TYPE", AtomEnum::ATOM, &[kind]);
        program.hide_cursor(dialog);
        program.map(dialog);
        program.focused(dialog);
        program.draw(dialog, &Canvas::of(RED, 100, 80));
        display.shows(&noise(1).over(&Canvas::of(RED, 100, 80), (110, 60)));
        program.connection.destroy_window(dialog).unwrap();
    }
}
