//! Other modes of the display.

use crate::support::canvas::Canvas;
use crate::support::display::start;
use crate::support::program::Program;
use crate::support::state::Event;

#[test]
fn a_hundred_resizes_while_a_game_plays() {
    let mut display = start((320, 200), &["--refresh-rate=240"]);
    let mut program = Program::connect(&display);
    let window = program.bare(&Canvas::noise(0, 320, 200));
    let sizes = [(322, 200), (300, 218), (480, 270), (16, 16), (402, 226), (320, 200)];
    // Drawn and converted once.
    let drawn = sizes.map(|(width, height)| Canvas::noise(width, width, height));
    let expected = drawn.each_ref().map(Canvas::picture);
    let buffers = drawn.each_ref().map(|canvas| program.buffer(canvas));
    let mut old = Vec::new();
    for (serial, at) in (1..=100).zip((0..sizes.len()).cycle()) {
        let size = sizes[at];
        display.set_mode(serial, size, 240);
        let (told, _) = program.configured(window.number());
        assert_eq!(told, (size.0.cast_signed(), size.1.cast_signed()));
        program.play(&window.surface, &buffers[at]);
        let picture = display
            .picture_where("a picture of the new size", |picture| picture.difference(&expected[at], 0).is_none());
        program.wait_for(&Event::Frame { surface: window.number() });
        if serial % 10 == 0 {
            old.push((display.rings.len() - 1, picture));
        }
    }
    // What was taken in a ring that there is no more can still be read.
    for (ring, picture) in old {
        assert_eq!(display.rings[ring].reader.slot(picture.slot), Some(&*picture.bytes));
    }
}

#[test]
fn the_same_mode_is_no_new_ring() {
    let mut display = start((320, 200), &[]);
    display.set_mode(7, (320, 200), 60);
    display.set_mode(8, (320, 200), 120);
    assert_eq!(display.rings.len(), 1);
}

#[test]
fn a_mode_is_set_even_if_the_streamer_has_all_pictures() {
    let mut display = start((320, 200), &[]);
    let mut program = Program::connect(&display);
    let window = program.bare(&Canvas::noise(1, 320, 200));
    display.shows(&Canvas::noise(1, 320, 200));
    display.keeps = true;
    for seed in 2..10 {
        program.draw(&window.surface, &Canvas::noise(seed, 320, 200));
        program.roundtrip();
    }
    display.set_mode(1, (400, 300), 60);
    program.configured(window.number());
    let large = Canvas::noise(2, 400, 300);
    program.draw(&window.surface, &large);
    display.shows(&large);
    // What comes back late is of a ring that there is no more.
    display.keeps = false;
    for release in std::mem::take(&mut display.kept) {
        display.send(release);
    }
    for seed in 3..9 {
        let large = Canvas::noise(seed, 400, 300);
        program.draw(&window.surface, &large);
        display.shows(&large);
    }
}
