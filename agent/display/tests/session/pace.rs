//! When pictures are handed over, and how often games are called.

use crate::support::canvas::Canvas;
use crate::support::display::{Display, start};
use crate::support::program::Program;
use crate::support::state::Event;
use dillinger_ring::message::{SLOTS, ToDisplay};
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};
use wayland_protocols::wp::presentation_time::client::wp_presentation::WpPresentation;

const SIZE: (u32, u32) = (320, 200);

fn noise(seed: u32) -> Canvas {
    Canvas::noise(seed, SIZE.0, SIZE.1)
}

fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}

#[test]
fn a_commit_is_handed_over_without_waiting_for_any_tick() {
    // The next one would be a second later.
    let mut display = start(SIZE, &["--refresh-rate=1"]);
    let mut program = Program::connect(&display);
    let window = program.bare(&noise(1));
    display.shows(&noise(1));
    program.roundtrip();
    display.pictures();
    for seed in 2..12 {
        let before = now();
        program.draw(&window.surface, &noise(seed));
        // It is there before the game is answered.
        program.roundtrip();
        let pictures = display.pictures();
        assert!(pictures.len() == 1 && pictures[0].is(&noise(seed)), "{pictures:?}");
        assert!((before..now()).contains(&pictures[0].time), "the time of the commit");
    }
}

/// How long a game with vsync, whose next tick is a second away, waits for its callback after a key.
fn waits_after_a_key(words: &[&str]) -> Duration {
    let mut display = start(SIZE, words);
    let mut program = Program::connect(&display);
    let window = program.bare(&noise(1));
    program.entered(&window);
    let buffers = [program.buffer(&noise(2)), program.buffer(&noise(3))];
    program.play_on(&window.surface, &buffers, 40);
    display.set_mode(1, SIZE, 1);
    program.play_on(&window.surface, &buffers, 1);
    program.play(&window.surface, &buffers[1]);
    program.roundtrip();
    let pressed = Instant::now();
    display.send(ToDisplay::Key { code: 21, pressed: true, keymap: 0 });
    program.wait_for(&Event::Frame { surface: window.number() });
    pressed.elapsed()
}

#[test]
fn a_key_lets_a_game_draw_at_once_unless_that_is_turned_off() {
    let at_once = |words: &[&str]| waits_after_a_key(words) < Duration::from_millis(500);
    // A busy machine may keep the game from answering its callbacks as fast as one with vsync does.
    assert!((0..10).any(|_| at_once(&[])));
    assert!(!at_once(&["--no-frame-on-input"]));
}

#[test]
fn what_changes_nothing_is_no_picture() {
    let mut display = start(SIZE, &[]);
    let mut program = Program::connect(&display);
    let window = program.bare(&noise(1));
    display.shows(&noise(1));
    program.roundtrip();
    display.pictures();
    for _ in 0..10 {
        window.surface.commit();
        program.roundtrip();
    }
    assert!(display.pictures().is_empty());
}

#[test]
fn pictures_that_nobody_wants_are_not_taken() {
    let mut display = Display::start(SIZE, &[]);
    let mut program = Program::connect(&display);
    let window = program.bare(&noise(1));
    let buffers = [program.buffer(&noise(2)), program.buffer(&noise(3))];
    program.play_on(&window.surface, &buffers, 4);
    assert!(display.pictures().is_empty());
    // One, as it is now.
    display.send(ToDisplay::Refresh);
    assert!(display.picture().is(&noise(3)));
    program.play_on(&window.surface, &buffers, 4);
    assert!(display.pictures().is_empty());
    display.send(ToDisplay::Run { wanted: true, frame_rate: 60 });
    assert!(display.picture().is(&noise(3)));
    display.send(ToDisplay::Run { wanted: false, frame_rate: 60 });
    program.roundtrip();
    display.pictures();
    program.play_on(&window.surface, &buffers, 4);
    assert!(display.pictures().is_empty());
}

/// Bytes that a process has in memory.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/statm")).unwrap();
    status.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[test]
fn a_streamer_that_gives_nothing_back_stalls_no_game() {
    let mut display = start(SIZE, &["--refresh-rate=240"]);
    let mut program = Program::connect(&display);
    let window = program.bare(&noise(1));
    display.shows(&noise(1));
    display.keeps = true;
    let buffers = [program.buffer(&noise(2)), program.buffer(&noise(3))];
    program.play_on(&window.surface, &buffers, 20);
    display.pictures();
    assert_eq!(display.kept.len(), SLOTS as usize);
    let before = memory(display.id());
    program.play_on(&window.surface, &buffers, 60);
    for buffer in buffers.iter().cycle().take(600) {
        program.put(&window.surface, buffer);
        program.roundtrip();
    }
    assert!(display.pictures().is_empty());
    assert!(memory(display.id()) < before + (2 << 20), "memory grows");
    // The newest comes, once.
    program.draw(&window.surface, &noise(9));
    program.roundtrip();
    let kept = std::mem::take(&mut display.kept);
    display.send(kept[2]);
    assert!(display.picture().is(&noise(9)));
    display.keeps = false;
    for release in [kept[0], kept[1], kept[3], display.kept[0]] {
        display.send(release);
    }
    program.roundtrip();
    for seed in 20..30 {
        program.draw(&window.surface, &noise(seed));
        program.roundtrip();
        let pictures = display.pictures();
        assert!(pictures.len() == 1 && pictures[0].is(&noise(seed)), "{pictures:?}");
    }
}

/// Each picture has a ring of its own, and two messages.
#[test]
fn a_streamer_that_hangs_ends_no_game() {
    let mut display = start(SIZE, &[]);
    let mut program = Program::connect(&display);
    let window = program.bare(&noise(1));
    display.shows(&noise(1));
    let buffers = [(160, 100), (180, 100)].map(|(width, height)| program.buffer(&Canvas::noise(2, width, height)));
    for buffer in buffers.iter().cycle().take(1000) {
        program.put(&window.surface, buffer);
        program.roundtrip();
    }
    program.draw(&window.surface, &noise(3));
    program.roundtrip();
    display.shows(&noise(3));
}

#[test]
fn what_was_drawn_is_said_to_be_seen() {
    let display = start(SIZE, &["--refresh-rate=120"]);
    let mut program = Program::connect(&display);
    let presentation: WpPresentation = program.bind();
    let window = program.bare(&noise(1));
    for seed in 2..5 {
        presentation.feedback(&window.surface, &program.handle, window.number());
        program.play(&window.surface, &program.buffer(&noise(seed)));
        program.wait_for(&Event::Presented { surface: window.number() });
    }
}

#[test]
fn games_behind_others_are_called_as_well() {
    let display = start(SIZE, &["--refresh-rate=240"]);
    let mut game = Program::connect(&display);
    let window = game.bare(&noise(1));
    let mut other = Program::connect(&display);
    let _above = other.shown(&noise(2));
    other.roundtrip();
    let buffers = [game.buffer(&noise(3)), game.buffer(&noise(4))];
    game.play_on(&window.surface, &buffers, 10);
}
