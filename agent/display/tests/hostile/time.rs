//! Programs that take all of the display's time.

use super::support::{DISPLAY, Program, message};
use super::{Witness, still_serves};

#[test]
fn a_program_that_never_stops_sending() {
    let (mut display, mut witness, program) = super::start();
    let sender = std::thread::spawn(move || flood(program));
    // It is served when the other is disconnected at the latest.
    witness.draws();
    sender.join().unwrap();
    still_serves(&mut display, &mut witness);
    Witness::new(&display);
}

/// Sends and reads until the connection is closed.
fn flood(mut program: Program) {
    // Always the same number, which is free again before the next request is read.
    let id = program.id();
    let many = message(DISPLAY, 0, &[id]).repeat(1 << 12);
    while !program.ended {
        program.send(&many, &[]);
        program.take(|_, _| true);
    }
}
