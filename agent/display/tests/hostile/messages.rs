//! Messages that are none, and none that are whole.

use super::objects::Globals;
use super::support::{DISPLAY, Program, message, string};
use super::{disconnected, still_serves, survives};

#[test]
fn half_a_message_and_then_nothing() {
    let (mut display, mut witness, mut program) = super::start();
    let whole = message(DISPLAY, 0, &[3]);
    for length in [1, 4, 7, 8, 11] {
        let mut program = Program::new(&display);
        program.send(&whole[..length], &[]);
        still_serves(&mut display, &mut witness);
        assert!(!program.ended);
    }
    assert!(program.round_trip());
}

#[test]
fn requests_in_pieces_of_one_byte() {
    survives(|program, globals| {
        let id = program.id();
        for byte in message(globals.compositor, 0, &[id]) {
            program.send(&[byte], &[]);
        }
        assert!(program.round_trip(), "{}", program.error);
        program.request(id, 6, &[]);
        assert!(program.round_trip(), "{}", program.error);
    });
}

/// What it sends, with what it has.
type Wrong = (&'static str, fn(&mut Program, Globals) -> Vec<u8>);

const WRONG: [Wrong; 16] = [
    ("no object", |_, _| message(4242, 0, &[])),
    ("object 0", |_, _| message(0, 0, &[])),
    ("an object of the server", |_, _| message(0xff00_0000, 0, &[])),
    ("no request", |_, globals| message(globals.compositor, 77, &[])),
    ("a request of a later version", |program, _| {
        let compositor = program.bind("wl_compositor", 1);
        let surface = program.make(compositor, 0, &[]);
        message(surface, 10, &[0, 0])
    }),
    ("a number far ahead", |_, globals| message(globals.compositor, 0, &[1 << 20])),
    ("the number 0", |_, globals| message(globals.compositor, 0, &[0])),
    ("a number that is taken", |_, globals| message(globals.compositor, 0, &[globals.shm])),
    ("a number far ahead of the server's", |_, globals| message(globals.compositor, 0, &[u32::MAX])),
    ("an object of another kind", |program, globals| {
        let surface = program.surface(globals);
        message(surface, 4, &[globals.shm])
    }),
    ("an object that must be there", |program, globals| {
        let id = program.id();
        message(globals.subcompositor, 1, &[id, 0, 0])
    }),
    ("a length of 4", |_, globals| [globals.compositor, 4 << 16].iter().flat_map(|word| word.to_ne_bytes()).collect()),
    ("a string that is not ended", |program, _| {
        let source = source(program);
        message(source, 0, &[4, 0x6161_6161])
    }),
    ("a global that is none", |program, _| {
        let id = program.id();
        message(2, 0, &[vec![4242], string("wl_shm"), vec![1, id]].concat())
    }),
    ("a global of another name", |program, _| {
        let id = program.id();
        message(2, 0, &[vec![1], string("wl_nothing"), vec![1, id]].concat())
    }),
    ("a later version of a global", |program, _| {
        program.bind("wl_compositor", 1);
        program.bind("wl_compositor", 77);
        message(DISPLAY, 0, &[0])
    }),
];

fn source(program: &mut Program) -> u32 {
    let manager = program.bind("wl_data_device_manager", 3);
    program.make(manager, 0, &[])
}

#[test]
fn wrong_messages_end_the_program_that_sends_them() {
    let (mut display, mut witness, _program) = super::start();
    for (name, wrong) in WRONG {
        let mut program = Program::new(&display);
        let globals = program.globals();
        assert!(program.round_trip(), "{name}");
        let bytes = wrong(&mut program, globals);
        program.send(&bytes, &[]);
        program.wait_until_ended();
        witness.draws();
    }
    still_serves(&mut display, &mut witness);
}

#[test]
fn arguments_that_are_longer_than_their_message() {
    let (mut display, mut witness, mut program) = super::start();
    let source = source(&mut program);
    // The string is to have 64 KiB, and the message has ended.
    program.send(&message(source, 0, &[1 << 16]), &[]);
    program.send(&vec![0; 1 << 16], &[]);
    program.wait_until_ended();
    still_serves(&mut display, &mut witness);
}

#[test]
fn a_pool_without_a_descriptor() {
    let (mut display, mut witness, mut program) = super::start();
    let globals = program.globals();
    let id = program.id();
    program.request(globals.shm, 0, &[id, 4096]);
    still_serves(&mut display, &mut witness);
    assert!(!program.ended);
}

#[test]
fn texts_as_long_as_a_message() {
    survives(|program, globals| {
        let window = program.window(globals, (64, 64));
        let long = "long".repeat(1015);
        for _ in 0..1000 {
            program.request(window.toplevel, 2, &string(&long));
            program.request(window.toplevel, 3, &string(&long));
        }
        assert!(program.round_trip(), "{}", program.error);
    });
    disconnected("", |program, globals| {
        let window = program.window(globals, (64, 64));
        program.request(window.toplevel, 2, &string(&"long".repeat(2000)));
    });
}
