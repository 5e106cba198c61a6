//! Absurd sizes and places. The display under test is a debug build, which panics where numbers overflow.

use super::objects::Globals;
use super::support::{Program, memory};
use super::{disconnected, survives};
use std::os::fd::AsFd;

const HUGE: [i32; 6] = [i32::MIN, -32_768, 32_767, 65_536, 1 << 24, i32::MAX];

fn words<const N: usize>(numbers: [i32; N]) -> [u32; N] {
    numbers.map(i32::cast_unsigned)
}

#[test]
fn a_window_as_large_as_windows_can_be() {
    survives(|program, globals| {
        // 32767 rows that are all the same one byte of memory, which was never written.
        let memory = memory(1);
        let pool = program.pool(globals, memory.as_fd(), i32::MAX);
        for (width, height) in [(32_767, 1), (1, 32_767), (16_383, 32_767)] {
            let window = program.configured_window(globals);
            let buffer = program.buffer_of(pool, [0, width, height, width * 4]);
            program.show(window.surface, buffer);
            if !program.round_trip() {
                break;
            }
        }
    });
}

/// Shows a window and a part of it, in which something is absurd.
fn absurd(program: &mut Program, globals: Globals, mut change: impl FnMut(&mut Program, Absurd)) {
    let window = program.window(globals, (200, 100));
    let part = program.surface(globals);
    let subsurface = program.subsurface(globals, part, window.surface);
    let buffer = program.buffer(globals, 50, 40);
    program.show(part, buffer);
    change(program, Absurd { surface: window.surface, xdg_surface: window.xdg_surface, part, subsurface });
    let buffer = program.buffer(globals, 50, 40);
    program.show(part, buffer);
    let buffer = program.buffer(globals, 200, 100);
    program.show(window.surface, buffer);
    program.round_trip();
}

#[derive(Debug, Clone, Copy)]
struct Absurd {
    surface: u32,
    xdg_surface: u32,
    part: u32,
    subsurface: u32,
}

#[test]
fn window_geometries() {
    for number in HUGE {
        for geometry in [[0, 0, number, number], [number, number, 10, 10], [number, 0, 10, number], [0, 0, 1, number]] {
            survives(|program, globals| {
                absurd(program, globals, |program, window| program.request(window.xdg_surface, 3, &words(geometry)));
            });
        }
    }
    disconnected("a window of a size that cannot be", |program, globals| {
        absurd(program, globals, |program, window| program.request(window.xdg_surface, 3, &words([0, 0, 0, 1])));
    });
}

#[test]
fn least_and_largest_sizes() {
    for (opcode, number) in [7, 8].into_iter().flat_map(|opcode| HUGE.map(|number| (opcode, number))) {
        survives(|program, globals| {
            let window = program.empty_window(globals);
            program.request(window.toplevel, opcode, &words([number, number]));
            program.request(window.surface, 6, &[]);
            program.round_trip();
        });
    }
}

#[test]
fn places_of_subsurfaces() {
    for place in HUGE {
        survives(|program, globals| {
            absurd(program, globals, |program, window| program.request(window.subsurface, 1, &words([place, place])));
        });
    }
    // As far as is allowed, in each other.
    survives(|program, globals| {
        let mut parent = program.window(globals, (64, 64)).surface;
        for index in 0..14 {
            let surface = program.surface(globals);
            let subsurface = program.subsurface(globals, surface, parent);
            let sign = if index < 7 { 1 } else { -1 };
            program.request(subsurface, 1, &words([sign * 16_384, sign * 16_384]));
            let buffer = program.buffer(globals, 64, 64);
            program.request(subsurface, 5, &[]);
            program.show(surface, buffer);
            parent = surface;
        }
        assert!(program.round_trip(), "{}", program.error);
    });
}

#[test]
fn scales_and_transforms() {
    for scale in [i32::MIN, 0, 2, 3, 16, 17, 1000, i32::MAX] {
        survives(|program, globals| {
            absurd(program, globals, |program, window| {
                program.request(window.part, 8, &words([scale]));
                program.request(window.surface, 8, &words([scale]));
            });
        });
    }
    // A buffer that is less than one pixel then.
    survives(|program, globals| {
        let window = program.configured_window(globals);
        program.request(window.surface, 8, &[16]);
        for (x, width) in [(i32::MIN, i32::MAX), (0, 1), (-1, 2)] {
            let buffer = program.buffer(globals, 1, 1);
            program.request(window.surface, 2, &words([x, x, width, width]));
            program.show(window.surface, buffer);
        }
        assert!(program.round_trip(), "{}", program.error);
    });
    for transform in 0..9 {
        survives(|program, globals| {
            absurd(program, globals, |program, window| {
                program.request(window.part, 7, &[transform]);
                program.request(window.surface, 7, &[transform]);
            });
        });
    }
}

#[test]
fn viewports() {
    // In 1/256 pixel.
    let sources =
        [[0, 0, 1, 1], [i32::MAX; 4], [0, 0, 256, 256], [12_799, 0, 1, 256], [0, 0, 12_800, 10_240], [-256; 4]];
    let destinations = [[1, 1], [16_384, 1], [1, 16_384], [16_384, 16_384], [i32::MAX, i32::MAX], [-1, -1], [0, 0]];
    for source in sources {
        for destination in destinations {
            survives(|program, globals| {
                let viewporter = program.bind("wp_viewporter", 1);
                absurd(program, globals, |program, window| {
                    let viewport = program.make(viewporter, 1, &[window.part]);
                    program.request(viewport, 1, &words(source));
                    program.request(viewport, 2, &words(destination));
                    program.request(window.subsurface, 1, &words([100, 90]));
                });
            });
        }
    }
}

#[test]
fn a_window_that_is_scaled_beyond_all_numbers() {
    survives(|program, globals| {
        let viewporter = program.bind("wp_viewporter", 1);
        let memory = memory(1);
        let pool = program.pool(globals, memory.as_fd(), i32::MAX);
        // Drawn from 32767 pixels to one, at a place where that makes more than fits.
        let parent = program.window(globals, (640, 480)).surface;
        let surface = program.surface(globals);
        let subsurface = program.subsurface(globals, surface, parent);
        program.request(subsurface, 1, &words([600, 400]));
        let viewport = program.make(viewporter, 1, &[surface]);
        program.request(viewport, 2, &words([1, 1]));
        let buffer = program.buffer_of(pool, [0, 32_767, 4, 32_767 * 4]);
        program.show(surface, buffer);
        let buffer = program.buffer(globals, 640, 480);
        program.show(parent, buffer);
        program.round_trip();
    });
}

#[test]
fn damage_regions_and_offsets() {
    for number in HUGE {
        survives(|program, globals| {
            let region = program.make(globals.compositor, 1, &[]);
            for opcode in [1, 2] {
                program.request(region, opcode, &words([number, number, i32::MAX, i32::MAX]));
                program.request(region, opcode, &words([0, 0, number, number]));
            }
            absurd(program, globals, |program, window| {
                for surface in [window.part, window.surface] {
                    program.request(surface, 4, &[region]);
                    program.request(surface, 5, &[region]);
                    for opcode in [2, 9] {
                        program.request(surface, opcode, &words([number, number, i32::MAX, i32::MAX]));
                        program.request(surface, opcode, &words([0, 0, number, number]));
                    }
                }
                program.request(window.part, 10, &words([number, number]));
            });
        });
    }
}

#[test]
fn popups() {
    for number in HUGE {
        for (opcode, arguments) in
            [(1, [number, number, 0, 0]), (2, [number, number, 1, 1]), (2, [0, 0, number, number]), (6, [number; 4])]
        {
            survives(|program, globals| {
                let window = program.window(globals, (64, 64));
                let positioner = program.positioner(globals);
                let count = if opcode == 2 { 4 } else { 2 };
                program.request(positioner, opcode, &words(arguments)[..count]);
                program.request(positioner, 5, &[0x3f]);
                let surface = program.surface(globals);
                let xdg_surface = program.make(globals.wm_base, 2, &[surface]);
                program.make(xdg_surface, 2, &[window.xdg_surface, positioner]);
                program.request(surface, 6, &[]);
                program.round_trip();
            });
        }
    }
}
