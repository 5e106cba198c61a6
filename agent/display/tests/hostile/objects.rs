//! What programs make.

use super::support::{Program, memory, message};
use std::os::fd::{AsFd, BorrowedFd};

/// A window and what belongs to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) surface: u32,
    pub(crate) xdg_surface: u32,
    pub(crate) toplevel: u32,
}

/// The globals that most programs use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Globals {
    pub(crate) compositor: u32,
    pub(crate) subcompositor: u32,
    pub(crate) shm: u32,
    pub(crate) wm_base: u32,
}

pub(crate) const XRGB: u32 = 1;

impl Program {
    pub(crate) fn globals(&mut self) -> Globals {
        Globals {
            compositor: self.bind("wl_compositor", 5),
            subcompositor: self.bind("wl_subcompositor", 1),
            shm: self.bind("wl_shm", 1),
            wm_base: self.bind("xdg_wm_base", 5),
        }
    }

    pub(crate) fn surface(&mut self, globals: Globals) -> u32 {
        self.make(globals.compositor, 0, &[])
    }

    pub(crate) fn pool(&mut self, globals: Globals, memory: BorrowedFd<'_>, size: i32) -> u32 {
        let id = self.id();
        self.send(&message(globals.shm, 0, &[id, size.cast_unsigned()]), &[memory]);
        id
    }

    /// A buffer in memory of its own.
    pub(crate) fn buffer(&mut self, globals: Globals, width: i32, height: i32) -> u32 {
        let bytes = width * height * 4;
        let memory = memory(u64::try_from(bytes).unwrap());
        let pool = self.pool(globals, memory.as_fd(), bytes);
        let buffer = self.buffer_of(pool, [0, width, height, width * 4]);
        self.request(pool, 1, &[]);
        buffer
    }

    /// Offset, width, height and stride.
    pub(crate) fn buffer_of(&mut self, pool: u32, [offset, width, height, stride]: [i32; 4]) -> u32 {
        let [offset, width, height, stride] = [offset, width, height, stride].map(i32::cast_unsigned);
        self.make(pool, 0, &[offset, width, height, stride, XRGB])
    }

    pub(crate) fn show(&mut self, surface: u32, buffer: u32) {
        self.request(surface, 1, &[buffer, 0, 0]);
        self.request(surface, 9, &[0, 0, i32::MAX.cast_unsigned(), i32::MAX.cast_unsigned()]);
        self.request(surface, 6, &[]);
    }

    /// A window without a picture.
    pub(crate) fn empty_window(&mut self, globals: Globals) -> Window {
        let surface = self.surface(globals);
        let xdg_surface = self.make(globals.wm_base, 2, &[surface]);
        let toplevel = self.make(xdg_surface, 1, &[]);
        Window { surface, xdg_surface, toplevel }
    }

    /// A window that can be drawn to.
    pub(crate) fn configured_window(&mut self, globals: Globals) -> Window {
        let window = self.empty_window(globals);
        self.request(window.surface, 6, &[]);
        let serial = self.wait_for(window.xdg_surface, 0).unwrap_or_else(|| panic!("no configure: {}", self.error));
        self.request(window.xdg_surface, 4, &[u32::from_ne_bytes(serial[..4].try_into().unwrap())]);
        window
    }

    /// A window with a picture.
    pub(crate) fn window(&mut self, globals: Globals, (width, height): (i32, i32)) -> Window {
        let window = self.configured_window(globals);
        let buffer = self.buffer(globals, width, height);
        self.show(window.surface, buffer);
        window
    }

    /// A popup of something, at once.
    pub(crate) fn popup(&mut self, globals: Globals, parent: u32) -> (u32, u32) {
        let positioner = self.positioner(globals);
        let surface = self.surface(globals);
        let xdg_surface = self.make(globals.wm_base, 2, &[surface]);
        self.make(xdg_surface, 2, &[parent, positioner]);
        (surface, xdg_surface)
    }

    pub(crate) fn positioner(&mut self, globals: Globals) -> u32 {
        let positioner = self.make(globals.wm_base, 1, &[]);
        self.request(positioner, 1, &[10, 10]);
        self.request(positioner, 2, &[0, 0, 10, 10]);
        positioner
    }

    /// A surface that is part of another.
    pub(crate) fn subsurface(&mut self, globals: Globals, surface: u32, parent: u32) -> u32 {
        self.make(globals.subcompositor, 1, &[surface, parent])
    }
}
