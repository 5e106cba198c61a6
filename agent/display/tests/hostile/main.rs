//! The display server among hostile programs: it lives, and the others are served.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod memory;
mod messages;
mod numbers;
mod objects;
mod places;
mod roles;
mod support;
mod time;
mod x11;

use objects::{Globals, Window};
use support::{Display, Program};

/// A program that does nothing wrong, and shows a window.
struct Witness {
    program: Program,
    window: Window,
    buffer: u32,
}

impl Witness {
    fn new(display: &Display) -> Self {
        let mut program = Program::new(display);
        let globals = program.globals();
        let window = program.configured_window(globals);
        let buffer = program.buffer(globals, 640, 480);
        let mut this = Self { program, window, buffer };
        this.draws();
        this
    }

    /// Draws, and is called when it may draw again.
    fn draws(&mut self) {
        let callback = self.program.make(self.window.surface, 3, &[]);
        self.program.show(self.window.surface, self.buffer);
        assert!(self.program.wait_for(callback, 0).is_some(), "it is not served: {}", self.program.error);
    }
}

/// A display, somebody who draws, and a program that is not disconnected by what it does but by the end of the test.
fn survives(hostile: impl FnOnce(&mut Program, Globals)) {
    let (mut display, mut witness, mut program) = start();
    let globals = program.globals();
    hostile(&mut program, globals);
    still_serves(&mut display, &mut witness);
}

/// The same, and the program is disconnected with these words.
fn disconnected(words: &str, hostile: impl FnOnce(&mut Program, Globals)) {
    let (mut display, mut witness, mut program) = start();
    let globals = program.globals();
    hostile(&mut program, globals);
    // What it sent last may still be on its way.
    program.round_trip();
    program.wait_until_ended();
    assert!(program.error.contains(words), "{words:?} is not in {:?}", program.error);
    still_serves(&mut display, &mut witness);
}

fn start() -> (Display, Witness, Program) {
    let mut display = Display::start();
    let mut witness = Witness::new(&display);
    still_serves(&mut display, &mut witness);
    let program = Program::new(&display);
    (display, witness, program)
}

/// Who was there and who comes now is served, and pictures are taken.
fn still_serves(display: &mut Display, witness: &mut Witness) {
    witness.draws();
    Witness::new(display);
    display.takes_a_picture();
}
