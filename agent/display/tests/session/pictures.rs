//! The picture of each path, right to the pixel.

use crate::support::canvas::{BLACK, BLUE, Canvas, GREEN, RED, WHITE};
use crate::support::display::{Display, start};
use crate::support::program::Program;
use crate::support::window::Window;
use dillinger_display::picture::cursor::arrow;
use wayland_client::protocol::wl_shm::Format;
use wayland_protocols::wp::cursor_shape::v1::client::wp_cursor_shape_device_v1::Shape;
use wayland_protocols::wp::cursor_shape::v1::client::wp_cursor_shape_manager_v1::WpCursorShapeManagerV1;
use wayland_protocols::wp::viewporter::client::wp_viewporter::WpViewporter;

const SIZE: (u32, u32) = (320, 200);

fn noise(seed: u32) -> Canvas {
    Canvas::noise(seed, SIZE.0, SIZE.1)
}

/// A display with a game that fills it and has no cursor, whose picture was seen.
fn game(canvas: &Canvas) -> (Display, Program, Window) {
    let mut display = start((canvas.width, canvas.height), &[]);
    let mut program = Program::connect(&display);
    let window = program.bare(canvas);
    display.shows(canvas);
    (display, program, window)
}

#[test]
fn every_size_is_right_to_the_last_column_and_row() {
    for (width, height) in [(1366, 768), (854, 480), (1300, 720), (320, 200), (18, 18), (16, 16)] {
        game(&Canvas::noise(1, width, height));
    }
}

#[test]
fn every_format_stride_and_place_in_the_pool_is_right() {
    let (mut display, program, window) = game(&noise(1));
    let formats = [Format::Xrgb8888, Format::Argb8888, Format::Xbgr8888, Format::Abgr8888];
    for (seed, format) in (2..).zip(formats) {
        for (more, (padding, start)) in [(0, 0), (4, 0), (0, 64), (52, 4096)].into_iter().enumerate() {
            let canvas = noise(seed * 10 + u32::try_from(more).unwrap());
            program.put(&window.surface, &program.buffer_with(&canvas, format, padding, start));
            display.shows(&canvas);
        }
    }
}

#[test]
fn a_game_with_alpha_is_over_black() {
    let (mut display, program, window) = game(&noise(1));
    let canvas = noise(2).faded(100);
    program.put(&window.surface, &program.buffer_with(&canvas, Format::Argb8888, 0, 0));
    display.shows(&canvas);
}

#[test]
fn a_window_with_alpha_is_over_the_one_below_it() {
    let below = noise(1);
    let (mut display, mut program, _window) = game(&below);
    let above = noise(2).faded(90);
    let window = program.bare(&below);
    for format in [Format::Argb8888, Format::Abgr8888] {
        program.put(&window.surface, &program.buffer_with(&above, format, 0, 0));
        display.shows_nearly(&below.clone().over(&above, (0, 0)), 1);
    }
    // What it says that it hides.
    program.put(&window.surface, &program.buffer(&noise(3)));
    display.shows(&noise(3));
}

/// Every kind of place of a cursor: odd, even, at each edge, in each corner.
const PLACES: [(u32, u32); 12] = [
    (100, 100),
    (101, 100),
    (100, 101),
    (33, 47),
    (0, 0),
    (1, 1),
    (319, 0),
    (318, 199),
    (319, 199),
    (0, 199),
    (310, 77),
    (55, 190),
];

#[test]
fn a_cursor_of_a_game_is_where_it_belongs() {
    let canvas = noise(1);
    let (mut display, mut program, _window) = game(&canvas);
    let image = program.surface();
    let shapes = [(24, 24, (0, 0)), (17, 9, (3, 8)), (1, 1, (0, 0)), (64, 64, (32, 31)), (5, 30, (-7, 40))];
    for (seed, (width, height, hotspot)) in (50..).zip(shapes) {
        let cursor = Canvas::noise(seed, width, height);
        program.put(&image, &program.buffer_with(&cursor, Format::Argb8888, 0, 0));
        program.pointer.set_cursor(program.state.entered, Some(&image), hotspot.0, hotspot.1);
        program.roundtrip();
        for (x, y) in PLACES {
            display.point((x, y));
            let corner = (x.cast_signed() - hotspot.0, y.cast_signed() - hotspot.1);
            display.shows(&canvas.clone().over(&cursor, corner));
        }
    }
    program.pointer.set_cursor(program.state.entered, None, 0, 0);
    program.flush();
    display.shows(&canvas);
}

#[test]
fn a_cursor_that_is_named_is_an_arrow() {
    let canvas = noise(1);
    let (mut display, mut program, _window) = game(&canvas);
    let shapes = program.bind::<WpCursorShapeManagerV1>().get_pointer(&program.pointer, &program.handle, ());
    let arrow = arrow();
    let [width, height] = [arrow.width, arrow.height].map(i32::cast_unsigned);
    let image = Canvas::from_pixels(width, height, arrow.pixels.as_chunks().0.to_vec());
    for (shape, (x, y)) in [Shape::Default, Shape::Text, Shape::Pointer].into_iter().zip([(33, 47), (318, 0), (0, 199)])
    {
        shapes.set_shape(program.state.entered, shape);
        program.roundtrip();
        display.point((x, y));
        display.shows(&canvas.clone().over(&image, (x.cast_signed(), y.cast_signed())));
    }
    program.pointer.set_cursor(program.state.entered, None, 0, 0);
    program.flush();
    display.shows(&canvas);
}

#[test]
fn a_cursor_lets_through_what_it_does_not_hide() {
    let canvas = noise(1);
    let (mut display, program, window) = game(&canvas);
    let (image, cursor) = (program.surface(), Canvas::noise(2, 21, 33).faded(128));
    for (format, window_format) in [(Format::Argb8888, Format::Xrgb8888), (Format::Abgr8888, Format::Xbgr8888)] {
        program.put(&window.surface, &program.buffer_with(&canvas, window_format, 0, 0));
        program.put(&image, &program.buffer_with(&cursor, format, 12, 0));
        program.pointer.set_cursor(program.state.entered, Some(&image), 0, 0);
        program.flush();
        for (x, y) in [(101, 57), (310, 190)] {
            display.point((x, y));
            display.shows_nearly(&canvas.clone().over(&cursor, (x.cast_signed(), y.cast_signed())), 1);
        }
    }
}

#[test]
fn a_cursor_that_changes_is_seen_at_once() {
    let canvas = noise(1);
    let (mut display, program, _window) = game(&canvas);
    let image = program.surface();
    display.point((60, 60));
    program.pointer.set_cursor(program.state.entered, Some(&image), 0, 0);
    for seed in 2..5 {
        let cursor = Canvas::noise(seed, 16, 16);
        program.draw(&image, &cursor);
        display.shows(&canvas.clone().over(&cursor, (60, 60)));
    }
}

#[test]
fn several_windows_are_one_picture() {
    let below = noise(1);
    let (mut display, mut program, window) = game(&below);
    for (seed, (width, height)) in (2..).zip([(100, 80), (101, 81), (33, 190)]) {
        let small = Canvas::noise(seed, width, height);
        let dialog = program.dialog(&window, &small);
        let corner = [(320 - width) / 2, (200 - height) / 2].map(u32::cast_signed);
        display.shows(&below.clone().over(&small, corner.into()));
        dialog.close();
        program.flush();
        display.shows(&below);
    }
}

/// What was drawn while pictures were taken from the game's own buffer is in the next composition.
#[test]
fn a_composition_knows_what_happened_meanwhile() {
    let (mut display, mut program, window) = game(&noise(1));
    let small = Canvas::of(GREEN, 100, 80);
    for seed in 2..6 {
        let dialog = program.dialog(&window, &small);
        display.shows(&noise(seed - 1).over(&small, (110, 60)));
        dialog.close();
        program.draw(&window.surface, &noise(seed));
        display.shows(&noise(seed));
    }
}

#[test]
fn a_cursor_is_over_a_composition() {
    let below = noise(1);
    let (mut display, mut program, window) = game(&below);
    let (image, cursor, small) = (program.surface(), Canvas::noise(2, 16, 16), Canvas::noise(3, 100, 80));
    let dialog = program.dialog(&window, &small);
    let both = below.over(&small, (110, 60));
    display.shows(&both);
    program.draw(&image, &cursor);
    for (x, y) in [(105, 55), (151, 91), (319, 199), (7, 7)] {
        display.point((x, y));
        // Which of the two it is over has the say.
        program.roundtrip();
        program.pointer.set_cursor(program.state.entered, Some(&image), 0, 0);
        program.roundtrip();
        display.shows(&both.clone().over(&cursor, (x.cast_signed(), y.cast_signed())));
    }
    dialog.close();
    window.close();
}

#[test]
fn a_surface_in_another_one_is_where_it_belongs() {
    let canvas = noise(1);
    let (mut display, program, window) = game(&canvas);
    let (surface, part) = program.part(&window.surface, (33, 21));
    let small = Canvas::noise(2, 50, 41);
    program.draw(&surface, &small);
    // Such a surface waits for its parent.
    window.surface.commit();
    program.flush();
    display.shows(&canvas.clone().over(&small, (33, 21)));
    part.set_desync();
    part.set_position(300, 180);
    window.surface.commit();
    program.draw(&surface, &Canvas::of(RED, 50, 41));
    display.shows(&canvas.clone().over(&Canvas::of(RED, 50, 41), (300, 180)));
    part.destroy();
    surface.destroy();
    program.flush();
    display.shows(&canvas);
}

#[test]
fn a_game_that_is_scaled_fills_the_picture() {
    let (mut display, program, window) = game(&noise(1));
    let viewport = program.bind::<WpViewporter>().get_viewport(&window.surface, &program.handle, ());
    viewport.set_destination(320, 200);
    for color in [RED, WHITE, BLUE] {
        program.draw(&window.surface, &Canvas::of(color, 80, 50));
        let all = Canvas::of(color, 320, 200).picture();
        display.picture_where("a scaled game", |picture| picture.difference_within(&all, 0, 4).is_none());
    }
    // Only a part of it, and not scaled.
    let large = Canvas::noise(2, 400, 300);
    viewport.set_source(10.0, 21.0, 320.0, 200.0);
    program.draw(&window.surface, &large);
    display.shows(&large.part((10, 21), 320, 200));
    viewport.destroy();
    program.draw(&window.surface, &noise(3));
    display.shows(&noise(3));
    // Twice as many pixels as its size.
    window.surface.set_buffer_scale(2);
    program.draw(&window.surface, &Canvas::of(GREEN, 640, 400));
    display.shows(&Canvas::of(GREEN, 320, 200));
}

#[test]
fn a_menu_is_where_it_belongs_and_stays_on_the_display() {
    let canvas = noise(1);
    let (mut display, mut program, window) = game(&canvas);
    for (place, put) in [((31, 17), (31, 17)), ((310, 190), (240, 140))] {
        let (surface, popup, told) = program.popup(&window, place, (80, 60));
        assert_eq!(told, put);
        let menu = Canvas::noise(2, 80, 60);
        program.draw(&surface, &menu);
        display.shows(&canvas.clone().over(&menu, put));
        popup.destroy();
        program.flush();
        display.shows(&canvas);
    }
}

#[test]
fn without_a_window_all_is_black_and_the_pointer_an_arrow() {
    let mut display = start(SIZE, &[]);
    let picture = display.picture();
    assert!(!picture.is(&Canvas::of(BLACK, SIZE.0, SIZE.1)), "there is an arrow");
    display.point((319, 199));
    // All but its tip is beyond the edge.
    display.picture_where("an arrow in the corner", |picture| picture.is(&Canvas::of(BLACK, SIZE.0, SIZE.1)));
}
