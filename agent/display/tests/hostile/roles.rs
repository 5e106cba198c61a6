//! Surfaces that are part of themselves, or of too many others.

use super::{disconnected, survives};

#[test]
fn a_subsurface_above_itself() {
    // Smithay puts it beyond the end of a list.
    for opcode in [2, 3] {
        disconnected("a subsurface beside itself", |program, globals| {
            let (parent, surface) = (program.surface(globals), program.surface(globals));
            let subsurface = program.subsurface(globals, surface, parent);
            program.request(subsurface, opcode, &[surface]);
        });
    }
}

#[test]
fn subsurfaces_in_each_other_from_the_top_and_from_the_bottom() {
    disconnected("too many subsurfaces in each other", |program, globals| {
        let mut parent = program.surface(globals);
        for _ in 0..500 {
            let surface = program.surface(globals);
            program.subsurface(globals, surface, parent);
            parent = surface;
        }
    });
    disconnected("too many subsurfaces in each other", |program, globals| {
        let mut surface = program.surface(globals);
        for _ in 0..500 {
            let parent = program.surface(globals);
            program.subsurface(globals, surface, parent);
            surface = parent;
        }
    });
    disconnected("role", |program, globals| {
        let (one, other) = (program.surface(globals), program.surface(globals));
        program.subsurface(globals, one, other);
        program.subsurface(globals, other, one);
    });
    survives(|program, globals| {
        let mut parent = program.window(globals, (64, 64)).surface;
        for _ in 0..10 {
            let surface = program.surface(globals);
            program.subsurface(globals, surface, parent);
            let buffer = program.buffer(globals, 16, 16);
            program.show(surface, buffer);
            parent = surface;
        }
        assert!(program.round_trip(), "{}", program.error);
    });
}

#[test]
fn a_popup_of_itself_or_of_its_own_popup() {
    // Who follows its parents never arrives.
    const WORDS: &str = "a popup that belongs to no window";
    disconnected(WORDS, |program, globals| {
        let surface = program.surface(globals);
        let xdg_surface = program.make(globals.wm_base, 2, &[surface]);
        let positioner = program.positioner(globals);
        program.make(xdg_surface, 2, &[xdg_surface, positioner]);
    });
    disconnected(WORDS, |program, globals| {
        let window = program.window(globals, (64, 64));
        let positioner = program.positioner(globals);
        let (_, first) = program.popup(globals, window.xdg_surface);
        let (_, second) = program.popup(globals, first);
        assert!(program.round_trip(), "{}", program.error);
        // The first one once more, as a popup of the second: its popup is the number after it.
        program.request(first + 1, 0, &[]);
        program.make(first, 2, &[second, positioner]);
    });
    for parent in [false, true] {
        disconnected(WORDS, |program, globals| {
            let surface = program.surface(globals);
            let other = program.make(globals.wm_base, 2, &[surface]);
            program.popup(globals, if parent { other } else { 0 });
        });
    }
}

#[test]
fn popups_in_each_other() {
    disconnected("a popup that belongs to no window", |program, globals| {
        let mut parent = program.window(globals, (64, 64)).xdg_surface;
        for _ in 0..100 {
            (_, parent) = program.popup(globals, parent);
        }
    });
    survives(|program, globals| {
        let mut parent = program.window(globals, (64, 64)).xdg_surface;
        for _ in 0..10 {
            let (surface, xdg_surface) = program.popup(globals, parent);
            program.request(surface, 6, &[]);
            let serial = program.wait_for(xdg_surface, 0).expect("no configure");
            program.request(xdg_surface, 4, &[u32::from_ne_bytes(serial[..4].try_into().unwrap())]);
            let buffer = program.buffer(globals, 10, 10);
            program.show(surface, buffer);
            parent = xdg_surface;
        }
        assert!(program.round_trip(), "{}", program.error);
    });
}

#[test]
fn popups_that_outlive_their_parents() {
    survives(|program, globals| {
        let window = program.window(globals, (64, 64));
        let (surface, first) = program.popup(globals, window.xdg_surface);
        let (_, second) = program.popup(globals, first);
        program.popup(globals, second);
        program.request(first + 1, 0, &[]);
        program.request(first, 0, &[]);
        program.request(surface, 0, &[]);
        program.request(window.toplevel, 0, &[]);
        program.request(window.xdg_surface, 0, &[]);
        program.request(window.surface, 0, &[]);
        program.round_trip();
    });
}

#[test]
fn a_surface_that_is_two_windows() {
    disconnected("a surface that is two windows", |program, globals| {
        let window = program.window(globals, (64, 64));
        program.make(window.xdg_surface, 1, &[]);
    });
}

#[test]
fn windows_that_are_each_others_parents() {
    disconnected("invalid parent", |program, globals| {
        let (one, other) = (program.window(globals, (64, 64)), program.window(globals, (64, 64)));
        program.request(one.toplevel, 1, &[other.toplevel]);
        program.request(other.toplevel, 1, &[one.toplevel]);
    });
    survives(|program, globals| {
        let mut parent = program.window(globals, (64, 64));
        for _ in 0..100 {
            let window = program.window(globals, (64, 64));
            program.request(window.toplevel, 1, &[parent.toplevel]);
            parent = window;
        }
        assert!(program.round_trip(), "{}", program.error);
    });
}

#[test]
fn what_is_used_after_its_surface_is_gone() {
    survives(|program, globals| {
        let viewporter = program.bind("wp_viewporter", 1);
        let window = program.window(globals, (64, 64));
        let surface = program.surface(globals);
        let subsurface = program.subsurface(globals, surface, window.surface);
        let viewport = program.make(viewporter, 1, &[surface]);
        program.request(surface, 0, &[]);
        program.request(subsurface, 1, &[1, 1]);
        program.request(subsurface, 4, &[]);
        program.request(subsurface, 5, &[]);
        program.request(subsurface, 0, &[]);
        program.request(viewport, 0, &[]);
        assert!(program.round_trip(), "{}", program.error);
        program.request(window.surface, 0, &[]);
        program.request(window.toplevel, 9, &[]);
        program.request(window.xdg_surface, 3, &[0, 0, 5, 5]);
        program.round_trip();
    });
}
