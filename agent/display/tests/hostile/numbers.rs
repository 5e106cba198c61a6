//! Too many of something.

use super::objects::Globals;
use super::support::{Display, Program, memory, string};
use super::{disconnected, still_serves, survives};
use std::os::fd::AsFd;

#[test]
fn one_program_too_many_is_refused() {
    let (mut display, mut witness, _program) = super::start();
    let mut programs = Vec::new();
    let refused = loop {
        assert!(programs.len() < 1000, "all of them are served {}", display.log());
        let mut program = Program::on(display.connect());
        if program.round_trip() {
            programs.push(program);
        } else {
            break program;
        }
    };
    assert!(refused.ended && programs.len() > 100, "{} {}", programs.len(), display.log());
    assert!(programs.iter_mut().all(Program::round_trip));
    programs.truncate(50);
    // Those that went make place.
    while !Program::on(display.connect()).round_trip() {}
    still_serves(&mut display, &mut witness);
}

/// Makes so many at once, and reads meanwhile.
fn many(program: &mut Program, count: usize, mut make: impl FnMut(&mut Program)) {
    for _ in 0..count {
        if program.ended {
            return;
        }
        make(program);
    }
}

#[test]
fn surfaces() {
    disconnected("too many surfaces", |program, globals| {
        many(program, 10_000, |program| _ = program.surface(globals));
    });
}

#[test]
fn subsurfaces() {
    disconnected("too many subsurfaces", |program, globals| {
        let parent = program.surface(globals);
        many(program, 1500, |program| {
            let surface = program.surface(globals);
            program.subsurface(globals, surface, parent);
        });
    });
}

#[test]
fn windows() {
    disconnected("too many windows", |program, globals| {
        many(program, 1000, |program| _ = program.empty_window(globals));
    });
}

#[test]
fn popups() {
    disconnected("too many popups", |program, globals| {
        let window = program.window(globals, (64, 64));
        many(program, 1000, |program| _ = program.popup(globals, window.xdg_surface));
    });
}

#[test]
fn pools() {
    let (mut display, mut witness, mut program) = super::start();
    let globals = program.globals();
    let before = display.descriptors();
    let memory = memory(4096);
    let mut most = None;
    many(&mut program, 10_000, |program| {
        program.pool(globals, memory.as_fd(), i32::MAX);
        if program.round_trip() {
            most = most.max(display.descriptors());
        }
    });
    program.wait_until_ended();
    assert!(program.error.contains("too many pools"), "{}", program.error);
    if let Some((before, most)) = before.zip(most) {
        assert!(most > 256 + before && most < 2000 + before, "{most}");
    }
    still_serves(&mut display, &mut witness);
}

#[test]
fn buffers_whose_pools_are_gone() {
    disconnected("too many buffers", |program, globals| {
        let memory = memory(4096);
        many(program, 10_000, |program| {
            let pool = program.pool(globals, memory.as_fd(), 4096);
            program.buffer_of(pool, [0, 16, 16, 64]);
            program.request(pool, 1, &[]);
        });
    });
}

#[test]
fn regions_and_their_rectangles() {
    let region = |program: &mut Program, globals: Globals| program.make(globals.compositor, 1, &[]);
    disconnected("too many objects", |program, globals| {
        many(program, 100_000, |program| _ = region(program, globals));
    });
    disconnected("too many rectangles", |program, globals| {
        let region = region(program, globals);
        many(program, 10_000, |program| program.request(region, 1, &[0, 0, 1, 1]));
    });
    disconnected("too many rectangles", |program, globals| {
        for _ in 0..100 {
            let region = region(program, globals);
            many(program, 1000, |program| program.request(region, 2, &[0, 0, 1, 1]));
        }
    });
    survives(|program, globals| {
        let window = program.window(globals, (640, 480));
        let region = region(program, globals);
        for index in 0..2000 {
            program.request(region, 1 + index % 2, &[index % 320, index % 240, 5, 3]);
        }
        program.request(window.surface, 4, &[region]);
        program.request(window.surface, 5, &[region]);
        let buffer = program.buffer(globals, 640, 480);
        program.show(window.surface, buffer);
        assert!(program.round_trip(), "{}", program.error);
    });
}

#[test]
fn callbacks_and_feedback_that_nothing_is_committed_for() {
    disconnected("too many callbacks", |program, globals| {
        let surface = program.surface(globals);
        many(program, 20_000, |program| _ = program.make(surface, 3, &[]));
    });
    disconnected("too many feedbacks", |program, globals| {
        let surface = program.surface(globals);
        let presentation = program.bind("wp_presentation", 1);
        many(program, 20_000, |program| {
            let id = program.id();
            program.request(presentation, 1, &[surface, id]);
        });
    });
    // Committed, but to be seen only with a parent that does not commit.
    disconnected("too many callbacks", |program, globals| {
        let parent = program.window(globals, (64, 64)).surface;
        let surface = program.surface(globals);
        program.subsurface(globals, surface, parent);
        many(program, 20_000, |program| {
            program.make(surface, 3, &[]);
            program.request(surface, 6, &[]);
        });
    });
}

#[test]
fn damage_that_is_not_seen() {
    disconnected("too much damage", |program, globals| {
        let surface = program.surface(globals);
        many(program, 100_000, |program| program.request(surface, 9, &[0, 0, 1, 1]));
    });
    survives(|program, globals| {
        let window = program.window(globals, (640, 480));
        for index in 0..10_000 {
            program.request(window.surface, 2, &[index % 640, index % 480, 1, 1]);
        }
        let buffer = program.buffer(globals, 640, 480);
        program.show(window.surface, buffer);
        assert!(program.round_trip(), "{}", program.error);
    });
}

#[test]
fn kinds_of_data() {
    let source = |program: &mut Program| {
        let manager = program.bind("wl_data_device_manager", 3);
        program.make(manager, 0, &[])
    };
    disconnected("too many kinds of data", |program, _| {
        let source = source(program);
        many(program, 10_000, |program| program.request(source, 0, &string("a/b")));
    });
    disconnected("too many kinds of data", |program, _| {
        let source = source(program);
        many(program, 100, |program| program.request(source, 0, &string(&"x".repeat(4000))));
    });
    disconnected("too many objects", |program, _| {
        let manager = program.bind("wl_data_device_manager", 3);
        many(program, 10_000, |program| _ = program.make(manager, 0, &[]));
    });
}

#[test]
fn sizes_that_are_never_taken() {
    disconnected("too many sizes", |program, globals| {
        let window = program.window(globals, (64, 64));
        many(program, 5000, |program| program.request(window.toplevel, 9, &[]));
    });
    disconnected("too many sizes", |program, globals| {
        let window = program.window(globals, (64, 64));
        let (_, xdg_surface) = program.popup(globals, window.xdg_surface);
        // The number after its surface.
        let (popup, positioner) = (xdg_surface + 1, program.positioner(globals));
        many(program, 5000, |program| program.request(popup, 2, &[positioner, 1]));
    });
}

#[test]
fn registries() {
    let (mut display, mut witness, mut program) = super::start();
    many(&mut program, 500, |program| {
        // No more than it reads.
        many(program, 100, |program| _ = program.make(super::support::DISPLAY, 1, &[]));
        program.round_trip();
        program.take(|_, _| true);
    });
    program.wait_until_ended();
    still_serves(&mut display, &mut witness);
    assert!(display.log().contains("too many registries"), "{}", display.log());
}

#[test]
fn programs_that_come_and_go() {
    let (mut display, mut witness, _program) = super::start();
    let before = display.descriptors();
    for _ in 0..500 {
        comes_and_goes(&display);
    }
    still_serves(&mut display, &mut witness);
    while display.descriptors() > before {
        witness.draws();
    }
}

fn comes_and_goes(display: &Display) {
    let mut program = Program::new(display);
    let globals = program.globals();
    let window = program.empty_window(globals);
    program.request(window.surface, 6, &[]);
    assert!(program.wait_for(window.xdg_surface, 0).is_some(), "{} {}", program.error, display.log());
    assert!(program.round_trip(), "{}", display.log());
}
