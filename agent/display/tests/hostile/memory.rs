//! Memory of programs, and of the display.

use super::support::{DISPLAY, memory, message};
use super::{disconnected, still_serves, survives};
use rustix::fs::ftruncate;
use std::os::fd::{AsFd, OwnedFd};

#[test]
fn a_pool_resized_to_nothing() {
    // Smithay panics at 0.
    for size in [0, -1, i32::MIN] {
        disconnected("a pool of no size", |program, globals| {
            let memory = memory(4096);
            let pool = program.pool(globals, memory.as_fd(), 4096);
            program.request(pool, 2, &[size.cast_unsigned()]);
        });
    }
    disconnected("cannot shrink", |program, globals| {
        let memory = memory(4096);
        let pool = program.pool(globals, memory.as_fd(), 4096);
        program.request(pool, 2, &[16]);
    });
}

#[test]
fn pools_that_cannot_be() {
    for size in [0, -1] {
        disconnected("invalid wl_shm_pool size", |program, globals| {
            program.pool(globals, memory(4096).as_fd(), size);
        });
    }
    let pipe: OwnedFd = std::io::pipe().unwrap().0.into();
    let file: OwnedFd = std::fs::File::open("/proc/self/exe").unwrap().into();
    for descriptor in [pipe, file] {
        disconnected("Failed to mmap", |program, globals| _ = program.pool(globals, descriptor.as_fd(), 4096));
    }
}

#[test]
fn buffers_beyond_their_pool() {
    for (buffer, words) in [
        ([0, 17, 16, 64], "width must not be larger"),
        ([0, 16, 17, 64], "offset is too large"),
        ([4, 16, 16, 64], "offset is too large"),
        ([-4, 16, 16, 64], "offset must not be negative"),
        ([i32::MAX, 16, 16, 64], "offset is too large"),
        ([0, 16, 16, 0], "width must not be larger"),
        ([0, 16, 16, -64], "width must not be larger"),
        ([0, 16, 16, i32::MAX], "height is too large"),
        ([0, 0, 16, 64], "a buffer of a size that cannot be"),
        ([0, 16, -16, 64], "a buffer of a size that cannot be"),
        ([0, i32::MIN, i32::MIN, i32::MIN], "a buffer of a size that cannot be"),
        ([0, i32::MAX, 1, i32::MAX], "a buffer of a size that cannot be"),
    ] {
        disconnected(words, |program, globals| {
            let memory = memory(1024);
            let pool = program.pool(globals, memory.as_fd(), 1024);
            program.buffer_of(pool, buffer);
        });
    }
}

/// A window of this size whose memory is taken away.
fn truncated((width, height): (i32, i32)) {
    let (mut display, mut witness, mut program) = super::start();
    let globals = program.globals();
    let bytes = width * height * 4;
    let memory = memory(u64::try_from(bytes).unwrap());
    let pool = program.pool(globals, memory.as_fd(), bytes);
    let buffer = program.buffer_of(pool, [0, width, height, width * 4]);
    let window = program.configured_window(globals);
    program.show(window.surface, buffer);
    assert!(program.round_trip());
    display.takes_a_picture();
    ftruncate(&memory, 0).unwrap();
    program.show(window.surface, buffer);
    program.wait_until_ended();
    still_serves(&mut display, &mut witness);
}

#[test]
fn memory_that_is_taken_away_from_a_window() {
    truncated((640, 480));
    truncated((320, 240));
}

#[test]
fn memory_that_was_never_there() {
    disconnected("", |program, globals| {
        let memory = memory(0);
        let pool = program.pool(globals, memory.as_fd(), 640 * 480 * 4);
        let buffer = program.buffer_of(pool, [0, 640, 480, 640 * 4]);
        let window = program.configured_window(globals);
        program.show(window.surface, buffer);
    });
}

#[test]
fn memory_that_is_taken_away_from_the_cursor() {
    survives(|program, globals| {
        let seat = program.bind("wl_seat", 5);
        let pointer = program.make(seat, 0, &[]);
        program.window(globals, (640, 480));
        let memory = memory(32 * 32 * 4);
        let pool = program.pool(globals, memory.as_fd(), 32 * 32 * 4);
        let buffer = program.buffer_of(pool, [0, 32, 32, 128]);
        let cursor = program.surface(globals);
        program.show(cursor, buffer);
        let serial = program.wait_for(pointer, 0).expect("the pointer does not enter");
        let serial = u32::from_ne_bytes(serial[..4].try_into().unwrap());
        ftruncate(&memory, 0).unwrap();
        program.request(pointer, 0, &[serial, cursor, i32::MIN.cast_unsigned(), i32::MAX.cast_unsigned()]);
        program.round_trip();
    });
}

#[test]
fn descriptors_that_no_request_takes() {
    let (mut display, mut witness, mut program) = super::start();
    let memory = memory(1);
    let descriptors = [memory.as_fd(); 28];
    for _ in 0..5000 {
        if program.ended {
            break;
        }
        let id = program.id();
        program.send(&message(DISPLAY, 0, &[id]), &descriptors);
    }
    program.wait_until_ended();
    assert!(display.log().contains("too many descriptors"), "{}", program.error);
    still_serves(&mut display, &mut witness);
    while display.descriptors() > Some(500) {
        witness.draws();
    }
}

#[test]
fn events_that_are_never_read() {
    let (mut display, mut witness, program) = super::start();
    let before = display.memory();
    let stream = program.stream();
    // Each of these is answered, and nobody reads the answers.
    for id in 4.. {
        let bytes = message(DISPLAY, 0, &[id]);
        rustix::io::ioctl_fionbio(stream, false).unwrap();
        if rustix::net::send(stream, &bytes, rustix::net::SendFlags::NOSIGNAL).is_err() {
            break;
        }
        assert!(id < 1_000_000, "it is served for ever");
    }
    still_serves(&mut display, &mut witness);
    let after = display.memory();
    assert!(after < before + (32 << 20), "{before} bytes before, {after} after");
}
