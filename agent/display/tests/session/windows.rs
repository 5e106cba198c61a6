//! Which window is seen, and which one has the keyboard.

use crate::support::canvas::{BLACK, BLUE, Canvas, GREEN, RED};
use crate::support::display::{Display, start};
use crate::support::program::Program;
use crate::support::state::Event;
use crate::support::until;
use dillinger_ring::message::ToDisplay;
use wayland_protocols::xdg::shell::client::xdg_toplevel::{State, XdgToplevel};

const SIZE: (u32, u32) = (320, 200);
const KEY_A: u16 = 30;
const LEFT: u16 = 0x110;

fn noise(seed: u32) -> Canvas {
    Canvas::noise(seed, SIZE.0, SIZE.1)
}

#[test]
fn a_window_is_told_the_size_of_the_display_and_that_it_is_active() {
    let display = start(SIZE, &[]);
    let mut program = Program::connect(&display);
    let window = program.window();
    assert_eq!(window.size, (320, 200));
    assert!(window.states.contains(&State::Activated) && window.states.contains(&State::Maximized));
    window.toplevel.set_fullscreen(None);
    let (size, states) = program.configured(window.number());
    assert!(size == (320, 200) && states.contains(&State::Fullscreen));
    window.toplevel.unset_fullscreen();
    let (size, states) = program.configured(window.number());
    assert!(size == (320, 200) && !states.contains(&State::Fullscreen));
}

#[test]
fn who_asks_for_another_state_is_answered() {
    let display = start(SIZE, &[]);
    let mut program = Program::connect(&display);
    let window = program.shown(&noise(1));
    let number = window.number();
    // As a kiosk has it: it fills the display as before.
    window.toplevel.unset_maximized();
    let (size, states) = program.configured(number);
    assert!(size == (320, 200) && states.contains(&State::Maximized));
    window.toplevel.set_fullscreen(None);
    assert!(program.configured(number).1.contains(&State::Fullscreen));
    for ask in [XdgToplevel::set_maximized, XdgToplevel::unset_maximized] {
        ask(&window.toplevel);
        let (size, states) = program.configured(number);
        assert!(size == (320, 200) && states.contains(&State::Fullscreen), "it is fullscreen before all else");
    }
}

#[test]
fn a_dialog_has_its_own_size_again() {
    let display = start(SIZE, &[]);
    let mut program = Program::connect(&display);
    let window = program.shown(&noise(1));
    let dialog = program.dialog(&window, &Canvas::of(RED, 100, 80));
    let number = dialog.number();
    for (fill, shrink) in [
        (XdgToplevel::set_maximized as fn(&XdgToplevel), XdgToplevel::unset_maximized as fn(&XdgToplevel)),
        (|toplevel| toplevel.set_fullscreen(None), XdgToplevel::unset_fullscreen),
    ] {
        fill(&dialog.toplevel);
        assert_eq!(program.configured(number).0, (320, 200));
        shrink(&dialog.toplevel);
        let (size, states) = program.configured(number);
        assert_eq!(size, (0, 0));
        assert!(!states.contains(&State::Maximized) && !states.contains(&State::Fullscreen));
    }
}

#[test]
fn what_came_last_is_seen_and_has_the_keyboard() {
    let mut display = start(SIZE, &[]);
    let mut launcher = Program::connect(&display);
    let first = launcher.bare(&noise(1));
    launcher.entered(&first);
    let mut game = Program::connect(&display);
    let second = game.bare(&noise(2));
    launcher.left(&first);
    game.entered(&second);
    display.shows(&noise(2));
    // The launcher goes on drawing, and nobody sees it.
    launcher.draw(&first.surface, &noise(3));
    launcher.roundtrip();
    display.shows(&noise(2));
    second.close();
    game.flush();
    launcher.entered(&first);
    display.picture_where("the launcher", |picture| picture.size() == SIZE);
}

#[test]
fn a_program_that_is_gone_gives_the_keyboard_back() {
    let mut display = start(SIZE, &[]);
    let mut launcher = Program::connect(&display);
    let first = launcher.bare(&noise(1));
    launcher.entered(&first);
    let mut game = Program::connect(&display);
    let second = game.bare(&noise(2));
    game.entered(&second);
    drop(game);
    launcher.entered(&first);
    launcher.pointer.set_cursor(launcher.state.entered, None, 0, 0);
    launcher.draw(&first.surface, &noise(3));
    display.picture_where("the launcher", |picture| !picture.is(&noise(2)));
}

#[test]
fn a_dialog_gives_the_keyboard_back() {
    let display = start(SIZE, &[]);
    let mut program = Program::connect(&display);
    let window = program.bare(&noise(1));
    program.entered(&window);
    for _ in 0..3 {
        let dialog = program.dialog(&window, &Canvas::of(RED, 100, 80));
        program.entered(&dialog);
        assert_eq!(dialog.size, (0, 0), "it has its own size");
        dialog.close();
        program.entered(&window);
    }
}

#[test]
fn a_click_raises_what_it_hits() {
    let mut display = start(SIZE, &[]);
    let mut program = Program::connect(&display);
    let window = program.bare(&noise(1));
    let mut other = Program::connect(&display);
    let small = other.shown(&Canvas::of(RED, 100, 80));
    other.entered(&small);
    display.point((5, 5));
    click(&display);
    program.entered(&window);
    display.point((160, 100));
    program.roundtrip();
    // It is behind the game now.
    let mut over = noise(1).picture();
    over.time = 0;
    display.send(ToDisplay::Refresh);
    display.picture_where("the game alone", |picture| picture.difference_within(&over, 0, 8).is_none());
}

fn click(display: &Display) {
    for pressed in [true, false] {
        display.send(ToDisplay::Button { code: LEFT, pressed });
    }
}

#[test]
fn a_dialog_stays_above_its_window_when_that_is_clicked() {
    let mut display = start(SIZE, &[]);
    let mut program = Program::connect(&display);
    let window = program.bare(&noise(1));
    let dialog = program.dialog(&window, &Canvas::of(RED, 100, 80));
    program.entered(&dialog);
    let question = program.dialog(&dialog, &Canvas::of(GREEN, 40, 20));
    program.entered(&question);
    for seed in 2..4 {
        display.point((5, 5));
        click(&display);
        program.entered(&window);
        program.roundtrip();
        program.pointer.set_cursor(program.state.entered, None, 0, 0);
        program.draw(&window.surface, &noise(seed));
        let both = noise(seed).over(&Canvas::of(RED, 100, 80), (110, 60));
        display.shows(&both.over(&Canvas::of(GREEN, 40, 20), (140, 90)));
        // The dialog of the dialog, too.
        display.point((115, 65));
        click(&display);
        program.entered(&dialog);
    }
}

#[test]
fn a_window_that_moves_stays_below_others() {
    let mut display = start(SIZE, &[]);
    let mut program = Program::connect(&display);
    let _window = program.bare(&noise(1));
    let lower = program.shown(&Canvas::of(RED, 100, 80));
    let _upper = program.shown(&Canvas::of(GREEN, 60, 40));
    display.point((0, 0));
    let with = |lower: &Canvas, place| noise(1).over(lower, place).over(&Canvas::of(GREEN, 60, 40), (130, 80));
    display.shows(&with(&Canvas::of(RED, 100, 80), (110, 60)));
    program.draw(&lower.surface, &Canvas::of(BLUE, 120, 60));
    display.shows(&with(&Canvas::of(BLUE, 120, 60), (100, 70)));
}

#[test]
fn a_key_that_is_held_when_the_keyboard_goes_is_up_in_the_old_window() {
    let display = start(SIZE, &[]);
    let mut program = Program::connect(&display);
    let first = program.bare(&noise(1));
    program.entered(&first);
    display.send(ToDisplay::Key { code: KEY_A, pressed: true, keymap: 0 });
    program.wait_for(&Event::Key { code: KEY_A.into(), pressed: true });
    let second = program.shown(&noise(2));
    program.left(&first);
    // The new one knows that it is down, and is told that it goes up.
    assert_eq!(program.entered(&second), [u32::from(KEY_A)]);
    display.send(ToDisplay::Key { code: KEY_A, pressed: false, keymap: 0 });
    program.wait_for(&Event::Key { code: KEY_A.into(), pressed: false });
    second.close();
    assert_eq!(program.entered(&first), [0u32; 0]);
}

#[test]
fn a_game_that_hides_its_window_and_shows_it_again_has_the_keyboard_again() {
    let mut display = start(SIZE, &[]);
    let mut program = Program::connect(&display);
    let launcher = program.bare(&noise(1));
    program.entered(&launcher);
    let game = program.bare(&noise(2));
    program.entered(&game);
    display.shows(&noise(2));
    for seed in 3..6 {
        game.surface.attach(None, 0, 0);
        game.surface.commit();
        program.entered(&launcher);
        // The same way as at first.
        game.surface.commit();
        program.configured(game.number());
        program.draw(&game.surface, &noise(seed));
        program.entered(&game);
        program.wait("the pointer", |event| matches!(event, Event::PointerEnter { .. }).then_some(()));
        program.roundtrip();
        program.pointer.set_cursor(program.state.entered, None, 0, 0);
        program.flush();
        display.shows(&noise(seed));
    }
}

#[test]
fn a_lone_window_that_is_smaller_is_the_picture() {
    let mut display = start(SIZE, &[]);
    let mut program = Program::connect(&display);
    let small = Canvas::noise(1, 160, 100);
    let window = program.bare(&small);
    display.shows(&small);
    // The pointer is within it, right to its last pixel.
    for place in [(0, 0), (159, 99), (80, 3)] {
        display.point(place);
        let there = program.wait("the pointer", |event| match event {
            Event::Motion { place } | Event::PointerEnter { place, .. } => Some(*place),
            _ => None,
        });
        assert_eq!((there.0.floor(), there.1.floor()), (f64::from(place.0), f64::from(place.1)));
    }
    display.send(ToDisplay::Relative { dx: 10_000, dy: 10_000 });
    program.wait_for(&Event::Motion { place: (159.0, 99.0) });
    // With another window the display is shown whole.
    let dialog = program.dialog(&window, &Canvas::of(RED, 40, 40));
    let whole = Canvas::of(BLACK, 320, 200).over(&small, (80, 50)).over(&Canvas::of(RED, 40, 40), (140, 80));
    display.shows(&whole);
    dialog.close();
    program.flush();
    display.shows(&small);
    // It grows until it fills the display.
    program.draw(&window.surface, &noise(3));
    display.shows(&noise(3));
}

#[test]
fn a_lone_window_of_a_size_that_pictures_cannot_have_is_in_the_middle() {
    let mut display = start(SIZE, &[]);
    let mut program = Program::connect(&display);
    for (width, height) in [(161, 100), (160, 101), (14, 14)] {
        let small = Canvas::noise(width, width, height);
        let window = program.shown(&small);
        display.point((319, 199));
        let corner = ((320 - width).cast_signed() / 2, (200 - height).cast_signed() / 2);
        display.shows(&Canvas::of(BLACK, 320, 200).over(&small, corner));
        window.close();
    }
}

#[test]
fn the_display_is_shown_whole_where_no_window_may_fill_it() {
    let mut display = start(SIZE, &["--no-fill-display"]);
    let mut program = Program::connect(&display);
    let small = Canvas::noise(1, 160, 100);
    let _window = program.shown(&small);
    display.point((319, 199));
    display.shows(&Canvas::of(BLACK, 320, 200).over(&small, (80, 50)));
    assert_eq!(display.rings.len(), 1);
}

#[test]
fn a_menu_goes_when_something_else_is_clicked() {
    let mut display = start(SIZE, &[]);
    let mut program = Program::connect(&display);
    let window = program.bare(&noise(1));
    let (surface, popup, _) = program.popup(&window, (10, 10), (50, 50));
    program.draw(&surface, &Canvas::of(GREEN, 50, 50));
    program.roundtrip();
    // Not when it is clicked itself.
    for (place, dismissed) in [((20, 20), false), ((200, 100), true)] {
        display.point(place);
        display.send(ToDisplay::Button { code: LEFT, pressed: true });
        program.wait_for(&Event::Button { code: LEFT.into(), pressed: true });
        display.send(ToDisplay::Button { code: LEFT, pressed: false });
        program.wait_for(&Event::Button { code: LEFT.into(), pressed: false });
        program.roundtrip();
        assert_eq!(program.state.events.contains(&Event::PopupDone), dismissed, "{place:?}");
    }
    popup.destroy();
}

#[test]
fn windows_that_come_and_go_leave_nothing_behind() {
    let mut display = start(SIZE, &[]);
    let mut program = Program::connect(&display);
    let base = program.bare(&noise(1));
    for seed in 2..20 {
        let window = program.shown(&Canvas::noise(seed, 100, 100));
        let mut other = Program::connect(&display);
        other.shown(&Canvas::of(BLUE, 320, 200));
        other.roundtrip();
        drop(other);
        window.close();
        program.roundtrip();
    }
    // The end of the last program may take its time.
    until("the pointer in the first window", || {
        program.roundtrip();
        let at = |event: &&Event| matches!(event, Event::PointerEnter { .. } | Event::PointerLeave { .. });
        let last = program.state.events.iter().rfind(at);
        matches!(last, Some(Event::PointerEnter { surface, .. }) if *surface == base.number())
    });
    program.pointer.set_cursor(program.state.entered, None, 0, 0);
    program.draw(&base.surface, &noise(30));
    display.shows(&noise(30));
}
